import type { Lsn } from '#connectors/sqlserver/lsn.ts';
import type { CaptureInstance } from '#connectors/sqlserver/metadata.ts';
import type { ErrorCode } from '#infra/runtime/errorCodes.ts';
import type { SourceMark } from './health.ts';
import type { KeyMove } from './pairs.ts';
import type { Position } from './position.ts';

/** Column → value as Avro wants it: longs bigint, decimals text, bytes Buffer; a large value the change did not touch is UNAVAILABLE. */
export type Row = Readonly<Record<string, unknown>>;

/** Stands in a row for a large value that the change log does not hold. The publisher turns it into Debezium's placeholder. */
export const UNAVAILABLE: unique symbol = Symbol('unavailable');

/** A table that is captured, with the capture instance it is read through: a switch to another instance makes another value of this. */
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
  /** Set on both changes of a key update. */
  readonly moved?: KeyMove;
  /** Commit time of the transaction (time of reading for a snapshot row), ms since 1970 UTC. */
  readonly commitTimeMs: number;
  /** When it was read, ms since 1970 UTC. */
  readonly capturedAtMs: number;
  /**
   * Set for a delete whose `before` comes from the topic itself (see EarlierRow), or is null: it is written under this key as it stands, no
   * masks and rules again.
   */
  readonly asPublished?: { readonly recordKey: Buffer };
  /** Set for a delete of which only the primary key is known: the record's key is made of it, there is no image before. */
  readonly keyOnly?: Row;
}

/** A key that lives in a table's topic, as its newest record has it. */
export interface EarlierRow {
  /** The record's key, as it stands in the topic; null for a key that was asked for. */
  readonly recordKey: Buffer | null;
  /** The primary key: column → value as in a Row. */
  readonly key: Row;
  /** The row as it was published, by the names it has in the topic; null when it no longer fits the table's present columns. */
  readonly row: Row | null;
}

/** Why a table is read: first start, added to the configuration, changes lost, asked for, source restored, columns changed. */
export type SnapshotReason = 'initial' | 'added' | 'lost' | 'requested' | 'restored' | 'schema';

/** How far the snapshot of one table has come. */
export interface SnapshotProgress {
  readonly state: 'pending' | 'running' | 'done';
  /** Key of the last row that was written, each part as text; null before the first. */
  readonly lastKey: readonly string[] | null;
  readonly rows: number;
  readonly reason?: SnapshotReason;
  /** ms since 1970 UTC. */
  readonly startedAtMs?: number;
  /** About how many rows there are, as the source's statistics said when reading began; null when they do not say. */
  readonly totalRows?: number | null;
  /** Present while a large table is read in several key ranges side by side; `lastKey` is then unused. */
  readonly ranges?: readonly RangeProgress[];
  /**
   * Set when changes were lost: after the rows were read again, the keys whose newest record in the topic stands before this position are
   * looked up at the source, and those that are gone get a delete. For a snapshot of keys: they are still to be looked up.
   */
  readonly sweep?: Position;
}

/** How far one key range of a snapshot has come. Ranges lie one after the other; the first begins at the first key. */
export interface RangeProgress {
  /** Key of the last row that was written; null before the first. */
  readonly lastKey: readonly string[] | null;
  /** Last key of the range (inclusive, need not exist); null = to the end. */
  readonly upTo: readonly string[] | null;
  readonly done: boolean;
}

/** Why a table is not read while the others go on. */
export interface TableStop {
  readonly code: ErrorCode;
  /** One line for a person: what was expected and found, and what to do. Never rows. */
  readonly reason: string;
  /** The table is written up to here. */
  readonly at: Position;
  /** ms since 1970 UTC. */
  readonly sinceMs: number;
  /** True for a hold: what held it resumes it when the cause is gone. False: a person resumes it (signal `resume-table`). */
  readonly held: boolean;
}

/** How one table stands. */
export interface TableState {
  /** Name of the capture instance it is read through. */
  readonly instance: string;
  readonly snapshot: SnapshotProgress;
  /** True while its own snapshot is paused. */
  readonly snapshotPaused?: boolean;
  /** Present while the table stands behind the common position: it was stopped, held or left out. It is then read from here until it has caught up. */
  readonly position?: Position;
  readonly stopped?: TableStop;
}

/** A snapshot asked for while running: a table, some rows of it, or a key range. Reads beside the stream like the first one. */
export interface AdHocSnapshot {
  readonly id: string;
  /** `schema.table`. */
  readonly table: string;
  /** Which rows, in the grammar of snapshotFilter.ts. */
  readonly where?: string;
  /** Keys after this one … (each part as text) */
  readonly fromKey?: readonly string[];
  /** … up to and including this one. */
  readonly toKey?: readonly string[];
  /** Instead of a condition or a range: exactly these keys; one that has no row is told as a delete. */
  readonly keys?: readonly (readonly string[])[];
  readonly progress: SnapshotProgress;
  readonly paused: boolean;
  /** ms since 1970 UTC. */
  readonly requestedAtMs: number;
}

/** Everything needed to go on: kept together with the records it covers. */
export interface CaptureState {
  /** Every change at or before it was written, of every table that has no place of its own. */
  readonly position: Position;
  /** Commit time of that position at the source, ms since 1970 UTC; null when it is not known. */
  readonly positionTimeMs: number | null;
  /** By `schema.table`. */
  readonly tables: Readonly<Record<string, TableState>>;
  readonly paused: boolean;
  readonly snapshots: readonly AdHocSnapshot[];
  /** Offset of the next signal to take, as decimal text; null before the first. */
  readonly signalOffset: string | null;
  /** What became of the newest signals, oldest first. */
  readonly signals?: readonly SignalOutcome[];
  /** What proves that the source is still the one the position belongs to. */
  readonly source?: SourceMark | null;
}

/** What became of a signal. */
export interface SignalOutcome {
  readonly offset: string;
  readonly outcome: 'applied' | 'refused';
  /** Why it was refused. */
  readonly reason: string | null;
}

/** A table the sink cannot take, and why. */
export interface SinkRefusal {
  readonly table: CapturedTable;
  readonly error: unknown;
}

/** How far everything was written. */
export interface CaptureProgress {
  readonly database: string;
  /** Every change at or before it was written, of the tables in `complete`. */
  readonly position: Position;
  /** Every change committed at the source before it is at or before `position`, ms since 1970 UTC; null when that is not known. */
  readonly sourceTimeMs: number | null;
  /** Tables at the common position that were read at least once, by `schema.table`. */
  readonly complete: readonly string[];
  /** The other captured tables. */
  readonly waiting: readonly string[];
}

/** Where changes go. */
export interface CaptureSink {
  /** Keeps every older instance from writing any more, and gives the state that was written last; null when there is none. Called again after a failed write. */
  open(signal: AbortSignal): Promise<CaptureState | null>;
  /**
   * Makes ready for these tables, or for a new capture instance of a table (schemas registered, topics there) before their first event comes.
   * Gives the tables that cannot be taken (an incompatible schema); anything else that fails is thrown.
   */
  adopt(tables: readonly CapturedTable[], signal: AbortSignal): Promise<readonly SinkRefusal[]>;
  /**
   * Writes the events and the state, both or neither. After a rejection the outcome is unknown until `open` was called again.
   * @throws UnfitEvent when an event cannot be carried; then nothing of the batch was written
   */
  write(events: readonly ChangeEvent[], state: CaptureState, signal: AbortSignal): Promise<void>;
  /** Tells readers how far everything was written. Called while no write is on its way. */
  progress?(progress: CaptureProgress, signal: AbortSignal): Promise<void>;
  /**
   * The keys that live in the table's topic and whose newest record stands before this position, in groups of a bounded size. A sink that
   * cannot look back lacks it; then nothing is swept.
   */
  earlierRows?(table: CapturedTable, before: Position, signal: AbortSignal): AsyncIterable<readonly EarlierRow[]>;
  close(): Promise<void>;
}

/** An event the sink cannot carry: its table stops there, the others go on. */
export class UnfitEvent extends Error {
  override readonly name = 'UnfitEvent';
  readonly event: ChangeEvent;

  /** `cause` says why; a SluiceError's code becomes the reason the table stops with. */
  constructor(event: ChangeEvent, cause: unknown) {
    super(`${event.table.id} at ${event.position}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
    this.event = event;
  }
}
