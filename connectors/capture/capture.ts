import type { Database } from '#connectors/sqlserver/connection.ts';
import { type Clock, systemClock } from '#infra/runtime/clock.ts';
import { describeError, errorFields, isAbort, isRetriable } from '#infra/runtime/errors.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import { counted } from './countedDatabase.ts';
import { commitLsnOf } from './position.ts';
import { runSession } from './session.ts';
import type { CaptureSettings } from './settings.ts';
import { CaptureStats, type CaptureStatus } from './status.ts';
import { loadTables } from './tables.ts';
import type { CaptureSink } from './types.ts';

const FIRST_PAUSE_MS = 200;
const MAX_PAUSE_MS = 5000;

export interface CaptureOptions {
  /** Opens the source; called again after the connection was lost for good. */
  readonly openSource: () => Promise<Database>;
  readonly sink: CaptureSink;
  readonly settings: CaptureSettings;
  readonly log: Logger;
  readonly clock?: Clock;
}

/**
 * Captures the changes of a database into a sink: a snapshot of each table and every later change, each exactly once, keys forward only.
 * What fails and may come back (source, Kafka, registry) is waited for; anything else ends `run` with the error.
 */
export class Capture {
  readonly #options: CaptureOptions;
  readonly #clock: Clock;
  readonly #stats = new CaptureStats();

  constructor(options: CaptureOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  status(): CaptureStatus {
    return this.#stats.snapshot(this.#clock.now());
  }

  /** Runs until the signal fires. @throws what cannot be waited for */
  async run(signal: AbortSignal): Promise<void> {
    let pauseMs = FIRST_PAUSE_MS;
    while (!signal.aborted) {
      const startedAtMs = this.#clock.now();
      try {
        await this.#session(signal);
      } catch (error) {
        if (signal.aborted || (isAbort(error) && signal.aborted)) break;
        this.#failed(error);
        if (!isRetriable(error)) throw error;
        pauseMs = this.#clock.now() - startedAtMs > MAX_PAUSE_MS ? FIRST_PAUSE_MS : Math.min(pauseMs * 2, MAX_PAUSE_MS);
        await this.#clock.sleep(pauseMs, signal).catch(() => undefined);
      }
    }
    this.#stats.state = 'stopped';
  }

  async #session(signal: AbortSignal): Promise<void> {
    const { openSource, sink, settings, log } = this.#options;
    const source = await openSource();
    const db = counted(source, () => this.#stats.queried(this.#clock.now()));
    try {
      this.#stats.state = 'starting';
      const newest = await loadTables(db, settings.database, settings.tables, null, signal);
      const stored = await sink.open(newest, signal);
      const tables = stored
        ? await loadTables(db, settings.database, settings.tables, commitLsnOf(stored.position), signal)
        : newest;
      log.info({ event: 'capture_started', tables: tables.length, position: stored?.position ?? null });
      await runSession({ db, tables, stored, sink, settings, stats: this.#stats, log, clock: this.#clock }, signal);
    } finally {
      await source.close();
    }
  }

  #failed(error: unknown): void {
    const waiting = isRetriable(error);
    this.#stats.state = waiting ? 'waiting' : 'failed';
    this.#stats.lastError = describeError(error);
    this.#stats.restarts++;
    const fields = { event: waiting ? 'capture_interrupted' : 'capture_failed', ...errorFields(error) };
    if (waiting) this.#options.log.warn(fields);
    else this.#options.log.error(fields);
  }
}
