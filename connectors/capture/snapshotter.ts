import { type Lsn, MAX_LSN } from '#connectors/sqlserver/lsn.ts';
import type { Clock } from '#infra/runtime/clock.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import { retry } from '#infra/runtime/retry.ts';
import type { Chunk, ChunkReader } from './chunk.ts';
import { type LogScanMark, scannedToEndSince } from './logScan.ts';
import type { CapturedTable, SnapshotProgress } from './types.ts';

/** A chunk that was read and waits until the stream has passed it. */
export interface WaitingChunk extends Chunk {
  /** The capture job's newest log scan after the chunk's view was fixed; null when it cannot be seen. */
  readonly scan: LogScanMark | null;
}

interface TableWork {
  readonly table: CapturedTable;
  readonly read: ChunkReader;
  /** Key after which the next chunk begins. */
  cursor: readonly string[] | null;
  /** All rows were read (not yet written). */
  complete: boolean;
  /** Changes when reading starts over, so that a chunk on its way is dropped. */
  generation: number;
}

export interface SnapshotterOptions {
  readonly tables: readonly CapturedTable[];
  readonly progress: Readonly<Record<string, SnapshotProgress>>;
  readonly chunkRows: number;
  /** Chunks that may wait at once: this many times chunkRows rows are held. */
  readonly maxWaiting: number;
  readonly readerOf: (table: CapturedTable) => ChunkReader;
  readonly newestScan: () => Promise<LogScanMark | null>;
  /** Newest LSN that is known to be captured. */
  readonly knownLsn: () => Lsn;
  readonly log: Logger;
  readonly clock: Clock;
}

/**
 * Reads the tables that are not done yet, one after the other, a few chunks ahead of the stream. The engine takes the chunks the stream has
 * passed; reading goes on beside it.
 */
export class Snapshotter {
  readonly #options: SnapshotterOptions;
  readonly #work: TableWork[];
  readonly #waiting: WaitingChunk[] = [];
  #wake = Promise.withResolvers<void>();
  #failure: unknown;
  /** What was captured when the chunk on its way was begun; null when none is. */
  #readingSince: Lsn | null = null;

  constructor(options: SnapshotterOptions) {
    this.#options = options;
    this.#work = options.tables
      .filter((table) => options.progress[table.id]?.state !== 'done')
      .map((table) => ({
        table,
        read: options.readerOf(table),
        cursor: options.progress[table.id]?.lastKey ?? null,
        complete: false,
        generation: 0,
      }));
  }

  /** True when every row of every table was read and taken. */
  get finished(): boolean {
    return this.#waiting.length === 0 && this.#work.every((w) => w.complete);
  }

  /** True when a chunk waits for the stream. */
  get waiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** No chunk that waits or is being read has its view fixed at or below this LSN. */
  get floor(): Lsn {
    const floors = [...this.#waiting.map((chunk) => chunk.from), ...(this.#readingSince ? [this.#readingSince] : [])];
    return floors.sort()[0] ?? MAX_LSN;
  }

  /**
   * The stream must not pass this LSN yet: the chunk that is being read stands somewhere after it. Null when none is being read.
   */
  get ceiling(): Lsn | null {
    return this.#readingSince;
  }

  /** Runs until everything was read or the signal fires. */
  async run(signal: AbortSignal): Promise<void> {
    try {
      while (!signal.aborted) {
        const work = this.#work.find((w) => !w.complete);
        if (work && this.#waiting.length < this.#options.maxWaiting) await this.#readOne(work, signal);
        else await this.#pause(signal);
      }
    } catch (error) {
      if (!signal.aborted) this.#failure = error;
    }
  }

  /** @throws what ended the reading */
  check(): void {
    if (this.#failure) throw this.#failure;
  }

  /** The chunks a window passes that ends at `to`, or that a log scan has proved to be passed by everything captured. In the order they were read. */
  passed(to: Lsn, scan: LogScanMark | null): WaitingChunk[] {
    const isPassed = (chunk: WaitingChunk): boolean =>
      chunk.to <= to || (scan !== null && chunk.scan !== null && scannedToEndSince(chunk.scan, scan));
    const end = this.#waiting.findIndex((chunk) => !isPassed(chunk));
    return this.#waiting.slice(0, end < 0 ? undefined : end);
  }

  /** The chunk was written: make room. */
  taken(chunk: WaitingChunk): void {
    const at = this.#waiting.indexOf(chunk);
    if (at >= 0) this.#waiting.splice(at, 1);
    this.#wakeUp();
  }

  /** Reads a table again after a key, because rows of a chunk changed while its view was being fixed. */
  again(table: CapturedTable, afterKey: readonly string[] | null): void {
    const work = this.#work.find((w) => w.table === table);
    if (!work) return;
    work.generation++;
    work.cursor = afterKey;
    work.complete = false;
    for (let i = this.#waiting.length - 1; i >= 0; i--)
      if (this.#waiting[i]!.table === table) this.#waiting.splice(i, 1);
    this.#wakeUp();
  }

  async #readOne(work: TableWork, signal: AbortSignal): Promise<void> {
    const { chunkRows, clock, log } = this.#options;
    const { generation } = work;
    this.#readingSince = this.#options.knownLsn();
    const chunk = await retry(() => work.read(work.cursor, chunkRows), {
      signal,
      clock,
      onRetry: (error, attempt) =>
        log.warn({ event: 'snapshot_chunk_retried', table: work.table.id, attempt, error: String(error) }),
    });
    const scan = await this.#options.newestScan();
    this.#readingSince = null;
    if (generation !== work.generation) return;
    this.#waiting.push({ ...chunk, scan });
    work.cursor = chunk.rows.at(-1)?.key ?? work.cursor;
    work.complete = chunk.last;
  }

  async #pause(signal: AbortSignal): Promise<void> {
    this.#wake = Promise.withResolvers();
    const stop = (): void => this.#wake.resolve();
    signal.addEventListener('abort', stop, { once: true });
    await this.#wake.promise;
    signal.removeEventListener('abort', stop);
  }

  #wakeUp(): void {
    this.#wake.resolve();
  }
}
