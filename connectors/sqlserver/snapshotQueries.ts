import type { ColumnCodec } from './columnCodec.ts';
import { quoteName } from './identifiers.ts';
import { after, upTo } from './keyset.ts';
import type { KeyCodec } from './keyText.ts';
import type { CaptureInstance } from './metadata.ts';
import { OWN_TRANSACTION_LSNS } from './queries.ts';

/** Statements a snapshot sends, built for one table. Legal from SQL Server 2016 unless a line says otherwise. */

type Table = Pick<CaptureInstance, 'schema' | 'table' | 'renamedTo'>;

/** The table as the source calls it now. */
function nameOf(instance: Table): string {
  const { schema, table } = instance.renamedTo ?? instance;
  return `${quoteName(schema)}.${quoteName(table)}`;
}

/**
 * What a read without SNAPSHOT isolation begins with: it gives way in a deadlock and does not wait longer than this behind a writer. The
 * settings end with the batch. Docs: "SET TRANSACTION ISOLATION LEVEL", "SET DEADLOCK_PRIORITY", "SET LOCK_TIMEOUT", "sp_executesql".
 */
export const GENTLE_READ =
  'SET TRANSACTION ISOLATION LEVEL READ COMMITTED;\nSET DEADLOCK_PRIORITY LOW;\nSET LOCK_TIMEOUT 5000;\n';

/**
 * Fixes the view of the surrounding SNAPSHOT transaction between two records of its own in the log, and tells where they are. Whatever
 * committed before the first is in the view, whatever commits after the second is not.
 * Docs: "SET TRANSACTION ISOLATION LEVEL" (the view is fixed at the first data access), "SAVE TRANSACTION".
 */
export function fixSnapshotView(table: Table): string {
  return `SAVE TRANSACTION sluice_before;
DECLARE @seen int;
SELECT TOP (1) @seen = 1 FROM ${nameOf(table)};
SAVE TRANSACTION sluice_after;
${OWN_TRANSACTION_LSNS};`;
}

/** Which rows a chunk statement reads. */
export interface ChunkShape {
  /** Rows after the key in @k0, @k1, … */
  readonly after: boolean;
  /** Rows up to and including the key in @u0, @u1, … */
  readonly upTo: boolean;
  /** A further condition on the table's columns, brought with its own parameters; empty for none. */
  readonly where: string;
  /** Adds each key value as text: needed where the columns do not give it. */
  readonly keyTexts: boolean;
}

/** One chunk of a table in key order: the captured columns. Parameters: @rows, and those the shape names. */
export function snapshotChunk(
  table: Table,
  codecs: readonly ColumnCodec[],
  keys: readonly KeyCodec[],
  shape: ChunkShape,
): string {
  const columns = codecs.map((codec) => codec.select(quoteName(codec.column.name)));
  const texts = shape.keyTexts ? keys.map((key) => key.selectText) : [];
  return chunkOf(table, [...columns, ...texts], keys, shape);
}

/** One chunk of a table in key order: each key as text, the given columns, and the digest of the row. Parameters as for snapshotChunk. */
export function digestChunk(
  table: Table,
  codecs: readonly ColumnCodec[],
  keys: readonly KeyCodec[],
  digest: string,
  shape: ChunkShape,
): string {
  const columns = codecs.map((codec) => codec.select(quoteName(codec.column.name)));
  return chunkOf(table, [...keys.map((key) => key.selectText), ...columns, digest], keys, shape);
}

function chunkOf(table: Table, selected: readonly string[], keys: readonly KeyCodec[], shape: ChunkShape): string {
  const names = keys.map((key) => quoteName(key.column.name));
  const marks = (prefix: string): string[] => keys.map((key, i) => key.parameter(`@${prefix}${i}`));
  const conditions = [
    ...(shape.after ? [after(names, marks('k'))] : []),
    ...(shape.upTo ? [upTo(names, marks('u'))] : []),
    ...(shape.where === '' ? [] : [shape.where]),
  ];
  const where = conditions.length === 0 ? '' : `\nWHERE ${conditions.join('\n  AND ')}`;
  const order = names.length === 0 ? '' : `\nORDER BY ${names.join(', ')}`;
  return `SELECT TOP (@rows) ${selected.join(', ')}\nFROM ${nameOf(table)}${where}${order}`;
}

/** The values of keys given as texts: the number of the key, then its columns. Parameters: @k<number>_<column>. */
export function keyValues(codecs: readonly ColumnCodec[], keys: readonly KeyCodec[], count: number): string {
  const columns = codecs.map((codec, i) => codec.select(`w.k${i}`));
  const names = keys.map((_, i) => `k${i}`);
  return `SELECT ${['w.n', ...columns].join(', ')}
FROM (VALUES ${keysGiven(keys, count)}) AS w (n, ${names.join(', ')})`;
}

function keysGiven(keys: readonly KeyCodec[], count: number): string {
  const wanted = Array.from(
    { length: count },
    (_, n) => `(${[n, ...keys.map((key, i) => key.parameter(`@k${n}_${i}`))].join(', ')})`,
  );
  return wanted.join(',\n  ');
}

/**
 * The key that lies @rows rows after the beginning, or after the key in @k0, @k1, …; none when there are fewer. Reads an index, sends one
 * row. Docs: "SELECT - ORDER BY clause" (OFFSET).
 */
export function keyAfterRows(table: Table, keys: readonly KeyCodec[], afterKey: boolean): string {
  const names = keys.map((key) => quoteName(key.column.name));
  const marks = keys.map((key, i) => key.parameter(`@k${i}`));
  return `SELECT ${keys.map((key) => key.selectText).join(', ')}
FROM ${nameOf(table)}${afterKey ? `\nWHERE ${after(names, marks)}` : ''}
ORDER BY ${names.join(', ')}
OFFSET (@rows - 1) ROWS FETCH NEXT 1 ROW ONLY`;
}

/** Most keys rowsByKeys takes: a statement has at most 2,100 parameters. Docs: "Maximum capacity specifications". */
export function maxKeysAtOnce(keyColumns: number): number {
  return Math.min(500, Math.floor(2000 / keyColumns));
}

/** The rows with these keys: the number of the key, then the captured columns. Parameters: @k<number>_<column>. */
export function rowsByKeys(
  table: Table,
  codecs: readonly ColumnCodec[],
  keys: readonly KeyCodec[],
  count: number,
): string {
  const columns = codecs.map((codec) => codec.select(`t.${quoteName(codec.column.name)}`));
  const on = keys.map((key, i) => `t.${quoteName(key.column.name)} = w.k${i}`);
  return `SELECT ${['w.n', ...columns].join(', ')}
FROM (VALUES ${keysGiven(keys, count)}) AS w (n, ${keys.map((_, i) => `k${i}`).join(', ')})
INNER JOIN ${nameOf(table)} AS t ON ${on.join(' AND ')}`;
}

/** About how many rows the table has, from its statistics. Parameter: @object. Docs: "sys.partitions" (rows is approximate). */
export const ESTIMATED_ROWS = `
SELECT CONVERT(varchar(20), SUM(p.rows)) AS estimated
FROM sys.partitions AS p
WHERE p.object_id = @object AND p.index_id IN (0, 1)`;

/**
 * Whether chunks can be read under SNAPSHOT isolation with a known place in the log: the database's state (1 = on), and the right to see
 * one's own transaction. Docs: "sys.databases", "sys.dm_tran_database_transactions" (2022: VIEW SERVER PERFORMANCE STATE).
 */
export const SNAPSHOT_MEANS = `
SELECT d.snapshot_isolation_state, HAS_PERMS_BY_NAME(NULL, NULL, 'VIEW SERVER STATE') AS server_state,
  HAS_PERMS_BY_NAME(NULL, NULL, 'VIEW SERVER PERFORMANCE STATE') AS performance_state,
  HAS_PERMS_BY_NAME(DB_NAME(), 'DATABASE', 'VIEW DATABASE STATE') AS database_state
FROM sys.databases AS d
WHERE d.name = DB_NAME()`;

/**
 * The server's clock and when the newest captured transaction committed, both as CDC writes times: local, without a zone.
 * Docs: "GETDATE", "cdc.lsn_time_mapping", "sys.fn_cdc_get_max_lsn".
 */
export const CAPTURE_CLOCK = `
SELECT CONVERT(varchar(23), GETDATE(), 121) AS now,
  (SELECT CONVERT(varchar(23), m.tran_end_time, 121) FROM cdc.lsn_time_mapping AS m
    WHERE m.start_lsn = sys.fn_cdc_get_max_lsn()) AS captured`;
