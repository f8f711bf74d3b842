/** Debezium's change envelope for SQL Server, as decoded. Longs are bigint. */

/** What happened to the row: created, updated, deleted, or read by a snapshot. */
export type ChangeOp = 'c' | 'u' | 'd' | 'r';

/** Where a change comes from. */
export interface ChangeSource {
  /** Version of the program that captured it. */
  readonly version: string;
  /** `sqlserver`. */
  readonly connector: string;
  /** The topic prefix. */
  readonly name: string;
  /** Commit time of the transaction, ms since 1970 UTC. */
  readonly ts_ms: bigint;
  /** `true` or `false`, or where in the snapshot the row stands. */
  readonly snapshot: string | null;
  /** Database. */
  readonly db: string;
  readonly sequence: string | null;
  readonly ts_us: bigint | null;
  readonly ts_ns: bigint | null;
  readonly schema: string;
  readonly table: string;
  /** Log sequence number of the change, `00000024:00000d98:0036`; null in a snapshot. */
  readonly change_lsn: string | null;
  /** Log sequence number of the commit (of the chunk's read in a snapshot). */
  readonly commit_lsn: string | null;
  /** 1, or 2 for the after image of an update; null in a snapshot. */
  readonly event_serial_no: bigint | null;
}

/** Where a change stands in its transaction, among the changes that were written; counted from 1. */
export interface TransactionBlock {
  /** Commit LSN, `00000024:00000d98:0036`. */
  readonly id: string;
  readonly total_order: bigint;
  /** Among the changes of the same table. */
  readonly data_collection_order: bigint;
}

/** One change of one row. `before` is null for `c` and `r`, `after` for `d`. */
export interface ChangeEnvelope<Row> {
  readonly before: Row | null;
  readonly after: Row | null;
  readonly source: ChangeSource;
  readonly transaction: TransactionBlock | null;
  readonly op: ChangeOp;
  /** When it was captured, ms since 1970 UTC. */
  readonly ts_ms: bigint | null;
  readonly ts_us: bigint | null;
  readonly ts_ns: bigint | null;
}

/** Header with the position of the change: fixed width, so that text order is the order of changes. On tombstones too. */
export const POSITION_HEADER = 'sluice.position';
/** Header with the time Sluice read the change, ms since 1970 UTC, as text. */
export const CAPTURED_HEADER = 'sluice.captured';
/**
 * Header with the exact text of times that do not fit their field, which then holds the nearest value that does:
 * `{"after":{"UNTIL":"9999-12-31T00:00:00.0000000"}}`, by image and field. Only `datetime2(7)` outside 1677-09-21 … 2262-04-11 needs it.
 */
export const EXACT_HEADER = 'sluice.exact';
/** Debezium's headers of a key update: the key the row has from now on, on the delete; the key it had, on the create. */
export const NEW_KEY_HEADER = '__debezium.newkey';
export const OLD_KEY_HEADER = '__debezium.oldkey';

/**
 * Stands for a large value (text, ntext, image, a (max) type, xml) that the change did not touch and the log therefore does not hold.
 * A reader keeps the value it has. Debezium uses the same text; in a bytes column it is its UTF-8 bytes.
 */
export const UNAVAILABLE_VALUE = '__debezium_unavailable_value';
const UNAVAILABLE_BYTES = Buffer.from(UNAVAILABLE_VALUE);

/** True for the placeholder, as text or as bytes. */
export function isUnavailable(value: unknown): boolean {
  return value === UNAVAILABLE_VALUE || (Buffer.isBuffer(value) && value.equals(UNAVAILABLE_BYTES));
}

/** A row in which every placeholder is replaced by the value of the older version; null where there is none. Gives `row` itself when it has none. */
export function carryUnavailable<Row extends object>(row: Row, older: Row | null): Row {
  const merged = { ...row } as Record<string, unknown>;
  let changed = false;
  for (const [column, value] of Object.entries(row)) {
    if (!isUnavailable(value)) continue;
    merged[column] = older ? ((older as Record<string, unknown>)[column] ?? null) : null;
    changed = true;
  }
  return changed ? (merged as Row) : row;
}
