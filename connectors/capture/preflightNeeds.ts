import type { CaptureInstance } from '#connectors/sqlserver/metadata.ts';
import type { PreflightNeeds } from '#connectors/sqlserver/preflight.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import type { CaptureSettings } from './settings.ts';
import { applyTableRules, selectTables } from './tableRules.ts';

/** What preflight has to look at for these settings. */
export function preflightNeeds(
  settings: Pick<CaptureSettings, 'database' | 'tables' | 'rules' | 'snapshot' | 'schemaChange'>,
): PreflightNeeds {
  const { database, tables, rules, snapshot, schemaChange } = settings;
  return {
    select: (instances) => selectTables(instances, database, tables, rules.excludeTables),
    problems: (instance) => problemsOf(database, instance, rules),
    snapshot: snapshot.mode === 'never' ? 'none' : snapshot.isolation,
    managesInstances: schemaChange.createInstances || schemaChange.dropOldInstances,
  };
}

function problemsOf(database: string, instance: CaptureInstance, rules: CaptureSettings['rules']): readonly string[] {
  try {
    applyTableRules(database, instance, rules);
    return [];
  } catch (error) {
    if (error instanceof SluiceError) return [error.message];
    throw error;
  }
}
