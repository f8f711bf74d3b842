import type { ColumnCodec } from './columnCodec.ts';
import { quoteName, quoteText } from './identifiers.ts';
import { after } from './keyset.ts';
import type { CaptureInstance } from './metadata.ts';
import { LOW_WATER_MARKS, SCHEMA_FINGERPRINT } from './queries.ts';

/** The change table of an instance. Docs: "cdc.<capture_instance>_CT". */
function changeTable(instance: Pick<CaptureInstance, 'name'>): string {
  return `[cdc].${quoteName(`${instance.name}_CT`)}`;
}

/** Subqueries in one statement of the detect batch; SQL Server once allowed 256 tables in a query. */
const DETECT_TABLES = 100;

/**
 * What happened since the last poll, in one batch for all tables. Result sets, in the order they are read: the newest captured LSN with its
 * commit time, the minutes from UTC and the fingerprint of the schema; then each change table's newest LSN (a change table's clustered index
 * starts with the LSN, so each MAX is one seek); last the low-water mark of every instance. So no row at or below the first can be missing
 * from the second, and rows that clean-up took away before they were looked at are told by the last.
 * Docs: "sys.fn_cdc_get_max_lsn", "cdc.lsn_time_mapping", "cdc.change_tables", "cdc.<capture_instance>_CT".
 */
export function detectChanges(instances: readonly Pick<CaptureInstance, 'name'>[]): string {
  const newest = instances.map(
    (i) =>
      `SELECT ${quoteText(i.name)} AS instance, (SELECT MAX(c.[__$start_lsn]) FROM ${changeTable(i)} AS c) AS newest`,
  );
  const parts: string[] = [];
  for (let i = 0; i < newest.length; i += DETECT_TABLES)
    parts.push(`${newest.slice(i, i + DETECT_TABLES).join('\nUNION ALL\n')};`);
  return `DECLARE @max binary(10) = sys.fn_cdc_get_max_lsn();
SELECT @max AS max_lsn, (SELECT m.tran_end_time FROM cdc.lsn_time_mapping AS m WHERE m.start_lsn = @max) AS max_time,
  DATEPART(TZOFFSET, SYSDATETIMEOFFSET()) AS utc_offset_minutes, ${SCHEMA_FINGERPRINT} AS fingerprint;
${parts.join('\n')}
${LOW_WATER_MARKS};`;
}

/** Fails when the change table of an instance is gone or may not be read. Docs: "cdc.<capture_instance>_CT". */
export function probeChangeTable(instance: Pick<CaptureInstance, 'name'>): string {
  return `SELECT MAX(c.[__$start_lsn]) FROM ${changeTable(instance)} AS c`;
}

/** Leading columns of a change page, before the captured ones. */
export const CHANGE_PAGE_PREFIX = ['start_lsn', 'command_id', 'seqval', 'operation', 'update_mask'] as const;

/**
 * One page of a change table in the total order, from a position (exclusive) to an LSN (inclusive). Without `__$command_id` (old builds)
 * the order is that of the three other parts. Parameters: @rows, @to, and the position @lsn, @command, @seqval, @operation.
 * A second result set tells the instance's low-water mark, read after the page: clean-up raises the mark first and deletes then, so a page
 * whose beginning is not below the mark lacks nothing. Docs: "cdc.<capture_instance>_CT", "cdc.change_tables".
 */
export function changePage(instance: CaptureInstance, codecs: readonly ColumnCodec[]): string {
  const columns = codecs.map((codec) => codec.select(`c.${quoteName(codec.column.name)}`));
  const command = instance.hasCommandId ? 'c.[__$command_id]' : 'CONVERT(int, 0)';
  const order = ['c.[__$start_lsn]', ...(instance.hasCommandId ? [command] : []), 'c.[__$seqval]', 'c.[__$operation]'];
  const marks = ['@lsn', ...(instance.hasCommandId ? ['@command'] : []), '@seqval', '@operation'];
  return `SELECT TOP (@rows) c.[__$start_lsn], ${command}, c.[__$seqval], c.[__$operation], c.[__$update_mask]${columns.map((c) => `, ${c}`).join('')}
FROM ${changeTable(instance)} AS c
WHERE c.[__$start_lsn] <= @to AND ${after(order, marks)}
ORDER BY ${order.join(', ')};
SELECT t.start_lsn, (SELECT MAX(h.ddl_lsn) FROM cdc.ddl_history AS h WHERE h.object_id = t.object_id)
FROM cdc.change_tables AS t WHERE t.capture_instance = ${quoteText(instance.name)};`;
}
