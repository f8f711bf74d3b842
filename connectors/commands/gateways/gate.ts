import { SluiceError } from '#infra/runtime/errors.ts';

export interface GateOptions {
  /** Work that may run at once. */
  readonly maxConcurrency: number;
  /** Work that may wait. */
  readonly maxQueued: number;
  /** Milliseconds it may wait. */
  readonly queueTimeoutMs: number;
}

interface Waiter {
  readonly enter: () => void;
}

/** Keeps the number of commands inside the database small: what cannot start soon is told so at once instead of piling up. */
export class Gate {
  readonly #options: GateOptions;
  readonly #waiting = new Set<Waiter>();
  #running = 0;

  constructor(options: GateOptions) {
    this.#options = options;
  }

  get load(): { readonly running: number; readonly waiting: number } {
    return { running: this.#running, waiting: this.#waiting.size };
  }

  /**
   * Runs `work` when it is its turn, first come first served.
   * @throws CMD_OVERLOADED when too many wait or the wait was too long; the signal's reason when it fires while waiting.
   */
  async run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    await this.#enter(signal);
    try {
      return await work();
    } finally {
      this.#leave();
    }
  }

  #enter(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const { maxConcurrency, maxQueued, queueTimeoutMs } = this.#options;
    if (this.#running < maxConcurrency && this.#waiting.size === 0) {
      this.#running++;
      return Promise.resolve();
    }
    if (this.#waiting.size >= maxQueued)
      return Promise.reject(overloaded(`${this.#waiting.size} commands are waiting already`));
    return new Promise((resolve, reject) => {
      const finish = (end: () => void): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        this.#waiting.delete(waiter);
        end();
      };
      const onAbort = (): void => finish(() => reject(signal?.reason));
      const timer = setTimeout(
        () => finish(() => reject(overloaded(`no turn within ${queueTimeoutMs} ms`))),
        queueTimeoutMs,
      );
      const waiter: Waiter = { enter: () => finish(resolve) };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiting.add(waiter);
    });
  }

  #leave(): void {
    const [next] = this.#waiting;
    if (next === undefined) this.#running--;
    else next.enter();
  }
}

function overloaded(reason: string): SluiceError {
  return new SluiceError('CMD_OVERLOADED', `A command was turned away: ${reason}.`);
}
