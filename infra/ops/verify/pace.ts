import type { Clock } from '#infra/runtime/clock.ts';

/** How far a part of the run has come. */
export interface VerifyProgress {
  readonly what: string;
  readonly done: number;
  /** About how many there are; null when nobody knows. */
  readonly total: number | null;
  readonly ratePerSecond: number;
  readonly etaSeconds: number | null;
}

/** Holds reading of the source at a rate, and tells how far it is. */
export class Pace {
  readonly #clock: Clock;
  readonly #rowsPerSecond: number | null;
  readonly #tell: (progress: VerifyProgress) => void;
  #startedAt = 0;
  #what = '';
  #total: number | null = null;
  #done = 0;

  /** `rowsPerSecond` null: as fast as it goes. */
  constructor(clock: Clock, rowsPerSecond: number | null, tell: (progress: VerifyProgress) => void) {
    this.#clock = clock;
    this.#rowsPerSecond = rowsPerSecond;
    this.#tell = tell;
  }

  begin(what: string, total: number | null): void {
    this.#what = what;
    this.#total = total;
    this.#done = 0;
    this.#startedAt = this.#clock.now();
  }

  /** Counts things; with `paced`, waits until the rate allows more. */
  async done(count: number, signal: AbortSignal, paced: boolean): Promise<void> {
    this.#done += count;
    const seconds = Math.max(0.001, (this.#clock.now() - this.#startedAt) / 1000);
    const ratePerSecond = this.#done / seconds;
    const left = this.#total === null ? null : Math.max(0, this.#total - this.#done);
    const etaSeconds = left === null ? null : left / ratePerSecond;
    this.#tell({ what: this.#what, done: this.#done, total: this.#total, ratePerSecond, etaSeconds });
    signal.throwIfAborted();
    if (!paced || this.#rowsPerSecond === null) return;
    const aheadMs = (this.#done / this.#rowsPerSecond - seconds) * 1000;
    if (aheadMs > 1) await this.#clock.sleep(aheadMs, signal);
  }
}
