import type { Clock } from '#infra/runtime/clock.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import type { BreakerState } from './procedure.ts';

export interface BreakerOptions {
  /** Calls in a row that must find the database away before it opens. */
  readonly failures: number;
  /** Milliseconds it stays open at first; doubles with every probe that fails, up to `maxOpenMs`. */
  readonly openMs: number;
  readonly maxOpenMs: number;
  readonly clock: Pick<Clock, 'now'>;
  /** Told after every change. */
  readonly onChange?: (state: BreakerState) => void;
}

/**
 * Circuit breaker of one database. While it is open calls fail at once instead of waiting for a database that is not there, and the
 * database is not stormed when it comes back: one call at a time finds out. What the database refuses counts as a sign of life.
 */
export class CircuitBreaker {
  readonly #options: BreakerOptions;
  #state: BreakerState = 'closed';
  #failures = 0;
  #openMs: number;
  #openUntilMs = 0;

  constructor(options: BreakerOptions) {
    this.#options = options;
    this.#openMs = options.openMs;
  }

  get state(): BreakerState {
    return this.#state;
  }

  /**
   * Runs `work` unless the circuit is open.
   * @param isAway which errors say that the database cannot be reached or does not answer.
   * @throws CMD_DATABASE_AWAY with `retryAfterMs` in its context while the circuit is open; whatever `work` throws.
   */
  async run<T>(work: () => Promise<T>, isAway: (error: unknown) => boolean): Promise<T> {
    this.#admit();
    const isProbe = this.#state === 'half-open';
    try {
      const result = await work();
      this.#close();
      return result;
    } catch (error) {
      if (isAway(error)) this.#failed(isProbe);
      else if (error instanceof SluiceError && error.code === 'CMD_REFUSED') this.#close();
      // Overload, abort and faults of ours say nothing about the database; a probe that ends so lets the next one try.
      else if (isProbe && this.#state === 'half-open') this.#set('open');
      throw error;
    }
  }

  #admit(): void {
    if (this.#state === 'closed') return;
    const waitMs = this.#openUntilMs - this.#options.clock.now();
    if (this.#state === 'open' && waitMs <= 0) {
      this.#set('half-open');
      return;
    }
    throw new SluiceError('CMD_DATABASE_AWAY', 'The database did not answer before and is not asked again yet.', {
      context: { breaker: this.#state, retryAfterMs: Math.max(1000, waitMs) },
    });
  }

  #close(): void {
    this.#failures = 0;
    this.#openMs = this.#options.openMs;
    this.#set('closed');
  }

  #failed(isProbe: boolean): void {
    this.#failures++;
    if (isProbe) this.#openMs = Math.min(this.#options.maxOpenMs, this.#openMs * 2);
    else if (this.#state !== 'closed' || this.#failures < this.#options.failures) return;
    this.#openUntilMs = this.#options.clock.now() + this.#openMs;
    this.#set('open');
  }

  #set(state: BreakerState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#options.onChange?.(state);
  }
}
