import type { Database } from '#connectors/sqlserver/connection.ts';
import { type CaptureInstance, loadCaptureInstances } from '#connectors/sqlserver/metadata.ts';
import { hasCode, SluiceError } from '#infra/runtime/errors.ts';
import { matcher } from './namePattern.ts';
import { neededFrom } from './position.ts';
import type { CaptureSettings } from './settings.ts';
import { applyTableRules, selectTables } from './tableRules.ts';
import type { CapturedTable, CaptureState } from './types.ts';

/** The tables a capture works on. */
export interface LoadedTables {
  readonly tables: readonly CapturedTable[];
  /** Tables that were captured and are still configured, but have no capture instance any more. */
  readonly dropped: readonly string[];
}

/**
 * The configured tables with the capture instances they are read through: the one the stored state names, else the newest that reaches back
 * to the table's place, else the newest.
 * @throws SluiceError CDC_NOT_ENABLED, CDC_TABLE_NOT_CAPTURED (naming every table that never had an instance), and what the rules refuse
 */
export async function loadTables(
  db: Database,
  settings: Pick<CaptureSettings, 'database' | 'tables' | 'rules'>,
  stored: CaptureState | null,
  signal: AbortSignal,
): Promise<LoadedTables> {
  const { database, rules } = settings;
  const instances = await loadInstances(db, database, signal);
  const { tables, missing } = selectTables(instances, database, settings.tables, rules.excludeTables);
  const known = new Set(Object.keys(stored?.tables ?? {}).map((id) => id.toLowerCase()));
  const never = missing.filter((id) => !known.has(id.toLowerCase()));
  if (never.length > 0) {
    throw new SluiceError(
      'CDC_TABLE_NOT_CAPTURED',
      `${db.where}: expected a capture instance for each configured table, found none for ${never.join(', ')}`,
      { context: { tables: never.join(', ') } },
    );
  }
  const isWanted = matcher(settings.tables);
  const isExcluded = matcher(rules.excludeTables);
  const found = new Set(tables);
  const gone = Object.keys(stored?.tables ?? {}).filter((id) => {
    const names = [id, `${database}.${id}`];
    return !found.has(id) && isWanted(names) && !isExcluded(names);
  });
  // A table that was renamed keeps its capture instance, and goes on under the name it was captured with.
  const renamed = gone.flatMap((id) => {
    const instance = instances.find((i) => i.name === stored!.tables[id]!.instance);
    return instance ? [{ id, database, instance: applyTableRules(database, instance, rules) }] : [];
  });
  const taken = new Set(renamed.map((t) => t.instance.sourceObjectId));
  const present = tables.flatMap((id) => {
    const candidates = instances.filter((i) => `${i.schema}.${i.table}` === id);
    const instance = instanceFor(id, candidates, stored);
    return taken.has(instance.sourceObjectId)
      ? []
      : [{ id, database, instance: applyTableRules(database, instance, rules) }];
  });
  const held = new Set(renamed.map((t) => t.id));
  return { tables: [...present, ...renamed], dropped: gone.filter((id) => !held.has(id)) };
}

function instanceFor(id: string, candidates: readonly CaptureInstance[], stored: CaptureState | null): CaptureInstance {
  const newest = candidates.at(-1)!;
  const state = stored?.tables[id];
  if (!stored || !state) return newest;
  const needed = neededFrom(state.position ?? stored.position);
  return (
    candidates.find((i) => i.name === state.instance) ?? candidates.findLast((i) => i.startLsn <= needed) ?? newest
  );
}

async function loadInstances(db: Database, database: string, signal: AbortSignal): Promise<CaptureInstance[]> {
  try {
    return await loadCaptureInstances(db, signal);
  } catch (error) {
    if (!hasCode(error, 'SQL_OBJECT_MISSING')) throw error;
    throw new SluiceError(
      'CDC_NOT_ENABLED',
      `${db.where}: change data capture is not enabled on database ${database}`,
      { cause: error },
    );
  }
}
