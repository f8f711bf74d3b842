import { type Clock, systemClock } from '#infra/runtime/clock.ts';
import { errorFields, isAbort } from '#infra/runtime/errors.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import { retry } from '#infra/runtime/retry.ts';
import { createRandom } from '../random.ts';
import { type SqlExecutor, sqlErrorNumber } from '../sqlExecutor.ts';
import type { ShopTraffic, TrafficAction } from './shopTraffic.ts';

export interface TrafficOptions {
  readonly executor: SqlExecutor;
  readonly shop: ShopTraffic;
  readonly log: Logger;
  /** Row versions per second to aim at; the database may be slower. */
  readonly changesPerSecond: number;
  /** Same seed, same sequence of actions in each lane. */
  readonly seed?: number;
  /** Tills, clerks and pickers at work at once. Default 4. */
  readonly lanes?: number;
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
}

export interface TrafficCounters {
  /** Row versions made since the start. */
  readonly changes: number;
  /** Actions that did something, by name. */
  readonly actions: Readonly<Record<string, number>>;
  /** Actions that found nothing to do. */
  readonly idle: number;
  /** Times an action was chosen as deadlock victim (or met a snapshot conflict) and was run again. */
  readonly retries: number;
}

export interface Traffic {
  /** Changes the rate at once; 0 pauses. */
  setRate(changesPerSecond: number): void;
  counters(): TrafficCounters;
  /** Lets what is in flight finish and resolves when nothing is. Rejects with the error that ended the traffic early, if any. */
  stop(): Promise<void>;
  /** Rejects when the traffic ends by an error; never resolves. */
  readonly failed: Promise<never>;
}

/** Deadlock victim, snapshot update conflict, lock time-out: the transaction is gone, so it may simply be run again. */
const RUN_AGAIN = new Set([1205, 3960, 1222]);
/** A lane that fell behind forgets what it owes beyond this, so that it does not burst afterwards. */
const MAX_DEBT_MS = 1000;
/** How often a paused lane looks again, and what an action that found nothing to do costs. */
const PAUSE_MS = 100;

/** Starts the shop's daily life on a database: sales, deliveries, price changes and whatever else the shop defines. */
export async function startTraffic(options: TrafficOptions): Promise<Traffic> {
  const { executor, shop, log, seed = 1, lanes = 4, clock = systemClock } = options;
  const actions = await shop.prepare(executor);
  const stopping = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stopping.signal]) : stopping.signal;
  const state = { rate: options.changesPerSecond, changes: 0, idle: 0, retries: 0, actions: new Map<string, number>() };
  const failure = Promise.withResolvers<never>();
  failure.promise.catch(() => undefined);

  const attempt = (action: TrafficAction, random: ReturnType<typeof createRandom>) =>
    retry(() => action.run(executor, random), {
      baseMs: 20,
      maxMs: 500,
      attempts: 10,
      signal,
      clock,
      retryIf: (error) => RUN_AGAIN.has(sqlErrorNumber(error) ?? 0),
      onRetry: () => {
        state.retries++;
      },
    });

  const lane = async (index: number): Promise<void> => {
    const random = createRandom(seed * 1009 + index);
    const choices = actions.map((action) => [action.weight, action] as const);
    let due = clock.now();
    while (!signal.aborted) {
      if (state.rate <= 0) {
        await clock.sleep(PAUSE_MS, signal);
        due = clock.now();
        continue;
      }
      const action = random.weighted(choices);
      const { changes } = await attempt(action, random);
      state.changes += changes;
      if (changes === 0) state.idle++;
      else state.actions.set(action.name, (state.actions.get(action.name) ?? 0) + 1);
      due += changes === 0 ? Math.min(PAUSE_MS, 1000 / state.rate) : (changes * lanes * 1000) / state.rate;
      const wait = due - clock.now();
      if (wait > 0) await clock.sleep(wait, signal);
      else due = Math.max(due, clock.now() - MAX_DEBT_MS);
    }
  };

  const running = Array.from({ length: lanes }, (_, index) =>
    lane(index).catch((error: unknown) => {
      if (isAbort(error) && signal.aborted) return;
      log.error({ event: 'traffic_failed', ...errorFields(error) });
      stopping.abort();
      failure.reject(error);
      throw error;
    }),
  );
  const ended = Promise.allSettled(running);

  return {
    setRate(changesPerSecond) {
      state.rate = changesPerSecond;
    },
    counters: () => ({
      changes: state.changes,
      actions: Object.fromEntries([...state.actions].sort(([a], [b]) => (a < b ? -1 : 1))),
      idle: state.idle,
      retries: state.retries,
    }),
    async stop() {
      stopping.abort();
      for (const result of await ended) if (result.status === 'rejected') throw result.reason;
    },
    failed: failure.promise,
  };
}
