import type { Database } from '#connectors/sqlserver/connection.ts';
import { type Lsn, ZERO_LSN } from '#connectors/sqlserver/lsn.ts';
import type { Clock } from '#infra/runtime/clock.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import { type CaptureMark, capturedSince, captureMark } from './logScan.ts';
import type { CaptureNotification } from './notifications.ts';
import type { ChunkEvent, SnapshotFailure, SnapshotJob, SnapshotReading } from './sessionHooks.ts';
import type { CaptureSettings, TableSelection } from './settings.ts';
import type { SnapshotChunk } from './snapshotChunk.ts';
import { ChunkStore } from './snapshotChunks.ts';
import { JobWork } from './snapshotJob.ts';
import { type JobRate, SnapshotRates } from './snapshotRates.ts';
import type { EarlierRows } from './snapshotSweep.ts';
import { SnapshotWorkers } from './snapshotWorkers.ts';
import type { ChangeEvent } from './types.ts';

export interface SnapshotReadingOptions {
  readonly db: Database;
  readonly settings: Pick<CaptureSettings, 'snapshotChunkRows' | 'snapshot'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly notify: (notification: CaptureNotification) => void;
  /** Newest LSN that is known to be captured. */
  readonly knownLsn: () => Lsn;
  /** Looks back into a table's topic; without it nothing is swept. */
  readonly earlierRows: EarlierRows | undefined;
}

/** Reads the snapshots of a session beside its stream. */
export function newSnapshotReading(options: SnapshotReadingOptions): Snapshotter {
  return new Snapshotter(options);
}

/**
 * Several readers take turns at the jobs, a few chunks ahead of the stream. The session takes the chunks the stream has passed and keeps the
 * progress. See SPEC.md, "Snapshot".
 */
export class Snapshotter implements SnapshotReading<SnapshotChunk> {
  readonly #options: SnapshotReadingOptions;
  readonly #jobs = new Map<string, JobWork>();
  readonly #chunks = new ChunkStore();
  readonly #rates: SnapshotRates;
  readonly #workers: SnapshotWorkers;
  #mark: CaptureMark | null = null;
  #polled = false;

  constructor(options: SnapshotReadingOptions) {
    // What an earlier session knew need not hold any more: the source may have been restored since.
    const knownLsn = (): Lsn => (this.#polled ? options.knownLsn() : ZERO_LSN);
    this.#options = { ...options, knownLsn };
    this.#rates = new SnapshotRates(() => options.clock.now());
    this.#workers = new SnapshotWorkers(this.#options, this.#jobs, this.#chunks);
  }

  get finished(): boolean {
    return (
      this.#chunks.count === 0 && [...this.#jobs.values()].every((w) => w.phase === 'complete' || w.phase === 'failed')
    );
  }

  get ceiling(): Lsn | null {
    return this.#chunks.ceiling;
  }

  /** Rows per second of a job and the time it still needs, as far as they can be told. */
  rateOf(job: string): JobRate | null {
    return this.#rates.of(job, this.#jobs.get(job)?.totalRows ?? null);
  }

  run(signal: AbortSignal): Promise<void> {
    return this.#workers.run(signal);
  }

  sync(jobs: readonly SnapshotJob[]): void {
    const wanted = new Map(jobs.filter((j) => j.progress.state !== 'done').map((j) => [j.id, this.#selected(j)]));
    for (const id of [...this.#jobs.keys()]) if (!wanted.has(id)) this.drop(id);
    for (const [id, job] of wanted) {
      const work = this.#jobs.get(id);
      if (!work) {
        this.#jobs.set(id, new JobWork(job, job.keys !== undefined || this.#selection(job) === 'none'));
        this.#rates.begin(id, job.progress.rows);
      } else {
        if (work.job.table !== job.table) work.reader = null;
        work.job = job;
      }
    }
    this.#workers.wake();
  }

  drop(job: string): void {
    const work = this.#jobs.get(job);
    if (!work) return;
    work.forgotten = true;
    void work.listing?.close().catch(() => undefined);
    this.#jobs.delete(job);
    this.#rates.end(job);
    for (const chunk of this.#chunks.ofJob(job)) this.#chunks.remove(chunk, true);
    this.#workers.wake();
  }

  async observe(signal: AbortSignal): Promise<void> {
    // A new poll: what was taken before is stored by now.
    for (const work of this.#jobs.values()) this.#workers.drained(work);
    this.#mark = this.#chunks.count > 0 ? await captureMark(this.#options.db, signal) : null;
  }

  changed(event: ChangeEvent): void {
    const { id } = event.table;
    if (!this.#chunks.hasTable(id) && !this.#workers.sweeps(id)) return;
    for (const work of this.#jobs.values()) if (work.job.table.id === id) work.listing?.changed(event);
    for (const chunk of this.#chunks.changed(event)) this.#readAgain(chunk);
  }

  passed(to: Lsn, _held: boolean, ofTable: (id: string) => boolean): readonly SnapshotChunk[] {
    this.#polled = true;
    const mark = this.#mark;
    const captured = this.#options.knownLsn();
    for (const chunk of this.#chunks.all)
      if (mark && chunk.origin.mark && capturedSince(chunk.origin.mark, mark)) chunk.proven(captured);
    return this.#chunks.released(({ releaseAt, table }) => releaseAt !== null && releaseAt <= to && ofTable(table.id));
  }

  events(chunk: SnapshotChunk): readonly ChunkEvent[] {
    return chunk.void ? [] : chunk.events();
  }

  taken(chunk: SnapshotChunk): void {
    if (!this.#chunks.remove(chunk, false)) return;
    const work = this.#jobs.get(chunk.job);
    if (work) this.#tellProgress(work, chunk.size);
    this.#workers.wake();
  }

  failures(): readonly SnapshotFailure[] {
    return this.#workers.takeFailures();
  }

  /** What the settings say of a table's own snapshot. */
  #selection({ id, table }: SnapshotJob): TableSelection | undefined {
    if (id !== table.id) return undefined;
    const names = [table.id, `${table.database}.${table.id}`].map((name) => name.toLowerCase());
    const found = Object.entries(this.#options.settings.snapshot.tables).find(([name]) =>
      names.includes(name.toLowerCase()),
    );
    return found?.[1];
  }

  #selected(job: SnapshotJob): SnapshotJob {
    const selection = this.#selection(job);
    return typeof selection === 'object' ? { ...job, where: selection.where } : job;
  }

  #tellProgress(work: JobWork, rows: number): void {
    const { id, table } = work.job;
    if (!this.#rates.wrote(id, rows)) return;
    const rate = this.rateOf(id);
    if (rate) this.#options.notify({ type: 'snapshot_progress', id, table: table.id, ...rate });
  }

  /** Drops a chunk and what was read after it in its range, and reads on from where it began. */
  #readAgain(chunk: SnapshotChunk): void {
    const work = this.#jobs.get(chunk.job);
    const ofRange = this.#chunks.ofJob(chunk.job).filter((c) => c.kind === chunk.kind && c.range === chunk.range);
    const from = ofRange.indexOf(chunk);
    // It went with an earlier one.
    if (from < 0) return;
    this.#options.log.info({ event: 'snapshot_chunk_repeated', table: chunk.table.id, job: chunk.job });
    for (const c of ofRange.slice(from)) this.#chunks.remove(c, true);
    if (!work) return;
    if (chunk.kind === 'rows') work.setBack(chunk.range, chunk.origin.after);
    else this.#workers.listAgain(work);
    this.#workers.wake();
  }
}
