import type { KafkaClient } from '#infra/kafka/types.ts';
import { command, type RedisCommands } from '#infra/redis/client.ts';
import { backgroundLoop } from '#infra/runtime/background.ts';
import { type Clock, systemClock } from '#infra/runtime/clock.ts';
import { errorFields, hasCode, isRetriable } from '#infra/runtime/errors.ts';
import type { Component } from '#infra/runtime/lifecycle.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import { copyState } from './ledger.ts';
import { listLetters } from './letterReader.ts';
import { redeliveryTopic } from './redelivery.ts';

/** What a copy must know before it forgets for good that something was deleted: then no older version of it can come again. See SPEC.md. */
export interface ForgettingOptions {
  readonly redis: RedisCommands;
  readonly kafka: KafkaClient;
  readonly groupPrefix: string;
  /** The group that writes the copy, and what it reads. */
  readonly groupId: string;
  readonly topics: readonly string[];
  /** Milliseconds something deleted is remembered at least; 0: for ever. */
  readonly keepMs: number;
  readonly log: Logger;
  readonly clock?: Clock;
}

/** What may be forgotten. */
export interface Forgettable {
  /** Deleted before this time, ms since 1970. */
  readonly beforeMs: number;
  /** Topic → what is deleted at this position or later must be remembered; a topic that is missing has no such position. */
  readonly below: ReadonlyMap<string, string>;
}

/** How often one of the processes looks for what can be forgotten. */
const EVERY_MS = 3_600_000;

/** How long a group may take to pass what was there when it was asked; else the next time will do. */
const MOST_WAIT_MS = 60_000;
const LOOK_MS = 1000;

/** Once an hour one process forgets the deleted `what` (for the log) that no older version can come back for. */
export function forgettingLoop(
  what: string,
  options: ForgettingOptions,
  forget: (signal: AbortSignal) => Promise<number | null>,
): Component {
  const { redis, log, keepMs, groupId, clock = systemClock } = options;
  return backgroundLoop(`forgetting of deleted ${what}`, async (signal) => {
    if (keepMs === 0) return;
    for (;;) {
      await clock.sleep(EVERY_MS, signal);
      try {
        const turn = command('SET', redis.key('{forget}', groupId), String(clock.now()), 'NX', 'PX', EVERY_MS / 2);
        if ((await redis.send(turn)) !== 'OK') continue;
        const forgotten = await forget(signal);
        if (forgotten) log.info({ event: 'deleted_forgotten', what, count: forgotten });
      } catch (error) {
        if (!isRetriable(error)) throw error;
        log.warn({ event: 'deleted_not_forgotten', what, ...errorFields(error) });
      }
    }
  });
}

/** Forgets what is old enough, behind the group and older than no open dead letter; null when the copy or its group is in no state to tell. */
export async function forgetDeleted(
  options: ForgettingOptions,
  forget: (forgettable: Forgettable) => Promise<number>,
  signal: AbortSignal,
): Promise<number | null> {
  const { redis, keepMs, groupId, clock = systemClock } = options;
  const beforeMs = clock.now() - keepMs;
  if ((await copyState(redis, groupId)).state !== 'complete') return null;
  if (!(await hasPassedAll(options, signal))) return null;
  return forget({ beforeMs, below: await lowestOpenPositions(options, signal) });
}

/**
 * Resolves with true when the group has committed everything that was in its topics at the call, on every partition: whatever was deleted
 * before is behind it, with all that came before the delete, and no redelivery waits. False when it is too far behind.
 */
async function hasPassedAll(options: ForgettingOptions, signal: AbortSignal): Promise<boolean> {
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
async function lowestOpenPositions(
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
