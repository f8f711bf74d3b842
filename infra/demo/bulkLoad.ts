import type { SqlExecutor } from './sqlExecutor.ts';

/** A value on its way into a table: money, decimals, dates and identifiers as text, so that JSON keeps them exact. */
export type LoadValue = string | number | boolean | null;
export type LoadRow = Readonly<Record<string, LoadValue>>;

/** One target table: its name and, per column, the SQL type the value is read as. */
export interface LoadTable {
  /** Two-part name, e.g. `dbo.PRODUCT`. */
  readonly name: string;
  readonly columns: Readonly<Record<string, string>>;
  /** True when a column is an identity whose values the rows bring with them. */
  readonly identityInsert?: boolean;
}

export interface LoadOptions {
  /** Rows per statement. Default 1000. */
  readonly batchRows?: number;
  readonly signal?: AbortSignal;
  /** Told after each batch: rows of this table loaded so far, and of how many. */
  readonly onProgress?: (table: string, loaded: number, total: number) => void;
}

/**
 * Inserts many rows with few round trips: each batch goes as one JSON parameter that OPENJSON takes apart (SQL Server 2016 or later).
 * `xml` and `text` are not allowed as OPENJSON column types, so such columns are read as (n)varchar(max) and converted.
 */
export async function bulkLoad(
  executor: SqlExecutor,
  table: LoadTable,
  rows: readonly LoadRow[],
  options: LoadOptions = {},
): Promise<void> {
  const batchRows = options.batchRows ?? 1000;
  const text = insertStatement(table);
  for (let from = 0; from < rows.length; from += batchRows) {
    options.signal?.throwIfAborted();
    const batch = rows.slice(from, from + batchRows);
    await executor.query(text, { rows: JSON.stringify(batch) });
    options.onProgress?.(table.name, from + batch.length, rows.length);
  }
}

function insertStatement(table: LoadTable): string {
  const columns = Object.entries(table.columns);
  const names = columns.map(([name]) => name).join(', ');
  const values = columns.map(([name, type]) => (type === 'xml' ? `CONVERT(xml, ${name})` : name)).join(', ');
  const shape = columns.map(([name, type]) => `${name} ${readableType(type)} '$.${name}'`).join(', ');
  const insert = `INSERT INTO ${table.name} (${names}) SELECT ${values} FROM OPENJSON(@rows) WITH (${shape});`;
  if (!table.identityInsert) return insert;
  return `SET IDENTITY_INSERT ${table.name} ON; ${insert} SET IDENTITY_INSERT ${table.name} OFF;`;
}

function readableType(type: string): string {
  if (type === 'xml' || type === 'ntext') return 'nvarchar(max)';
  return type === 'text' ? 'varchar(max)' : type;
}
