import type { Clock } from '#infra/runtime/clock.ts';
import type { Detected } from './detect.ts';
import { endOf, type Position } from './position.ts';
import type { SessionState } from './sessionState.ts';
import type { CaptureSink } from './types.ts';

/** Moved positions are told at most this often, ms: each telling is a transaction of its own. */
const LEAST_PAUSE_MS = 200;

export interface ProgressTellerOptions {
  readonly database: string;
  readonly state: SessionState;
  readonly configured: readonly string[];
  readonly sink: CaptureSink;
  readonly clock: Clock;
  /** Told this often while nothing moves, ms. */
  readonly intervalMs: number;
}

/**
 * Tells the sink after a poll how far everything was written, changes or not: what the copies' age is reckoned from. It must be called when
 * nothing is on its way to the sink any more.
 */
export class ProgressTeller {
  readonly #options: ProgressTellerOptions;
  #toldAtMs = Number.NEGATIVE_INFINITY;
  #toldPosition: Position | null = null;
  #toldTables = '';

  constructor(options: ProgressTellerOptions) {
    this.#options = options;
  }

  /** `provedMs`: what was committed before this moment had been captured when the detect statement ran; null when nothing proves it. */
  async tell(detected: Detected, provedMs: number | null, signal: AbortSignal): Promise<void> {
    const { database, state, configured, sink, clock, intervalMs } = this.#options;
    if (!sink.progress) return;
    const { position, positionTimeMs } = state.current;
    const complete = configured.filter((id) => state.nameOf(id) === 'streaming');
    const tables = complete.join('\n');
    const moved = position !== this.#toldPosition || tables !== this.#toldTables;
    const nowMs = clock.now();
    if (nowMs - this.#toldAtMs < (moved ? LEAST_PAUSE_MS : intervalMs)) return;
    // Only what the detect statement could see was read, so the proof counts when all of that was read.
    const isWhole = detected.maxLsn === null || position >= endOf(detected.maxLsn);
    const sourceTimeMs = isWhole && provedMs !== null ? Math.max(provedMs, positionTimeMs ?? 0) : positionTimeMs;
    const waiting = configured.filter((id) => !complete.includes(id));
    await sink.progress({ database, position, sourceTimeMs, complete, waiting }, signal);
    this.#toldAtMs = nowMs;
    this.#toldPosition = position;
    this.#toldTables = tables;
  }
}
