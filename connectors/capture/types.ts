import type { Lsn } from '#connectors/sqlserver/lsn.ts';
import type { CaptureInstance } from '#connectors/sqlserver/metadata.ts';
import type { Position } from './position.ts';

/** Column → value as Avro wants it: longs bigint, decimals text, bytes Buffer; a large value the change did not touch is UNAVAILABLE. */
export type Row = Readonly<Record<string, unknown>>;

/** Stands in a row for a large value that the change log does not hold. The publisher turns it into Debezium's placeholder. */
export const UNAVAILABLE: unique symbol = Symbol('unavailable');

/** A table that is captured. */
export interface CapturedTable {
  /** `schema.table`. */
  readonly id: string;
  readonly database: string;
  readonly instance: CaptureInstance;
}

/** One change of one row, in the source's order. */
export interface ChangeEvent {
  readonly table: CapturedTable;
  readonly op: 'c' | 'u' | 'd' | 'r';
  readonly before: Row | null;
  readonly after: Row | null;
  readonly position: Position;
  readonly commitLsn: Lsn;
  /** Null for a snapshot row. */
  readonly changeLsn: Lsn | null;
  /** Where reading goes on after this change; null when it must be written together with the next one. Unused in a snapshot row. */
  readonly resumeAt: Position | null;
  /** Commit time of the transaction (time of reading for a snapshot row), ms since 1970 UTC. */
  readonly commitTimeMs: number;
  /** When it was read, ms since 1970 UTC. */
  readonly capturedAtMs: number;
}

/** How far the snapshot of one table has come. */
export interface SnapshotProgress {
  readonly state: 'pending' | 'running' | 'done';
  /** Key of the last row that was written, each part as text; null before the first. */
  readonly lastKey: readonly string[] | null;
  readonly rows: number;
}

/** Everything needed to go on: kept together with the records it covers. */
export interface CaptureState {
  /** Every change at or before it was written. */
  readonly position: Position;
  /** By `schema.table`. */
  readonly snapshots: Readonly<Record<string, SnapshotProgress>>;
}

/** Where changes go. */
export interface CaptureSink {
  /**
   * Makes ready for these tables, keeps every older instance from writing any more, and gives the state that was written last; null when
   * there is none. Called again after a failed write.
   */
  open(tables: readonly CapturedTable[], signal: AbortSignal): Promise<CaptureState | null>;
  /** Writes the events and the state, both or neither. After a rejection the outcome is unknown until `open` was called again. */
  write(events: readonly ChangeEvent[], state: CaptureState, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}
