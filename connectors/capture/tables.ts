import type { Database } from '#connectors/sqlserver/connection.ts';
import type { Lsn } from '#connectors/sqlserver/lsn.ts';
import { type CaptureInstance, loadCaptureInstances } from '#connectors/sqlserver/metadata.ts';
import { hasCode, SluiceError } from '#infra/runtime/errors.ts';
import { carriedColumns } from './rowReader.ts';
import type { CapturedTable } from './types.ts';

/**
 * The configured tables with their capture instances. Of two instances of a table the newest is taken that reaches back to `since`.
 * @throws SluiceError CDC_NOT_ENABLED, CDC_TABLE_NOT_CAPTURED (naming every table that lacks one), CDC_TABLE_HAS_NO_KEY
 */
export async function loadTables(
  db: Database,
  database: string,
  wanted: readonly string[],
  since: Lsn | null,
  signal: AbortSignal,
): Promise<CapturedTable[]> {
  const instances = await loadInstances(db, database, signal);
  const tables: CapturedTable[] = [];
  const missing: string[] = [];
  for (const id of wanted) {
    const candidates = instances.filter((i) => `${i.schema}.${i.table}`.toLowerCase() === id.toLowerCase());
    const instance = candidates.findLast((i) => since === null || i.startLsn <= since) ?? candidates[0];
    if (instance) tables.push({ id: `${instance.schema}.${instance.table}`, database, instance });
    else missing.push(id);
  }
  if (missing.length > 0) {
    throw new SluiceError(
      'CDC_TABLE_NOT_CAPTURED',
      `${db.where}: expected a capture instance for each configured table, found none for ${missing.join(', ')}`,
      { context: { tables: missing.join(', ') } },
    );
  }
  for (const table of tables) checkKey(table);
  return tables;
}

async function loadInstances(db: Database, database: string, signal: AbortSignal): Promise<CaptureInstance[]> {
  try {
    return await loadCaptureInstances(db, signal);
  } catch (error) {
    if (!hasCode(error, 'SQL_OBJECT_MISSING')) throw error;
    throw new SluiceError(
      'CDC_NOT_ENABLED',
      `${db.where}: change data capture is not enabled on database ${database}`,
      {
        cause: error,
      },
    );
  }
}

function checkKey(table: CapturedTable): void {
  const carried = new Set(carriedColumns(table.instance).map((c) => c.name));
  const { keyColumns } = table.instance;
  if (keyColumns.length > 0 && keyColumns.every((name) => carried.has(name))) return;
  const found =
    keyColumns.length === 0
      ? 'it has none'
      : `captured columns lack ${keyColumns.filter((k) => !carried.has(k)).join(', ')}`;
  throw new SluiceError(
    'CDC_TABLE_HAS_NO_KEY',
    `Table ${table.id}: expected a primary key among the captured columns, ${found}`,
    {
      context: { table: table.id },
    },
  );
}
