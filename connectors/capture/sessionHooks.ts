import type { Queryable } from '#connectors/sqlserver/connection.ts';
import type { Lsn } from '#connectors/sqlserver/lsn.ts';
import type { Detected } from './detect.ts';
import type { SourceMark } from './health.ts';
import type { CaptureNotification } from './notifications.ts';
import type { Position } from './position.ts';
import type { TableSegment } from './schemaSegments.ts';
import type { JobRate } from './snapshotRates.ts';
import type {
  AdHocSnapshot,
  CapturedTable,
  ChangeEvent,
  SnapshotProgress,
  SnapshotReason,
  TableState,
  TableStop,
} from './types.ts';

/** A snapshot the session wants read: a table's own (its id is the table's) or one asked for. */
export interface SnapshotJob {
  readonly id: string;
  /** The version of the table to read with: another object for the same id means that later chunks use it. */
  readonly table: CapturedTable;
  readonly where?: string;
  readonly fromKey?: readonly string[];
  readonly toKey?: readonly string[];
  readonly keys?: readonly (readonly string[])[];
  readonly progress: SnapshotProgress;
}

/** A chunk of a job whose place among the changes is known: the stream has to pass it. */
export interface PlacedChunk {
  readonly job: string;
  readonly table: CapturedTable;
  readonly place: Position;
}

/** A row of a chunk as an event, with the key after which reading goes on (null for what has none). */
export interface ChunkEvent {
  readonly event: ChangeEvent;
  readonly key: readonly string[] | null;
}

/** A job that cannot be read. */
export interface SnapshotFailure {
  readonly job: string;
  readonly table: string;
  readonly error: unknown;
}

/** Reads snapshots beside the stream. The session keeps the progress; see SPEC.md, "Snapshot". */
export interface SnapshotReading<C extends PlacedChunk = PlacedChunk> {
  /** Every job was read and taken. */
  readonly finished: boolean;
  /** The stream must not pass this LSN yet; null when it may go as far as it likes. */
  readonly ceiling: Lsn | null;
  /** Runs until the signal fires; what fails is told by `failures`. */
  run(signal: AbortSignal): Promise<void>;
  /** What is to be read from now on. Jobs that are no longer there are forgotten with their chunks. */
  sync(jobs: readonly SnapshotJob[]): void;
  /** Forgets a job's chunks: its next `sync` starts from the progress given there. */
  drop(job: string): void;
  /** Looks at what tells how far the log was read; right before each detect statement. */
  observe(signal: AbortSignal): Promise<void>;
  /** A change the stream has taken, in order. */
  changed(event: ChangeEvent): void;
  /** The chunks a window passes that ends at `to`, of these tables; `held`: it ends before what is captured. In the order of their places. */
  passed(to: Lsn, held: boolean, ofTable: (id: string) => boolean): readonly C[];
  /** A chunk's rows; asked for when the merge reaches its place. */
  events(chunk: C): readonly ChunkEvent[];
  /** The chunk was taken into a batch: make room. */
  taken(chunk: C): void;
  /** How fast a job goes; null when it is not being read. */
  rateOf(job: string): JobRate | null;
  /** Jobs that failed since it was asked last. */
  failures(): readonly SnapshotFailure[];
}

/** Which versions a table has: what reads follow a schema change with. */
export interface TableVersions {
  /** Before the first detect statement: the sink is asked about every version there is; one it cannot take blocks its table. */
  start(actions: TableActions, signal: AbortSignal): Promise<void>;
  /** In order; the first holds the table's place. */
  segments(tableId: string): readonly TableSegment[];
  /** What snapshots read with. */
  newest(tableId: string): CapturedTable;
  /** Once a poll, before the window. True when segments changed. */
  poll(detected: Detected, actions: TableActions, signal: AbortSignal): Promise<boolean>;
  /** The state of the table is stored up to here: gives the name of the capture instance it is read through from now on. */
  passed(tableId: string, position: Position): string;
  /** A stopped table is to be resumed: looks again at what blocked it. */
  retry(tableId: string): void;
}

/** What hooks may do to tables, between two windows. */
export interface TableActions {
  stateOf(tableId: string): TableState | undefined;
  /** The table is written up to here. */
  placeOf(tableId: string): Position;
  stop(tableId: string, stop: Pick<TableStop, 'code' | 'reason' | 'held'>, at?: Position): void;
  resume(tableId: string, how: 'catch-up' | 'snapshot'): void;
  /** Reads the table again from scratch. */
  resnapshot(tableId: string, reason: SnapshotReason, sweep?: Position): void;
  addSnapshot(snapshot: Omit<AdHocSnapshot, 'progress' | 'paused' | 'requestedAtMs'>, reason: SnapshotReason): void;
  notify(notification: CaptureNotification): void;
}

/** What a poll tells about the source. */
export interface PollFacts {
  readonly maxLsn: Lsn | null;
  /** The newest change of any captured table. */
  readonly newestLsn: Lsn | null;
  /** Capture instances that tables are read through and that are gone. */
  readonly missing: readonly string[];
}

/** Watches the source; lives over sessions. */
export interface SourceHealth {
  /** At the start of a session. @throws when the source's history is not the one the stored position belongs to */
  begin(
    db: Queryable & { readonly connectionsOpened?: number },
    stored: SourceMark | null,
    signal: AbortSignal,
  ): Promise<void>;
  /** After each detect statement, before the window. @throws as `begin` */
  polled(facts: PollFacts, signal: AbortSignal): Promise<void>;
  /**
   * What was committed before this moment was captured when `polled` resolved last, as the capture job's scans show, ms since 1970 UTC by our
   * clock; null when nothing shows it.
   */
  readonly capturedToMs: number | null;
  /** The newest proof of the source's history, to be stored with the position. */
  readonly mark: SourceMark | null;
  /** An error ended a session: whether a capture that has run before waits for it to pass, and how long (null = as it sees fit). */
  failed(error: unknown): { readonly waits: boolean; readonly pauseMs: number | null };
}
