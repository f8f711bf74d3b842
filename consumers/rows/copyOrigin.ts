import type { KafkaClient, PartitionOffsets } from '#infra/kafka/types.ts';
import { command, type RedisCommands } from '#infra/redis/client.ts';
import type { Logger } from '#infra/runtime/logger.ts';

/**
 * Redis holds the copies, Kafka the offsets that say how far they go. When Redis comes back empty the offsets claim rows that are not
 * there any more. A key in Redis says that the copies were begun here; without it every group starts its topics again.
 */
export async function replayIfCopiesAreLost(
  kafka: KafkaClient,
  redis: RedisCommands,
  groups: readonly { readonly groupId: string; readonly topics: readonly string[] }[],
  log: Logger,
): Promise<void> {
  const key = redis.key('{origin}', 'copies-begun');
  if ((await redis.send(command('EXISTS', key))) === 1) return;
  for (const { groupId, topics } of groups) {
    const committed = await kafka.committedOffsets(groupId, topics);
    if (![...committed.values()].some((partitions) => partitions.size > 0)) continue;
    const beginnings = new Map<string, PartitionOffsets>();
    for (const topic of topics) {
      const ranges = await kafka.topicOffsets(topic);
      beginnings.set(topic, new Map([...ranges].map(([partition, { begin }]) => [partition, begin])));
    }
    await kafka.commitOffsets(groupId, beginnings);
    log.warn({ event: 'copies_lost_topics_replayed', groupId, topics: topics.length });
  }
  await redis.send(command('SET', key, new Date().toISOString()));
}
