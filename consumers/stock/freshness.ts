import type { KafkaClient } from '#infra/kafka/types.ts';
import { command, type RedisClient } from '#infra/redis/client.ts';
import { backgroundLoop } from '#infra/runtime/background.ts';
import { type Clock, systemClock } from '#infra/runtime/clock.ts';
import { isRetriable } from '#infra/runtime/errors.ts';
import type { Component } from '#infra/runtime/lifecycle.ts';
import { freshnessKey } from './stockKeys.ts';

const INTERVAL_MS = 1000;

/**
 * Says once a second how fresh the stock copy is: for every partition the time at which the group had committed all it held. A quiet
 * partition is as fresh as a busy one. The reader takes the oldest of them.
 */
export function freshnessLoop(options: {
  readonly kafka: KafkaClient;
  readonly redis: RedisClient;
  readonly groupId: string;
  readonly topic: string;
  readonly clock?: Clock;
}): Component {
  const { kafka, redis, groupId, topic, clock = systemClock } = options;
  const key = freshnessKey(redis);
  const once = async (): Promise<void> => {
    const askedMs = clock.now();
    const [ends, committed] = await Promise.all([kafka.topicOffsets(topic), kafka.committedOffsets(groupId, [topic])]);
    const fields: string[] = [];
    for (const [partition, { begin, end }] of ends)
      if ((committed.get(topic)?.get(partition) ?? begin) >= end) fields.push(String(partition), String(askedMs));
    if (fields.length > 0) await redis.send(command('HSET', key, ...fields));
  };
  return backgroundLoop('stock freshness', async (signal) => {
    while (!signal.aborted) {
      await once().catch((error: unknown) => {
        if (!isRetriable(error)) throw error;
      });
      await clock.sleep(INTERVAL_MS, signal);
    }
  });
}
