import type { Queryable } from '#connectors/sqlserver/connection.ts';
import { type ColumnType, sameType } from '#connectors/sqlserver/metadata.ts';
import { int } from '#connectors/sqlserver/params.ts';
import { TABLE_DEFINITION } from '#connectors/sqlserver/queries.ts';
import { hasCode, SluiceError } from '#infra/runtime/errors.ts';
import type { CapturedTable } from './types.ts';

/**
 * The table's own columns are those of this version: to be asked after rows were read from the table, where they were read (the catalog has
 * no versions, so what changed before or meanwhile shows). The change tables may lag behind the table by minutes.
 * @throws SluiceError CDC_SCHEMA_MOVED (try again later: the version follows when the capture job has come there)
 */
async function checkTableDefinition(db: Queryable, table: CapturedTable, signal: AbortSignal): Promise<void> {
  const { id, instance } = table;
  const rows = await db.rows(TABLE_DEFINITION, { object: int(instance.sourceObjectId) }, signal);
  const present = new Map(
    rows.map(([name, sqlType, maxLength, precision, scale]): [string, ColumnType] => [
      name as string,
      {
        sqlType: (sqlType as string).toLowerCase(),
        maxLength: maxLength as number,
        precision: precision as number,
        scale: scale as number,
      },
    ]),
  );
  const other = instance.columns.find((column) => {
    const now = present.get(column.name);
    return !now || !sameType(now, column);
  });
  if (!other) return;
  throw new SluiceError(
    'CDC_SCHEMA_MOVED',
    `Table ${id}: expected column ${other.name} as it was captured last, found another definition; waits until the capture job has come there`,
    { context: { table: id, column: other.name } },
  );
}

/**
 * Reads rows of the table and makes sure that they have this version's columns. @throws SluiceError CDC_SCHEMA_MOVED, and what `read` throws
 */
export async function readAsDefined<T>(
  db: Queryable,
  table: CapturedTable,
  read: () => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  let rows: T;
  try {
    rows = await read();
  } catch (error) {
    // A column that is not there any more, or values that do not convert any more.
    if (hasCode(error, 'SQL_OBJECT_MISSING') || hasCode(error, 'SQL_REQUEST_FAILED'))
      await checkTableDefinition(db, table, signal);
    throw error;
  }
  await checkTableDefinition(db, table, signal);
  return rows;
}
