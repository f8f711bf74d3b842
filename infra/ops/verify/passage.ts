import { type CopyName, hasPassed, type Passed, type ProgressReader } from '#consumers/runner/progress.ts';
import type { Clock } from '#infra/runtime/clock.ts';
import type { SourceReader, ViewMark } from './sourceReader.ts';

const LOOK_MS = 50;
const ASK_SOURCE_MS = 250;
const WISH_MS = 250;

export interface PassageOptions {
  readonly progress: ProgressReader;
  /** Asks for progress to be looked at now, as somebody waits for it. */
  readonly wish: () => Promise<unknown>;
  /** The newest promise capture has made; null when it has made none. */
  readonly newestPromise: () => Promise<Passed | null>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Most a run waits for copies in all. */
  readonly patienceMs: number;
}

/** Waits until copies have come past what was read, within one patience for the whole run. */
export class Passage {
  readonly #options: PassageOptions;
  #leftMs: number;

  constructor(options: PassageOptions) {
    this.#options = options;
    this.#leftMs = options.patienceMs;
  }

  /** No more waiting: whatever lags is undecided. */
  get isOver(): boolean {
    return this.#leftMs <= 0;
  }

  /**
   * Calls `look` until it says that nothing is left to see, or until the copy shows everything in the view: then `look` is called once more. True
   * in both cases; false when patience ran out first.
   */
  async until(source: SourceReader, copy: CopyName, mark: ViewMark, look: () => Promise<boolean>): Promise<boolean> {
    let toPass: string | null = null;
    let askAtMs = 0;
    return this.#loop(look, async () => {
      const now = this.#options.clock.now();
      if (toPass === null && now >= askAtMs) {
        toPass = await source.toPass(mark);
        askAtMs = now + ASK_SOURCE_MS;
      }
      if (toPass === null) return false;
      // Any place inside the commit will do: asked is for the end of it.
      return hasPassed(await this.#options.progress.passed(copy), `${toPass}${'0'.repeat(28)}9`);
    });
  }

  /**
   * As `until`, for documents: until the copy has passed a promise of capture that was made after this call. What was in the row store before
   * it has then been marked, built and written.
   */
  async untilPromisedAnew(copy: CopyName, look: () => Promise<boolean>): Promise<boolean> {
    const { progress, newestPromise } = this.#options;
    const before = await newestPromise();
    return this.#loop(look, async () => {
      const now = await progress.passed(copy);
      if (now === null || before === null) return false;
      return now.position > before.position || (now.sourceTimeMs ?? 0) > (before.sourceTimeMs ?? now.sourceTimeMs ?? 0);
    });
  }

  async #loop(look: () => Promise<boolean>, isPassed: () => Promise<boolean>): Promise<boolean> {
    const { clock, signal, wish } = this.#options;
    let wishAtMs = 0;
    for (;;) {
      signal.throwIfAborted();
      // Asked before the look, so that the look after it sees everything.
      const startedAt = clock.now();
      const passed = await isPassed();
      if (await look()) return true;
      if (passed) return true;
      if (this.isOver) return false;
      if (startedAt >= wishAtMs) {
        await wish();
        wishAtMs = startedAt + WISH_MS;
      }
      await clock.sleep(LOOK_MS, signal);
      this.#leftMs -= clock.now() - startedAt;
    }
  }
}
