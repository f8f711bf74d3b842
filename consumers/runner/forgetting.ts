import type { KafkaClient } from '#infra/kafka/types.ts';
import { type Clock, systemClock } from '#infra/runtime/clock.ts';
import { hasCode } from '#infra/runtime/errors.ts';
import { listLetters } from './letterReader.ts';
import { redeliveryTopic } from './redelivery.ts';

/** What a copy must know before it forgets for good that something was deleted: then no older version of it can come again. See SPEC.md. */
export interface ForgettingOptions {
  readonly kafka: KafkaClient;
  readonly groupPrefix: string;
  /** The group that writes the copy, and what it reads. */
  readonly groupId: string;
  readonly topics: readonly string[];
  readonly clock?: Clock;
}

/** How long a group may take to pass what was there when it was asked; else the next time will do. */
const MOST_WAIT_MS = 60_000;
const LOOK_MS = 1000;

/**
 * Resolves with true when the group has committed everything that was in its topics at the call, on every partition: whatever was deleted
 * before is behind it, with all that came before the delete, and no redelivery waits. False when it is too far behind.
 */
export async function hasPassedAll(options: ForgettingOptions, signal: AbortSignal): Promise<boolean> {
  const { kafka, groupId, clock = systemClock } = options;
  // What was asked to be handled once more holds old versions, too, perhaps of letters that are settled by now.
  const again = redeliveryTopic(options.groupPrefix);
  const redeliveries = await kafka.endOffsets([again]).catch((error: unknown) => {
    if (hasCode(error, 'KAFKA_TOPIC_MISSING')) return [];
    throw error;
  });
  const topics = [...options.topics, again];
  const ends = new Map([...(await kafka.endOffsets(options.topics)), ...redeliveries]);
  for (let waitedMs = 0; waitedMs <= MOST_WAIT_MS; waitedMs += LOOK_MS) {
    const committed = await kafka.committedOffsets(groupId, topics);
    const passed = [...ends].every(([topic, partitions]) =>
      [...partitions].every(([partition, end]) => end === 0n || (committed.get(topic)?.get(partition) ?? 0n) >= end),
    );
    if (passed) return true;
    await clock.sleep(LOOK_MS, signal);
  }
  return false;
}

/** Topic → the lowest position among the dead letters the group still has from it. What is newer must be remembered until they are settled. */
export async function lowestOpenPositions(
  { kafka, groupPrefix, groupId }: ForgettingOptions,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const letters = await listLetters(kafka, groupPrefix, { group: groupId }, signal).catch((error: unknown) => {
    if (hasCode(error, 'KAFKA_TOPIC_MISSING')) return [];
    throw error;
  });
  const lowest = new Map<string, string>();
  for (const { topic, position } of letters)
    if (position !== null && position < (lowest.get(topic) ?? '~')) lowest.set(topic, position);
  return lowest;
}
