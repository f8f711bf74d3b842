import { type Clock, systemClock } from './clock.ts';
import { isRetriable } from './errors.ts';

export interface RetryOptions {
  /** First pause's upper bound in milliseconds; it doubles each time (full jitter). Default 100. */
  readonly baseMs?: number;
  /** Upper bound of one pause in milliseconds. Default 5000. */
  readonly maxMs?: number;
  /** How often to try in all; Infinity for ever. Default 8. */
  readonly attempts?: number;
  readonly signal?: AbortSignal;
  /** Which errors are worth another try; by default those that say so themselves. */
  readonly retryIf?: (error: unknown) => boolean;
  /** Told before each pause; attempt counts from 1. */
  readonly onRetry?: (error: unknown, attempt: number, pauseMs: number) => void;
  readonly clock?: Clock;
  /** Uniform in [0, 1). */
  readonly random?: () => number;
}

/**
 * Runs `work` until it succeeds, an error is not worth retrying, the attempts are used up (the last error is thrown) or the signal fires.
 * Full jitter: the pause is uniform in [0, min(maxMs, baseMs·2^n)). Source: AWS Architecture Blog, "Exponential Backoff And Jitter".
 */
export async function retry<T>(work: (attempt: number) => Promise<T>, options: RetryOptions = {}): Promise<T> {
  const { baseMs = 100, maxMs = 5000, attempts = 8, signal, clock = systemClock, random = Math.random } = options;
  const retryIf = options.retryIf ?? isRetriable;
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted();
    try {
      return await work(attempt);
    } catch (error) {
      if (attempt >= attempts || signal?.aborted || !retryIf(error)) throw error;
      const pauseMs = Math.floor(random() * Math.min(maxMs, baseMs * 2 ** (attempt - 1)));
      options.onRetry?.(error, attempt, pauseMs);
      await clock.sleep(pauseMs, signal);
    }
  }
}
