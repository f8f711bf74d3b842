import { backgroundLoop } from '#infra/runtime/background.ts';
import { type Clock, systemClock } from '#infra/runtime/clock.ts';
import { errorFields, isRetriable } from '#infra/runtime/errors.ts';
import type { LatencyWindow } from '#infra/runtime/latency.ts';
import type { Component } from '#infra/runtime/lifecycle.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import type { Elastic } from './elastic.ts';

/** After a refresh that took long comes a pause of this many times as long: under load small segments cost more than the documents in them. */
export const REFRESH_REST = 4;

/** But never longer than this many intervals. */
const MOST_INTERVALS = 5;

/** Samples waiting for one refresh at most; the newest are kept. */
const MAX_SAMPLES = 20_000;

export interface RefresherOptions {
  readonly elastic: Elastic;
  readonly index: () => string;
  readonly intervalMs: number;
  /** Milliseconds from commit in the source to searchable. */
  readonly latency: LatencyWindow;
  readonly log: Logger;
  readonly clock?: Clock;
}

/**
 * Makes written documents searchable, at most once every `intervalMs` and only after writes, less often where a refresh takes long; and then
 * knows how long their changes took from commit to search.
 */
export class Refresher {
  readonly #options: RefresherOptions;
  readonly #clock: Clock;
  #sourceTsMs: number[] = [];
  #written = false;
  #wake: (() => void) | undefined;

  constructor(options: RefresherOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** Tells of documents that are written but not searchable yet; null times (snapshot rows) are no samples. */
  written(sourceTsMs: readonly (number | null)[]): void {
    for (const time of sourceTsMs)
      if (time !== null && this.#sourceTsMs.length < MAX_SAMPLES) this.#sourceTsMs.push(time);
    this.#written = true;
    this.#wake?.();
  }

  component(): Component {
    return backgroundLoop('search refresher', async (signal) => {
      while (!signal.aborted) {
        await this.#untilWritten(signal);
        const startedMs = this.#clock.now();
        await this.#refresh();
        await this.#clock.sleep(this.#pauseMs(this.#clock.now() - startedMs), signal);
      }
    });
  }

  #pauseMs(tookMs: number): number {
    const { intervalMs } = this.#options;
    return Math.min(Math.max(intervalMs, tookMs * REFRESH_REST), intervalMs * MOST_INTERVALS);
  }

  async #untilWritten(signal: AbortSignal): Promise<void> {
    if (this.#written) return;
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => reject(signal.reason as Error);
      signal.addEventListener('abort', onAbort, { once: true });
      this.#wake = () => {
        signal.removeEventListener('abort', onAbort);
        this.#wake = undefined;
        resolve();
      };
    });
  }

  async #refresh(): Promise<void> {
    const samples = this.#sourceTsMs;
    this.#sourceTsMs = [];
    this.#written = false;
    try {
      await this.#options.elastic.request('POST', `/${this.#options.index()}/_refresh`);
    } catch (error) {
      if (!isRetriable(error)) throw error;
      this.#options.log.warn({ event: 'search_refresh_failed', ...errorFields(error) });
      this.#sourceTsMs = [...samples, ...this.#sourceTsMs].slice(0, MAX_SAMPLES);
      this.#written = true;
      return;
    }
    const nowMs = this.#clock.now();
    for (const time of samples) this.#options.latency.record(Math.max(0, nowMs - time));
  }
}
