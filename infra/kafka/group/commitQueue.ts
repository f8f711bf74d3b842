import type { Clock } from '#infra/runtime/clock.ts';
import { isRetriable } from '#infra/runtime/errors.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import { kafkaErrorName } from '../kafkajsErrors.ts';
import { type GroupCoordinator, isCoordinatorAway } from './coordinator.ts';
import type { Credentials } from './membership.ts';
import type { OwnedPartition } from './ownedPartitions.ts';

export interface CommitQueueOptions {
  readonly groupId: string;
  readonly coordinator: GroupCoordinator;
  /** Null while the group does not count on this member. */
  readonly credentials: () => Credentials | null;
  /** Whether the partition is still this member's to commit. */
  readonly owns: (partition: OwnedPartition) => boolean;
  /** Told what the group refuses for good. */
  readonly onRefused: (error: unknown) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

/** While the group deals anew it takes no commits, or those of the next generation only. */
const LATER = ['REBALANCE_IN_PROGRESS', 'ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID'];
const GONE = 'UNKNOWN_TOPIC_OR_PARTITION';
const [PAUSE_MS, MAX_PAUSE_MS] = [20, 1000];

/**
 * Commits what was handled: one request at a time for everything that waits, so a handler does not wait for it and many partitions share
 * it. What the group does not take now is sent again under the next generation, as long as the partition is ours.
 */
export class CommitQueue {
  readonly #options: CommitQueueOptions;
  readonly #waiting = new Map<OwnedPartition, bigint>();
  readonly #abort = new AbortController();
  #running: Promise<void> | null = null;

  constructor(options: CommitQueueOptions) {
    this.#options = options;
  }

  add(partition: OwnedPartition, offset: bigint): void {
    this.#waiting.set(partition, offset);
    this.#running ??= this.#run().finally(() => {
      this.#running = null;
    });
  }

  /** Gives up what waits for one partition. */
  forget(partition: OwnedPartition): void {
    this.#waiting.delete(partition);
  }

  /** Resolves when nothing waits any more: committed, or no longer ours. */
  async flushed(): Promise<void> {
    while (this.#running) await this.#running;
  }

  /** Gives up what is not committed yet. */
  close(): void {
    this.#abort.abort();
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort;
    for (let failures = 0; !signal.aborted; ) {
      for (const partition of this.#waiting.keys()) if (!this.#options.owns(partition)) this.#waiting.delete(partition);
      if (this.#waiting.size === 0) return;
      const sent = new Map(this.#waiting);
      try {
        await this.#send(sent);
        failures = 0;
        for (const [partition, offset] of sent)
          if (this.#waiting.get(partition) === offset) this.#waiting.delete(partition);
      } catch (error) {
        if (!(await this.#mayPass(error, sent))) return;
        await this.#options.clock.sleep(Math.min(MAX_PAUSE_MS, PAUSE_MS * ++failures), signal).catch(() => undefined);
      }
    }
  }

  async #send(offsets: ReadonlyMap<OwnedPartition, bigint>): Promise<void> {
    const { groupId, coordinator } = this.#options;
    const credentials = this.#options.credentials();
    if (credentials === null) throw new NotAMember();
    const topics = new Map<string, { partition: number; offset: string }[]>();
    for (const [{ topic, partition }, offset] of offsets) {
      const entry = { partition, offset: String(offset) };
      const list = topics.get(topic);
      if (list) list.push(entry);
      else topics.set(topic, [entry]);
    }
    await coordinator.ask(`committing offsets of group ${groupId}`, (broker) =>
      broker.offsetCommit({
        groupId,
        memberId: credentials.memberId,
        groupGenerationId: credentials.generation,
        topics: [...topics].map(([topic, partitions]) => ({ topic, partitions })),
      }),
    );
  }

  /** Whether to go on trying. A topic that was deleted must not hold up the others' commits. */
  async #mayPass(error: unknown, sent: ReadonlyMap<OwnedPartition, bigint>): Promise<boolean> {
    const name = kafkaErrorName(error);
    if (error instanceof NotAMember || LATER.includes(name) || isCoordinatorAway(error)) return true;
    if (name === GONE) {
      for (const [partition, offset] of sent) {
        const failed = await this.#send(new Map([[partition, offset]])).catch((e: unknown) => e ?? true);
        if (failed && kafkaErrorName(failed) !== GONE) continue;
        this.#waiting.delete(partition);
        if (failed) this.#options.log.warn({ event: 'offset_not_committed', place: partition.place, reason: name });
      }
      return true;
    }
    if (isRetriable(error)) return true;
    this.#options.onRefused(error);
    return false;
  }
}

class NotAMember extends Error {}
