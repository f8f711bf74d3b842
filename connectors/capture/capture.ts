import type { Database } from '#connectors/sqlserver/connection.ts';
import { type Clock, systemClock } from '#infra/runtime/clock.ts';
import { describeError, errorFields, hasCode, isAbort, isRetriable } from '#infra/runtime/errors.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import type { SignalSource } from './control.ts';
import { counted } from './countedDatabase.ts';
import type { CaptureObserver } from './notifications.ts';
import { newSchemaMemory } from './schemaWatched.ts';
import { type RefusedEvent, runSession, type SessionEnd } from './session.ts';
import type { SourceHealth } from './sessionHooks.ts';
import type { CaptureSettings } from './settings.ts';
import { CaptureStats, type CaptureStatus } from './status.ts';
import { loadTables } from './tables.ts';
import { type CaptureSink, UnfitEvent } from './types.ts';

const FIRST_PAUSE_MS = 200;
const MAX_PAUSE_MS = 5000;

export interface CaptureOptions {
  /** Opens the source; called again after the connection was lost for good. */
  readonly openSource: () => Promise<Database>;
  readonly sink: CaptureSink;
  readonly settings: CaptureSettings;
  readonly log: Logger;
  readonly clock?: Clock;
  /** Hears what happens. */
  readonly observer?: CaptureObserver;
  /** Brings what operators ask for. */
  readonly signals?: SignalSource;
  /** Watches the source over all sessions. */
  readonly health?: SourceHealth;
}

/**
 * Captures the changes of a database into a sink: a snapshot of each table and every later change, each exactly once, keys forward only.
 * What fails and may come back (source, Kafka, registry) is waited for; anything else ends `run` with the error.
 */
export class Capture {
  readonly #options: CaptureOptions;
  readonly #clock: Clock;
  readonly #stats = new CaptureStats();
  /** What the sink refused, by table: the next session stops the table there. */
  readonly #unfit = new Map<string, RefusedEvent>();
  readonly #schemaMemory = newSchemaMemory();
  #everRan = false;

  constructor(options: CaptureOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  status(): CaptureStatus {
    return this.#stats.snapshot(this.#clock.now());
  }

  /** Runs until the signal fires, or until everything was read when nothing else is wanted. May be called again. @throws what cannot be waited for */
  async run(signal: AbortSignal): Promise<void> {
    let pauseMs = FIRST_PAUSE_MS;
    this.#stats.begin();
    while (!signal.aborted) {
      const startedAtMs = this.#clock.now();
      try {
        const end = await this.#session(signal);
        if (end === 'completed') return this.#stats.to('nothing_left');
        this.#stats.begin();
      } catch (error) {
        if (signal.aborted) break;
        if (error instanceof UnfitEvent) {
          this.#refused(error);
          this.#stats.begin();
          continue;
        }
        const ownPauseMs = this.#failed(error);
        pauseMs = this.#clock.now() - startedAtMs > MAX_PAUSE_MS ? FIRST_PAUSE_MS : Math.min(pauseMs * 2, MAX_PAUSE_MS);
        await this.#clock.sleep(ownPauseMs ?? pauseMs, signal).catch(() => undefined);
        if (!signal.aborted) this.#stats.to('retry');
      }
    }
    this.#stats.to('stop');
  }

  async #session(signal: AbortSignal): Promise<SessionEnd> {
    const { openSource, sink, settings, log, observer, signals, health } = this.#options;
    const source = await openSource();
    const db = counted(source, () => this.#stats.queried(this.#clock.now()));
    try {
      const stored = await sink.open(signal);
      await health?.begin(db, stored?.source ?? null, signal);
      const loaded = await loadTables(db, settings, stored, signal);
      log.info({ event: 'capture_started', tables: loaded.tables.length, position: stored?.position ?? null });
      this.#everRan = true;
      return await runSession(
        {
          db,
          loaded,
          stored,
          sink,
          settings,
          stats: this.#stats,
          log,
          clock: this.#clock,
          observer: observer ?? { notify: () => undefined },
          signals: signals ?? null,
          health: health ?? null,
          schemaMemory: this.#schemaMemory,
          unfit: this.#unfit,
        },
        signal,
      );
    } finally {
      await source.close();
    }
  }

  /** The next session stops the table right before the event; at once, where that is not a place in its changes or was tried before. */
  #refused(error: UnfitEvent): void {
    const { table, changeLsn, position } = error.event;
    const before = this.#unfit.get(table.id)?.error.event.position;
    this.#unfit.set(table.id, { error, atOnce: changeLsn === null || before === position });
  }

  /** The pause the source's watch wants before the next try; null for the usual one. @throws the error when it cannot be waited for */
  #failed(error: unknown): number | null {
    const { health, log } = this.#options;
    const judged = health?.failed(error);
    const waiting = isRetriable(error) || (this.#everRan && judged?.waits === true);
    this.#stats.to(waiting ? 'interrupted' : 'gave_up');
    this.#stats.lastError = describeError(error);
    this.#stats.restarts++;
    // Whoever fenced this one works on: see infra/kafka/lease.ts.
    const fenced = hasCode(error, 'KAFKA_FENCED');
    const event = waiting ? 'capture_interrupted' : fenced ? 'capture_fenced' : 'capture_failed';
    const fields = { event, ...errorFields(error) };
    if (waiting || fenced) log.warn(fields);
    else log.error(fields);
    if (!waiting || isAbort(error)) throw error;
    return judged?.pauseMs ?? null;
  }
}
