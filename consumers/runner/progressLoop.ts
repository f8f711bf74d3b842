import { randomUUID } from 'node:crypto';
import type { KafkaClient } from '#infra/kafka/types.ts';
import { command, type RedisClient, type RedisScript, script } from '#infra/redis/client.ts';
import { backgroundLoop } from '#infra/runtime/background.ts';
import { type Clock, systemClock } from '#infra/runtime/clock.ts';
import { errorFields, hasCode, isRetriable } from '#infra/runtime/errors.ts';
import type { Component } from '#infra/runtime/lifecycle.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import { CopyProgress, type CopyProgressOptions } from './copyProgress.ts';

/** Between two rounds while nobody waits, ms. */
const INTERVAL_MS = 1000;
/** Least time between two rounds while requests wait for a copy, ms. */
const HASTE_MS = 100;
/** After this long without a sign of life another process goes on, ms. */
const LEASE_MS = 4000;

/** Takes or keeps the lease. KEYS[1] lease. ARGV: who, ms. Answers 1 when it is theirs. */
const HOLD: RedisScript = {
  name: 'HoldProgress',
  keys: 1,
  lua: `
local cur = redis.call('GET', KEYS[1])
if cur and cur ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`,
};

export interface ProgressLoopOptions extends Omit<CopyProgressOptions, 'redis'> {
  readonly redis: RedisClient;
  readonly kafka: KafkaClient;
  readonly log: Logger;
}

/**
 * Says for every copy how far it has come. One process does it for all (a lease in Redis); when two do, nothing but work is lost. A round is
 * about two requests to Kafka for each stage, once a second for the whole deployment, ten times a second while somebody waits.
 */
export function progressLoop(options: ProgressLoopOptions): Component {
  const { redis, log, clock = systemClock } = options;
  const progress = new CopyProgress(options);
  const waker = redis.forBlockingReads();
  const me = randomUUID();
  const round = async (signal: AbortSignal): Promise<boolean> => {
    const held = (await redis.send(script(HOLD, redis.key('{progress}', 'lease'), me, LEASE_MS))) === 1;
    if (held) await progress.round(signal);
    else progress.forget();
    return held;
  };
  return backgroundLoop(
    'progress of copies',
    async (signal) => {
      while (!signal.aborted) {
        const startedMs = clock.now();
        const held = await round(signal).catch((error: unknown) => {
          // A topic that was deleted is made again by who writes it.
          if (signal.aborted || !(isRetriable(error) || hasCode(error, 'KAFKA_TOPIC_MISSING'))) throw error;
          log.debug({ event: 'progress_not_seen', ...errorFields(error) });
          return false;
        });
        if (held) await pause(waker, redis.key('{progress}', 'wanted'), clock, signal);
        else await clock.sleep(INTERVAL_MS, signal);
        await clock.sleep(Math.max(0, HASTE_MS - (clock.now() - startedMs)), signal);
      }
    },
    { close: () => waker.close() },
  );
}

/** Waits for the next round: until somebody wants it, at most the interval. */
async function pause(waker: RedisClient, key: string, clock: Clock, signal: AbortSignal): Promise<void> {
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const woken = waker.send(command('BLPOP', key, INTERVAL_MS / 1000)).catch(() => clock.sleep(INTERVAL_MS, either));
  // A server that has gone away answers nothing: the interval holds all the same.
  await Promise.race([woken, clock.sleep(2 * INTERVAL_MS, either)]).finally(() => stop.abort());
  signal.throwIfAborted();
}
