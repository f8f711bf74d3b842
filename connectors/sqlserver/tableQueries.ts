import type { ColumnCodec, KeyCodec } from './columnCodec.ts';
import { quoteName, quoteText } from './identifiers.ts';
import type { CaptureInstance } from './metadata.ts';
import { OWN_TRANSACTION_LSNS } from './queries.ts';

/** The change table of an instance. Docs: "cdc.<capture_instance>_CT". */
export function changeTable(instance: Pick<CaptureInstance, 'name'>): string {
  return `[cdc].${quoteName(`${instance.name}_CT`)}`;
}

const sourceTable = (instance: CaptureInstance): string => `${quoteName(instance.schema)}.${quoteName(instance.table)}`;

/**
 * What happened since the last poll, in one statement batch for all tables: the newest captured LSN first, and only then each change
 * table's newest LSN and low-water mark, so that no row at or below the first can be missing from the others. A change table's clustered
 * index starts with the LSN, so each MAX is one seek. Columns: instance, max_lsn, table_lsn, min_lsn, offset in minutes from UTC.
 * Docs: "sys.fn_cdc_get_max_lsn", "cdc.change_tables", "cdc.<capture_instance>_CT".
 */
export function detectChanges(instances: readonly Pick<CaptureInstance, 'name'>[]): string {
  const tables = instances.map(
    (instance) => `SELECT ${quoteText(instance.name)} AS instance, @max AS max_lsn,
  (SELECT MAX(c.[__$start_lsn]) FROM ${changeTable(instance)} AS c) AS table_lsn,
  (SELECT t.start_lsn FROM cdc.change_tables AS t WHERE t.capture_instance = ${quoteText(instance.name)}) AS min_lsn,
  DATEPART(TZOFFSET, SYSDATETIMEOFFSET()) AS utc_offset_minutes`,
  );
  return `DECLARE @max binary(10) = sys.fn_cdc_get_max_lsn();\n${tables.join('\nUNION ALL\n')};`;
}

/** Leading columns of a change page, before the captured ones. */
export const CHANGE_PAGE_PREFIX = ['start_lsn', 'command_id', 'seqval', 'operation', 'update_mask'] as const;

/**
 * One page of a change table in the total order, from a position (exclusive) to an LSN (inclusive). Without `__$command_id` (old builds)
 * the order is that of the three other parts. Parameters: @rows, @to, and the position @lsn, @command, @seqval, @operation.
 * Docs: "cdc.<capture_instance>_CT".
 */
export function changePage(instance: CaptureInstance, codecs: readonly ColumnCodec[]): string {
  const columns = codecs.map((codec) => codec.select(`c.${quoteName(codec.column.name)}`));
  const command = instance.hasCommandId ? 'c.[__$command_id]' : 'CONVERT(int, 0)';
  const order = ['c.[__$start_lsn]', ...(instance.hasCommandId ? [command] : []), 'c.[__$seqval]', 'c.[__$operation]'];
  const marks = ['@lsn', ...(instance.hasCommandId ? ['@command'] : []), '@seqval', '@operation'];
  return `SELECT TOP (@rows) c.[__$start_lsn], ${command}, c.[__$seqval], c.[__$operation], c.[__$update_mask]${columns.map((c) => `, ${c}`).join('')}
FROM ${changeTable(instance)} AS c
WHERE c.[__$start_lsn] <= @to AND ${after(order, marks)}
ORDER BY ${order.join(', ')}`;
}

/**
 * Fixes the view of the surrounding SNAPSHOT transaction between two records of its own in the log, and tells where they are. Whatever
 * committed before the first is in the view, whatever commits after the second is not.
 * Docs: "SET TRANSACTION ISOLATION LEVEL" (the view is fixed at the first data access), "SAVE TRANSACTION".
 */
export function fixSnapshotView(instance: CaptureInstance): string {
  return `SAVE TRANSACTION sluice_before;
DECLARE @seen int;
SELECT TOP (1) @seen = 1 FROM ${sourceTable(instance)};
SAVE TRANSACTION sluice_after;
${OWN_TRANSACTION_LSNS};`;
}

/**
 * One chunk of a table in key order: the captured columns, then each key value as text. Parameters: @rows and, after the first chunk, the
 * last key as @k0, @k1, …
 */
export function snapshotChunk(
  instance: CaptureInstance,
  codecs: readonly ColumnCodec[],
  keys: readonly KeyCodec[],
  first: boolean,
): string {
  const columns = codecs.map((codec) => codec.select(quoteName(codec.column.name)));
  const names = keys.map((key) => quoteName(key.name));
  const where = first
    ? ''
    : `\nWHERE ${after(
        names,
        keys.map((key, i) => key.parameter(`@k${i}`)),
      )}`;
  return `SELECT TOP (@rows) ${[...columns, ...keys.map((key) => key.selectText)].join(', ')}
FROM ${sourceTable(instance)}${where}
ORDER BY ${names.join(', ')}`;
}

/**
 * `(a, b, c) > (@a, @b, @c)` in T-SQL, which has no row comparison. The leading `a >= @a` is implied; it lets the server seek.
 */
export function after(columns: readonly string[], marks: readonly string[]): string {
  const terms = columns.map((column, i) => {
    const equal = columns.slice(0, i).map((c, j) => `${c} = ${marks[j]}`);
    return `(${[...equal, `${column} > ${marks[i]}`].join(' AND ')})`;
  });
  if (terms.length === 1) return `${columns[0]} > ${marks[0]}`;
  return `${columns[0]} >= ${marks[0]} AND (${terms.join(' OR ')})`;
}
