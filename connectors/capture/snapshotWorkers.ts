import { ZERO_LSN } from '#connectors/sqlserver/lsn.ts';
import { type KeyText, type ReadOptions, TableReader } from './chunk.ts';
import { captureMark } from './logScan.ts';
import type { SnapshotFailure } from './sessionHooks.ts';
import { type ChunkOrigin, RowsChunk, SweepChunk } from './snapshotChunk.ts';
import type { ChunkStore } from './snapshotChunks.ts';
import { faultKind, pauseAfter } from './snapshotFaults.ts';
import { parseFilter } from './snapshotFilter.ts';
import { type SnapshotIsolation, snapshotIsolation } from './snapshotIsolation.ts';
import { CHUNK_BYTES, fitLimit, type JobWork, plan, type RangeWork } from './snapshotJob.ts';
import { AskedKeys, SweepListing } from './snapshotSweep.ts';
import type { SnapshotReadingOptions } from './snapshotter.ts';

/** Size of a row that was looked up for a sweep, about. */
const SWEPT_ROW_BYTES = 500;
/** A view that every window has passed. */
const NOTHING = { from: ZERO_LSN, to: ZERO_LSN, rows: [], last: true };

type Task = (signal: AbortSignal) => Promise<void>;

/** The readers of a snapshot: each takes the next piece of work of the job that was served longest ago. */
export class SnapshotWorkers {
  readonly #options: SnapshotReadingOptions;
  readonly #jobs: ReadonlyMap<string, JobWork>;
  readonly #chunks: ChunkStore;
  #failures: SnapshotFailure[] = [];
  #wake = Promise.withResolvers<void>();
  #turn = 0;
  #isolation: SnapshotIsolation | null = null;

  constructor(options: SnapshotReadingOptions, jobs: ReadonlyMap<string, JobWork>, chunks: ChunkStore) {
    this.#options = options;
    this.#jobs = jobs;
    this.#chunks = chunks;
  }

  wake(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }

  takeFailures(): readonly SnapshotFailure[] {
    const failures = this.#failures;
    this.#failures = [];
    return failures;
  }

  /** True while the topic of the table is being listed. */
  sweeps(table: string): boolean {
    for (const work of this.#jobs.values()) if (work.listing && work.job.table.id === table) return true;
    return false;
  }

  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(Array.from({ length: this.#options.settings.snapshot.readers }, () => this.#work(signal)));
  }

  /** What the job has read was written and is stored: the job is over, or looks for rows that are gone. */
  drained(work: JobWork): void {
    if (this.#chunks.ofJob(work.job.id).length > 0) return;
    if (work.phase === 'swept') {
      this.#chunks.add(new SweepChunk(this.#nowhere(work), { ...NOTHING, earlier: [] }, false, () => false), 0);
      work.phase = 'complete';
    }
    if (work.phase !== 'draining') return;
    const { progress, keys } = work.job;
    const sweeping = progress.sweep !== undefined;
    if (sweeping && keys === undefined && !this.#options.earlierRows) {
      this.#options.log.warn({ event: 'snapshot_not_swept', table: work.job.table.id, reason: 'no topic to look in' });
    }
    work.phase = sweeping ? 'sweeping' : 'complete';
    if (sweeping) this.listAgain(work);
    this.wake();
  }

  /** Lists the topic of a job's table from the beginning. */
  listAgain(work: JobWork): void {
    void work.listing?.close().catch(() => undefined);
    work.listing = null;
    if (work.phase === 'swept' || work.phase === 'complete') work.phase = 'sweeping';
  }

  async #work(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const task = this.#nextTask();
      if (task) await task(signal);
      else await this.#idle(signal);
    }
  }

  async #idle(signal: AbortSignal): Promise<void> {
    const { promise } = this.#wake;
    const stop = Promise.withResolvers<void>();
    const onAbort = (): void => stop.resolve();
    signal.addEventListener('abort', onAbort, { once: true });
    await Promise.race([promise, stop.promise]);
    signal.removeEventListener('abort', onAbort);
  }

  #nextTask(): Task | null {
    const { bytes, inFlight } = this.#chunks;
    const full = bytes + inFlight * CHUNK_BYTES >= this.#options.settings.snapshot.bufferMegabytes * 1024 * 1024;
    if (full && bytes + inFlight > 0) return null;
    const jobs = [...this.#jobs.values()].sort((a, b) => a.turn - b.turn);
    for (const work of jobs) {
      const task = this.#taskOf(work);
      if (!task) continue;
      work.turn = ++this.#turn;
      return (signal) => this.#guarded(work, task, signal);
    }
    return null;
  }

  #taskOf(work: JobWork): Task | null {
    if (work.phase === 'planning' && !work.busy) return this.#alone(work, (signal) => this.#plan(work, signal));
    if (work.phase === 'sweeping' && !work.busy) return this.#alone(work, (signal) => this.#sweep(work, signal));
    const range = work.phase === 'reading' ? work.nextRange() : undefined;
    if (!range) return null;
    range.busy = true;
    return async (signal) => {
      try {
        await this.#read(work, range, signal);
      } finally {
        range.busy = false;
      }
    };
  }

  #alone(work: JobWork, task: Task): Task {
    work.busy = true;
    return async (signal) => {
      try {
        await task(signal);
      } finally {
        work.busy = false;
      }
    };
  }

  async #guarded(work: JobWork, task: Task, signal: AbortSignal): Promise<void> {
    try {
      await task(signal);
      work.failures = 0;
    } catch (error) {
      if (!signal.aborted && !work.forgotten) await this.#failed(work, error, signal);
    }
    this.wake();
  }

  /** Waits before the next try, or ends the job. */
  async #failed(work: JobWork, error: unknown, signal: AbortSignal): Promise<void> {
    const { log, clock, settings } = this.#options;
    const { id, table } = work.job;
    const kind = faultKind(error, ++work.failures);
    if (kind === 'no_snapshot' && settings.snapshot.isolation === 'auto' && this.#isolation === 'snapshot') {
      this.#isolation = 'read-committed';
      log.warn({ event: 'snapshot_isolation_lost', table: table.id, error: String(error) });
    } else if (kind === 'passing') {
      log.warn({ event: 'snapshot_chunk_retried', table: table.id, attempt: work.failures, error: String(error) });
      await clock.sleep(pauseAfter(work.failures), signal).catch(() => undefined);
    } else {
      work.phase = 'failed';
      this.#failures.push({ job: id, table: table.id, error });
    }
  }

  async #readOptions(signal: AbortSignal, onView: ReadOptions['onView'] = () => undefined): Promise<ReadOptions> {
    const { db, settings, log, knownLsn } = this.#options;
    if (!this.#isolation) {
      const chosen = await snapshotIsolation(db, settings.snapshot.isolation, signal);
      this.#isolation = chosen.isolation;
      const fields = { event: 'snapshot_isolation', isolation: chosen.isolation, reasons: chosen.reasons.join('; ') };
      if (chosen.reasons.length > 0) log.warn(fields);
      else log.info(fields);
    }
    return { isolation: this.#isolation, since: knownLsn(), onView };
  }

  #readerOf(work: JobWork, signal: AbortSignal): TableReader {
    if (work.reader) return work.reader;
    const { table, where } = work.job;
    const filter = where === undefined ? null : parseFilter(where, table.instance.columns);
    work.reader = new TableReader(this.#options.db, table, filter, signal);
    return work.reader;
  }

  async #plan(work: JobWork, signal: AbortSignal): Promise<void> {
    const { snapshotChunkRows: chunkRows, snapshot } = this.#options.settings;
    if (work.nothing) {
      work.begin([{ lastKey: null, upTo: null, done: true }], chunkRows, false);
      this.#chunks.add(new RowsChunk(this.#nowhere(work), { ...NOTHING, keyOf: () => null }), 0);
      return;
    }
    const reader = this.#readerOf(work, signal);
    const options = await this.#readOptions(signal);
    const ranges = await plan(work, reader, { ...options, readers: snapshot.readers, chunkRows });
    if (!work.forgotten) work.begin(ranges, chunkRows, reader.hasLargeColumns);
  }

  /** Reads the next chunk of a range. */
  async #read(work: JobWork, range: RangeWork, signal: AbortSignal): Promise<void> {
    const { after, upTo, limit, epoch } = range;
    const reader = this.#readerOf(work, signal);
    const { options, done } = await this.#begin(work, signal);
    try {
      const read = await reader.range({ ...options, after, upTo, limit });
      const origin = await this.#origin(work, reader, range.index, after, signal);
      if (work.forgotten || epoch !== range.epoch || reader !== work.reader) return;
      const chunk = new RowsChunk(origin, read);
      range.after = chunk.lastKey ?? after;
      range.complete = read.last;
      this.#chunks.add(chunk, fitLimit(range, read.rows, this.#options.settings.snapshotChunkRows));
      work.rest();
    } finally {
      done();
    }
  }

  /** Looks up the next keys the topic has from before an interval was lost. */
  async #sweep(work: JobWork, signal: AbortSignal): Promise<void> {
    const { earlierRows } = this.#options;
    const { table, progress, where, keys } = work.job;
    const partial = work.nothing || where !== undefined;
    const reader = this.#readerOf(work, signal);
    if (keys !== undefined) work.listing ??= new AskedKeys(reader, keys);
    else if (earlierRows && progress.sweep !== undefined)
      work.listing ??= new SweepListing(earlierRows, table, progress.sweep, signal);
    const { listing } = work;
    const earlier = await listing?.next();
    if (!earlier) {
      if (listing === work.listing) work.phase = 'swept';
      work.listing = null;
      return;
    }
    const { options, done } = await this.#begin(work, signal);
    try {
      const found = await reader.byKeys(
        earlier.map((row) => reader.keyOf(row.key)),
        options,
      );
      const origin = await this.#origin(work, reader, 0, null, signal);
      if (work.forgotten || listing !== work.listing || !listing) return;
      // Rows that a filter left out were not read again, so those that are still there are written here.
      const chunk = new SweepChunk(origin, { ...found, earlier, last: false }, partial, (row) =>
        listing.isTouched(row),
      );
      this.#chunks.add(chunk, earlier.length * SWEPT_ROW_BYTES);
      listing.taken();
    } finally {
      done();
    }
  }

  /** The origin of a chunk without rows, which only tells that something is over. */
  #nowhere({ job, bounds, totalRows }: JobWork): ChunkOrigin {
    const ends = bounds.length > 0 ? bounds : [null];
    const { id, table } = job;
    return {
      job: id,
      table,
      range: 0,
      bounds: ends,
      totalRows,
      after: null,
      readAtMs: this.#options.clock.now(),
      mark: null,
    };
  }

  async #begin(
    work: JobWork,
    signal: AbortSignal,
  ): Promise<{ readonly options: ReadOptions; readonly done: () => void }> {
    const options = await this.#readOptions(signal, (from) => {
      if (from > read.since) read.since = from;
    });
    const since = this.#options.knownLsn();
    const exact = options.isolation === 'snapshot';
    const read = this.#chunks.begin({ table: work.job.table.id, exact, since });
    return { options: { ...options, since }, done: () => this.#chunks.end(read) };
  }

  async #origin(
    work: JobWork,
    { table }: TableReader,
    range: number,
    after: KeyText | null,
    signal: AbortSignal,
  ): Promise<ChunkOrigin> {
    const { db, clock } = this.#options;
    const readAtMs = clock.now();
    const mark = await captureMark(db, signal);
    const { job, bounds, totalRows } = work;
    return { job: job.id, table, range, bounds, totalRows, after, readAtMs, mark };
  }
}
