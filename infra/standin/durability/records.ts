import { deserialize, serialize } from 'node:v8';
import type { RowData } from '../store/row.ts';
import type { TrackedCommit } from '../tracking/trackedTable.ts';
import type { DatabaseImage, ObjectImage, ServerImage } from './images.ts';

/** A captured or waiting change: the table by its object id. */
export interface ChangeImage {
  readonly table: number;
  readonly op: 1 | 2 | 4;
  readonly before: RowData | null;
  readonly after: RowData | null;
  readonly lsn: number;
  readonly commandId: number;
}

/** A committed transaction's tracked changes in one database. */
export interface CommitImage {
  readonly transactionId: number;
  readonly beginLsn: number;
  readonly beginTimeMs: number;
  readonly commitLsn: number;
  readonly commitTimeMs: number;
  readonly changes: readonly ChangeImage[];
}

/** Counters of a database that go on after a restart. */
export interface CounterImage {
  readonly database: number;
  readonly rowversion: bigint;
  /** Last identity value by object id of the table; null = none given out yet. */
  readonly identities: readonly (readonly [table: number, last: bigint | null])[];
}

/** The state of a row after a commit; `data` null = deleted. */
export type RowImage = readonly [database: number, table: number, rowId: number, data: RowData | null];

/**
 * What the log holds, in the order it happened. Definitions are whole: the newest record of an object or database replaces the older ones.
 * `rows` belongs to checkpoints and to definitions that change stored rows; `captured` only to checkpoints.
 */
export type LogRecord =
  | { readonly k: 'server'; readonly image: ServerImage }
  | { readonly k: 'database'; readonly image: DatabaseImage }
  | { readonly k: 'dropDatabase'; readonly id: number }
  | { readonly k: 'object'; readonly database: number; readonly image: ObjectImage }
  | { readonly k: 'dropObject'; readonly database: number; readonly id: number }
  | { readonly k: 'rows'; readonly rows: readonly RowImage[] }
  | {
      readonly k: 'commit';
      readonly transactionId: number;
      readonly rows: readonly RowImage[];
      readonly counters: readonly CounterImage[];
      readonly commits: readonly (readonly [database: number, commit: CommitImage])[];
      readonly tracked?: readonly TrackedCommit[];
    }
  /** Of checkpoints: what change tracking keeps. */
  | { readonly k: 'tracked'; readonly commits: readonly TrackedCommit[] }
  | { readonly k: 'counters'; readonly counters: CounterImage; readonly lsn: number; readonly transactionId: number }
  | { readonly k: 'sequence'; readonly database: number; readonly id: number; readonly last: bigint | null }
  /** The capture job took `taken` waiting commits; with `markLsn` it added a row that only marks time. */
  | {
      readonly k: 'scan';
      readonly database: number;
      readonly taken: number;
      readonly markLsn: number;
      readonly nowMs: number;
    }
  /** Low-water marks were raised to these: what lies below is gone. */
  | {
      readonly k: 'clean';
      readonly database: number;
      readonly marks: readonly (readonly [capture: number, lsn: number])[];
    }
  | {
      readonly k: 'captured';
      readonly database: number;
      readonly capture: number;
      readonly changes: readonly (readonly [commitLsn: number, change: ChangeImage])[];
    }
  | { readonly k: 'times'; readonly database: number; readonly times: readonly TimeImage[] }
  | { readonly k: 'waiting'; readonly database: number; readonly commits: readonly CommitImage[] }
  /** Records that count only together: what one definition changed. */
  | { readonly k: 'group'; readonly records: readonly Buffer[] }
  /** The scripts of the first start have run. */
  | { readonly k: 'initialised' };

/** A row of cdc.lsn_time_mapping. */
export interface TimeImage {
  readonly startLsn: number;
  readonly beginMs: number;
  readonly endMs: number;
  readonly transactionId: number;
  readonly beginLsn: number;
}

/** A record as bytes: the structured clone format of V8, which keeps bigint, Buffer, Map and Set. */
export function encodeRecord(record: LogRecord): Buffer {
  return serialize(record);
}

export function decodeRecord(bytes: Buffer): LogRecord {
  return deserialize(bytes) as LogRecord;
}
