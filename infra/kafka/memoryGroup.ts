import { setTimeout as delay } from 'node:timers/promises';
import { isRetriable, SluiceError } from '#infra/runtime/errors.ts';
import { retry } from '#infra/runtime/retry.ts';
import type { MemoryBroker, MemoryGroupState } from './memoryBroker.ts';
import type { BatchControl, ConsumerGroup, ConsumerGroupOptions } from './types.ts';

const MAX_BATCH = 1000;

/** A member of an in-memory consumer group: partitions are dealt in turn, and every join or leave starts a new generation. */
export class MemoryGroupMember implements ConsumerGroup {
  readonly name: string;
  readonly #broker: MemoryBroker;
  readonly #options: ConsumerGroupOptions;
  readonly #group: MemoryGroupState;
  readonly #abort = new AbortController();
  readonly #failure = Promise.withResolvers<never>();
  readonly #paused = new Set<string>();
  readonly #positions = new Map<string, bigint>();
  #owned: { topic: string; partition: number }[] = [];
  #running: Promise<void> = Promise.resolve();

  constructor(broker: MemoryBroker, options: ConsumerGroupOptions) {
    this.name = `group ${options.groupId}`;
    this.#broker = broker;
    this.#options = options;
    this.#group = broker.group(options.groupId);
    this.#failure.promise.catch(() => undefined);
  }

  get failed(): Promise<never> {
    return this.#failure.promise;
  }

  /** Topics this member reads. */
  get topics(): readonly string[] {
    return this.#options.topics;
  }

  async start(): Promise<void> {
    for (const topic of this.#options.topics) this.#broker.topic(topic);
    this.#group.members.push(this);
    rebalance(this.#broker, this.#group);
    this.#running = this.#loop().catch((error: unknown) => {
      if (!this.#abort.signal.aborted) this.#failure.reject(error);
    });
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    const at = this.#group.members.indexOf(this);
    if (at >= 0) {
      this.#group.members.splice(at, 1);
      rebalance(this.#broker, this.#group);
    }
    await this.#running;
  }

  /** True when this member has partitions. */
  get owns(): boolean {
    return this.#owned.length > 0;
  }

  /** Whether one member of the group gets everything. */
  get exclusive(): boolean {
    return this.#options.exclusive === true;
  }

  /**
   * For tests: the member hangs. The group counts it as dead and goes on without it; it learns of that when the function given back is
   * called, and joins again.
   */
  lapse(): () => void {
    const { members } = this.#group;
    members.splice(members.indexOf(this), 1);
    rebalance(this.#broker, this.#group);
    return () => {
      this.#owned = [];
      members.push(this);
      rebalance(this.#broker, this.#group);
    };
  }

  pause(topics: readonly string[] = this.#options.topics): void {
    for (const topic of topics) this.#paused.add(topic);
  }

  resume(topics: readonly string[] = this.#options.topics): void {
    for (const topic of topics) this.#paused.delete(topic);
  }

  seek(topic: string, partition: number, offset: bigint): void {
    this.#positions.set(`${topic}/${partition}`, offset);
  }

  async rewind(topic: string, partition: number, offset: bigint): Promise<void> {
    if (!this.#owned.some((own) => own.topic === topic && own.partition === partition))
      throw new SluiceError('KAFKA_MEMBERSHIP_LOST', `${topic}/${partition} belongs to another member now`);
    this.#group.committed.set(`${topic}/${partition}`, offset);
    this.seek(topic, partition, offset);
  }

  /** Called by the group with this member's share of a new generation. */
  assign(owned: { topic: string; partition: number }[]): void {
    this.#owned = owned;
    this.#positions.clear();
    const byTopic = new Map<string, number[]>();
    for (const { topic, partition } of owned) byTopic.set(topic, [...(byTopic.get(topic) ?? []), partition]);
    this.#options.onAssigned?.(byTopic);
  }

  async #loop(): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      let worked = false;
      for (const { topic, partition } of [...this.#owned]) {
        if (this.#paused.has(topic) || signal.aborted) continue;
        worked = (await this.#step(topic, partition)) || worked;
      }
      if (!worked) await delay(1, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Handles one batch of one partition; false when there was nothing. */
  async #step(topic: string, partition: number): Promise<boolean> {
    const where = `${topic}/${partition}`;
    const log = this.#broker.partition(topic, partition);
    const generation = this.#group.generation;
    const from =
      this.#positions.get(where) ??
      this.#group.committed.get(where) ??
      (this.#options.fromBeginning ? 0n : log.lastStable);
    this.#positions.set(where, from);
    const { messages, next } = log.read(from, MAX_BATCH);
    if (next === from) return false;
    const isStale = (): boolean =>
      this.#abort.signal.aborted || generation !== this.#group.generation || this.#positions.get(where) !== from;
    if (messages.length > 0) {
      const control: BatchControl = {
        signal: this.#abort.signal,
        isStale,
        heartbeat: async () => {
          if (generation === this.#group.generation) return;
          throw new SluiceError('KAFKA_MEMBERSHIP_LOST', `The group took ${where} back while it was worked on`);
        },
      };
      try {
        await retry(
          () =>
            this.#options.onBatch(
              { topic, partition, messages, highWatermark: log.highWatermark, nextOffset: next },
              control,
            ),
          {
            attempts: Number.POSITIVE_INFINITY,
            signal: this.#abort.signal,
            retryIf: (error) => isRetriable(error) && !isStale(),
            baseMs: 1,
          },
        );
      } catch (error) {
        if (isStale()) return true;
        throw error;
      }
    }
    if (isStale()) return true;
    this.#group.committed.set(where, next);
    this.#positions.set(where, next);
    return true;
  }
}

function rebalance(broker: MemoryBroker, group: MemoryGroupState): void {
  group.generation++;
  const shares = new Map<MemoryGroupMember, { topic: string; partition: number }[]>(group.members.map((m) => [m, []]));
  const topics = [...new Set(group.members.flatMap((m) => m.topics))].sort();
  const owner = group.members.find((m) => m.exclusive && m.owns);
  for (const topic of topics) {
    const all = group.members.filter((m) => m.topics.includes(topic));
    const readers = all[0]?.exclusive ? [owner ?? all[0]] : all;
    broker.topic(topic).partitions.forEach((_, partition) => {
      shares.get(readers[partition % readers.length]!)!.push({ topic, partition });
    });
  }
  for (const [member, owned] of shares) member.assign(owned);
}
