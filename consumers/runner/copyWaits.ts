import { command, type RedisCall, type RedisCommands } from '#infra/redis/client.ts';
import { type Clock, systemClock } from '#infra/runtime/clock.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import { CALLS, type CopyName, hasPassed, passedCalls, passedOf } from './progress.ts';

/** Between two looks while anybody waits, ms. */
const LOOK_MS = 25;
/** The wish for haste is told this often, ms. */
const WISH_MS = 100;

/** Something in Redis that is waited for: the calls that ask for it, and whether their answers say that it is there. */
export interface Awaited {
  readonly calls: readonly RedisCall[];
  isThere(answers: readonly unknown[]): boolean;
}

interface Waiter extends Awaited {
  readonly deadlineMs: number;
  readonly settle: (outcome: boolean | Error) => void;
}

export interface CopyWaitsOptions {
  readonly redis: RedisCommands;
  readonly groupPrefix: string;
  /** Requests that may wait at once in this process. */
  readonly maxWaiting: number;
  readonly clock?: Clock;
}

/**
 * Requests that wait for copies. One loop looks for all of them in one round trip, only while somebody waits, so that a crowd of waiting
 * requests costs Redis no more than one.
 */
export class CopyWaits {
  readonly #options: CopyWaitsOptions;
  readonly #clock: Clock;
  readonly #waiters = new Set<Waiter>();
  #looking = false;
  #wishedAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: CopyWaitsOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  get waiting(): number {
    return this.#waiters.size;
  }

  /**
   * true when the copy has passed the position (see hasPassed), false when `timeoutMs` went by first.
   * @throws COPY_WAITS_FULL; the signal's reason when it fires first; REDIS_… errors
   */
  untilPassed(copy: CopyName, position: string, timeoutMs: number, signal?: AbortSignal): Promise<boolean> {
    const { redis, groupPrefix } = this.#options;
    const awaited = {
      calls: passedCalls(redis, groupPrefix, copy),
      isThere: (answers: readonly unknown[]) => hasPassed(passedOf(answers.slice(0, CALLS)), position),
    };
    return this.until(awaited, timeoutMs, signal);
  }

  /** The same for anything that calls to Redis can tell. */
  async until(awaited: Awaited, timeoutMs: number, signal?: AbortSignal): Promise<boolean> {
    signal?.throwIfAborted();
    if (this.#waiters.size >= this.#options.maxWaiting)
      throw new SluiceError('COPY_WAITS_FULL', `${this.#waiters.size} requests wait for copies already.`);
    const done = Promise.withResolvers<boolean>();
    const waiter: Waiter = {
      ...awaited,
      deadlineMs: this.#clock.now() + timeoutMs,
      settle: (outcome) => (typeof outcome === 'boolean' ? done.resolve(outcome) : done.reject(outcome)),
    };
    const onAbort = (): void => done.reject(signal!.reason as Error);
    signal?.addEventListener('abort', onAbort, { once: true });
    this.#waiters.add(waiter);
    void this.#look();
    try {
      return await done.promise;
    } finally {
      signal?.removeEventListener('abort', onAbort);
      this.#waiters.delete(waiter);
    }
  }

  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    while (this.#waiters.size > 0) {
      await this.#once([...this.#waiters]);
      // Whoever was told leaves in its own turn; the pause is also that turn.
      await this.#clock.sleep(LOOK_MS);
    }
    this.#looking = false;
  }

  async #once(waiters: readonly Waiter[]): Promise<void> {
    const { redis } = this.#options;
    const nowMs = this.#clock.now();
    const wishes = nowMs - this.#wishedAtMs >= WISH_MS ? wish(redis) : [];
    if (wishes.length > 0) this.#wishedAtMs = nowMs;
    let answers: readonly unknown[];
    try {
      answers = await redis.sendAll([...waiters.flatMap(({ calls }) => calls), ...wishes]);
    } catch (error) {
      for (const waiter of waiters) waiter.settle(error as Error);
      return;
    }
    let first = 0;
    for (const waiter of waiters) {
      const own = answers.slice(first, first + waiter.calls.length);
      first += waiter.calls.length;
      if (waiter.isThere(own)) waiter.settle(true);
      else if (this.#clock.now() >= waiter.deadlineMs) waiter.settle(false);
    }
  }
}

/** Wakes the loop that says how far copies have come; see progressLoop.ts. */
export function wish(redis: RedisCommands): RedisCall[] {
  const key = redis.key('{progress}', 'wanted');
  return [command('LPUSH', key, '1'), command('LTRIM', key, 0, 0), command('PEXPIRE', key, 1000)];
}
