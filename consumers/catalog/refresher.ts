import { backgroundLoop } from '#infra/runtime/background.ts';
import { type Clock, systemClock } from '#infra/runtime/clock.ts';
import { errorFields, isRetriable } from '#infra/runtime/errors.ts';
import type { LatencyWindow } from '#infra/runtime/latency.ts';
import type { Component } from '#infra/runtime/lifecycle.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import type { Elastic } from './elastic.ts';

/** After a refresh that took long comes a pause of this many times as long: under load small segments cost more than the documents in them. */
export const REFRESH_REST = 4;

/** What is written long after its commit is searchable a part of that time later still: a snapshot, a rebuild, a backlog. */
const AGE_PART = 4;
/** But no pause is longer than this many intervals, and none for the duration of a refresh longer than half as many. */
const MOST_INTERVALS = 10;

/** While nothing is written. */
const IDLE_MS = 60_000;

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
 * knows how long their changes took from commit to search. Small segments cost more than the documents in them: what is late anyway waits for more
 * of its kind.
 */
export class Refresher {
  readonly #options: RefresherOptions;
  readonly #clock: Clock;
  #sourceTsMs: number[] = [];
  #written = false;
  /** Newest commit time of what waits; -Infinity while only rows of a snapshot do. */
  #newestMs = Number.NEGATIVE_INFINITY;
  #change = Promise.withResolvers<void>();

  constructor(options: RefresherOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** Tells of documents that are written but not searchable yet; null times (snapshot rows) are no samples. */
  written(sourceTsMs: readonly (number | null)[]): void {
    for (const time of sourceTsMs) {
      if (time === null) continue;
      if (time > this.#newestMs) this.#newestMs = time;
      if (this.#sourceTsMs.length < MAX_SAMPLES) this.#sourceTsMs.push(time);
    }
    this.#written = true;
    this.#change.resolve();
  }

  component(): Component {
    return backgroundLoop('search refresher', async (signal) => {
      let [startedMs, endedMs] = [0, 0];
      while (!signal.aborted) {
        await this.#untilDue(endedMs, endedMs - startedMs, signal);
        startedMs = this.#clock.now();
        await this.#refresh();
        endedMs = this.#clock.now();
      }
    });
  }

  /** Resolves when something is written and the pause is over; newer changes that come meanwhile shorten it. */
  async #untilDue(endedMs: number, tookMs: number, signal: AbortSignal): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      const leftMs = this.#written ? endedMs + this.#pauseMs(tookMs) - this.#clock.now() : IDLE_MS;
      if (leftMs <= 0) return;
      this.#change = Promise.withResolvers();
      const over = new AbortController();
      const pause = this.#clock.sleep(leftMs, AbortSignal.any([signal, over.signal]));
      await Promise.race([this.#change.promise, pause]).finally(() => over.abort());
    }
  }

  #pauseMs(tookMs: number): number {
    const { intervalMs } = this.#options;
    const mostMs = intervalMs * MOST_INTERVALS;
    const restMs = Math.min(tookMs * REFRESH_REST, mostMs / 2);
    const agePartMs = (this.#clock.now() - this.#newestMs) / AGE_PART;
    return Math.min(Math.max(intervalMs, restMs, agePartMs), mostMs);
  }

  async #refresh(): Promise<void> {
    const samples = this.#sourceTsMs;
    const newestMs = this.#newestMs;
    this.#sourceTsMs = [];
    this.#written = false;
    this.#newestMs = Number.NEGATIVE_INFINITY;
    try {
      await this.#options.elastic.request('POST', `/${this.#options.index()}/_refresh`);
    } catch (error) {
      if (!isRetriable(error)) throw error;
      this.#options.log.warn({ event: 'search_refresh_failed', ...errorFields(error) });
      this.#sourceTsMs = [...samples, ...this.#sourceTsMs].slice(0, MAX_SAMPLES);
      this.#newestMs = Math.max(this.#newestMs, newestMs);
      this.#written = true;
      return;
    }
    const nowMs = this.#clock.now();
    for (const time of samples) this.#options.latency.record(Math.max(0, nowMs - time));
  }
}
