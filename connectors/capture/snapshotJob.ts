import type { KeyText, ReadOptions, TableReader } from './chunk.ts';
import type { SnapshotJob } from './sessionHooks.ts';
import { rangesOf } from './snapshotProgress.ts';
import type { KeyListing } from './snapshotSweep.ts';
import type { RangeProgress } from './types.ts';

/** Bytes of one chunk, about: rows with large values come in smaller chunks. */
export const CHUNK_BYTES = 4 * 1024 * 1024;
/** Rows of the first chunk of a table with large columns, before their size is known. */
const FIRST_LARGE_ROWS = 100;
/** A range is worth a reader of its own from this many chunks on. */
const CHUNKS_A_RANGE = 4;

/** A key range on its way. */
export interface RangeWork {
  readonly index: number;
  /** Where the next chunk begins. */
  after: KeyText | null;
  readonly upTo: KeyText | null;
  /** All its rows were read (not yet written). */
  complete: boolean;
  /** A reader is at it. */
  busy: boolean;
  /** Grows when the range is set back, so that what is on its way then is dropped. */
  epoch: number;
  /** Rows of the next chunk at most. */
  limit: number;
}

/** What a job does: finds its ranges, reads them, waits until they are written, looks for rows that are gone; or gave up. */
export type JobPhase = 'planning' | 'reading' | 'draining' | 'sweeping' | 'swept' | 'complete' | 'failed';

/** A snapshot on its way. */
export class JobWork {
  job: SnapshotJob;
  phase: JobPhase = 'planning';
  ranges: RangeWork[] = [];
  totalRows: number | null = null;
  /** Made for the present version of the table. */
  reader: TableReader | null = null;
  listing: KeyListing | null = null;
  /** A reader plans or sweeps it. */
  busy = false;
  /** Consecutive failures. */
  failures = 0;
  /** When it was served last, so that jobs take turns. */
  turn = 0;
  /** What is still on its way is dropped. */
  forgotten = false;

  /** No range of the table is to be read: only what is in the topic already, or keys that were asked for, are looked up. */
  readonly nothing: boolean;

  constructor(job: SnapshotJob, nothing: boolean) {
    this.job = job;
    this.nothing = nothing;
  }

  /** The last key of every range. */
  get bounds(): (KeyText | null)[] {
    return this.ranges.map(({ upTo }) => upTo);
  }

  /** The range a reader may go on with. */
  nextRange(): RangeWork | undefined {
    return this.ranges.find((range) => !range.complete && !range.busy);
  }

  /** Starts from these ranges; `chunkRows` is the largest chunk. */
  begin(ranges: readonly RangeProgress[], chunkRows: number, large: boolean): void {
    const { fromKey, toKey } = this.job;
    this.ranges = ranges.map(({ lastKey, upTo, done }, index) => ({
      index,
      after: lastKey ?? (index === 0 ? (fromKey ?? null) : ranges[index - 1]!.upTo),
      upTo: upTo ?? toKey ?? null,
      complete: done,
      busy: false,
      epoch: 0,
      limit: large ? Math.min(chunkRows, FIRST_LARGE_ROWS) : chunkRows,
    }));
    this.phase = 'reading';
    this.rest();
  }

  /** All ranges were read: the job waits for them to be written. */
  rest(): void {
    if (this.phase === 'reading' && this.ranges.every((r) => r.complete)) this.phase = 'draining';
  }

  /** Sets a range back, so that it is read again after this key. */
  setBack(index: number, after: KeyText | null): void {
    const range = this.ranges[index]!;
    range.after = after;
    range.complete = false;
    range.epoch++;
    if (this.phase === 'draining') this.phase = 'reading';
  }
}

/** Sets how many rows the next chunk of a range has, from how large the rows of the last one were. Gives their size in bytes, about. */
export function fitLimit(
  range: RangeWork,
  rows: readonly Readonly<Record<string, unknown>>[],
  chunkRows: number,
): number {
  if (rows.length === 0) return 0;
  const step = Math.max(1, Math.floor(rows.length / 16));
  let bytes = 0;
  let looked = 0;
  for (let i = 0; i < rows.length; i += step, looked++) bytes += sizeOf(rows[i]!);
  const fits = Math.floor((CHUNK_BYTES * looked) / bytes);
  range.limit = Math.max(1, Math.min(chunkRows, fits, range.limit * 4));
  return (bytes * rows.length) / looked;
}

function sizeOf(row: Readonly<Record<string, unknown>>): number {
  let bytes = 0;
  for (const column in row) {
    const value = row[column];
    bytes += 16 + (typeof value === 'string' ? value.length * 2 : Buffer.isBuffer(value) ? value.length : 8);
  }
  return bytes;
}

/**
 * Finds the key ranges of a job: several for a large table, so that several readers have something to do. Ranges that were stored are kept.
 */
export async function plan(
  work: JobWork,
  reader: TableReader,
  options: ReadOptions & { readonly readers: number; readonly chunkRows: number },
): Promise<readonly RangeProgress[]> {
  const { job } = work;
  const { progress } = job;
  const partial = job.where !== undefined || job.fromKey !== undefined || job.toKey !== undefined;
  work.totalRows = progress.totalRows ?? (partial ? null : await reader.estimatedRows());
  const stored = rangesOf(progress);
  const begun = progress.ranges !== undefined || progress.lastKey !== null;
  if (begun || partial || !reader.hasKey || work.totalRows === null) return stored;
  const count = Math.min(options.readers, Math.floor(work.totalRows / (options.chunkRows * CHUNKS_A_RANGE)));
  const bounds: (KeyText | null)[] = [];
  while (bounds.length < count - 1) {
    const rows = Math.ceil(work.totalRows / count);
    const bound = await reader.keyAfter(bounds.at(-1) ?? null, rows, options);
    if (!bound) break;
    bounds.push(bound);
  }
  return [...bounds, null].map((upTo) => ({ lastKey: null, upTo, done: false }));
}
