import { setTimeout as delay } from 'node:timers/promises';
import { type Assignment, deal, difference, type MemberClaim } from '#infra/kafka/group/assignor.ts';
import { within } from '#infra/kafka/group/handlers.ts';
import { type OwnedPartition, OwnedPartitions } from '#infra/kafka/group/ownedPartitions.ts';
import type { BatchControl, ConsumerGroup, ConsumerGroupOptions } from '#infra/kafka/types.ts';
import { isRetriable, SluiceError } from '#infra/runtime/errors.ts';
import { retry } from '#infra/runtime/retry.ts';
import type { MemoryBroker, MemoryGroupState } from './memoryBroker.ts';

const MAX_BATCH = 1000;
/** As the real client: a batch in hand of a partition that changes hands, or of a member that stops, has so long to end. */
const GRACE_MS = 1000;

let members = 0;

/** A member of an in-memory consumer group: partitions are dealt and handed over as by the real client, without a server in between. */
export class MemoryGroupMember implements ConsumerGroup {
  readonly name: string;
  readonly id = `member-${String(++members).padStart(6, '0')}`;
  readonly #broker: MemoryBroker;
  readonly #options: ConsumerGroupOptions;
  readonly #group: MemoryGroupState;
  readonly #abort = new AbortController();
  readonly #failure = Promise.withResolvers<never>();
  readonly #paused = new Set<string>();
  readonly #owned = new OwnedPartitions();
  readonly #inHand = new Set<Promise<void>>();
  #generation = -1;
  #turns = 0;
  #closing = false;
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

  /** Whether one member of the group gets everything. */
  get exclusive(): boolean {
    return this.#options.exclusive === true;
  }

  /** How this member describes itself to the group. */
  claim(): MemberClaim {
    const { topics } = this.#options;
    return { memberId: this.id, topics, owned: this.#owned.assignment(), generation: this.#generation, load: 0 };
  }

  async start(): Promise<void> {
    for (const topic of this.#options.topics) this.#broker.topic(topic);
    this.#group.members.push(this);
    rebalance(this.#broker, this.#group);
    this.#running = this.#loop();
  }

  async stop(): Promise<void> {
    this.#closing = true;
    await within(GRACE_MS, Promise.allSettled(this.#inHand));
    this.#abort.abort();
    const at = this.#group.members.indexOf(this);
    if (at >= 0) {
      this.#group.members.splice(at, 1);
      rebalance(this.#broker, this.#group);
    }
    await this.#running;
  }

  /**
   * For tests: the member hangs. The group counts it as dead and goes on without it; it learns of that when the function given back is
   * called, and joins again.
   */
  lapse(): () => void {
    const { members: list } = this.#group;
    list.splice(list.indexOf(this), 1);
    rebalance(this.#broker, this.#group);
    return () => {
      this.#owned.remove([...this.#owned.all()]);
      this.#options.onAssigned?.(new Map());
      list.push(this);
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
    this.#owned.get(topic, partition)?.moveTo(offset);
  }

  async rewind(topic: string, partition: number, offset: bigint): Promise<void> {
    const owned = this.#owned.get(topic, partition);
    if (!owned || !this.#group.members.includes(this))
      throw new SluiceError('KAFKA_MEMBERSHIP_LOST', `${topic}/${partition} belongs to another member now`);
    owned.moveTo(offset);
    this.#group.committed.set(owned.place, offset);
  }

  /** Takes the share of a new generation; a promise when batches of partitions that go are still in hand. */
  assign(assignment: Assignment, generation: number): Promise<void> | null {
    this.#generation = generation;
    const going = this.#owned.listed(difference(this.#owned.assignment(), assignment));
    for (const partition of going) partition.leaving = true;
    const inHand = going.flatMap(({ busy }) => (busy ? [busy] : []));
    const finish = (): void => {
      this.#owned.remove(going.filter((partition) => this.#owned.has(partition)));
      this.#owned.add(assignment);
      this.#options.onAssigned?.(this.#owned.assignment());
    };
    if (inHand.length > 0) return within(GRACE_MS, Promise.allSettled(inHand)).then(finish);
    finish();
    return null;
  }

  async #loop(): Promise<void> {
    const { signal } = this.#abort;
    const { concurrency = 1 } = this.#options;
    while (!signal.aborted) {
      const order = [...this.#owned.all()].sort((a, b) => a.servedAt - b.servedAt);
      let began = false;
      for (const partition of order) {
        if (this.#inHand.size >= concurrency || this.#closing) break;
        if (partition.busy || partition.leaving || this.#paused.has(partition.topic)) continue;
        began = this.#begin(partition) || began;
      }
      if (this.#inHand.size >= concurrency) await Promise.race(this.#inHand);
      else if (!began) await delay(1, undefined, { signal }).catch(() => undefined);
    }
    await Promise.all(this.#inHand);
  }

  /** Begins a batch of one partition; false when there is nothing. */
  #begin(partition: OwnedPartition): boolean {
    const log = this.#broker.partition(partition.topic, partition.partition);
    partition.position ??= this.#start(partition.place, log.lastStable);
    if (log.read(partition.position, 1).next === partition.position) return false;
    partition.servedAt = ++this.#turns;
    const work = this.#step(partition, partition.position)
      .catch((error: unknown) => {
        this.#failure.reject(error);
        this.#abort.abort();
      })
      .finally(() => {
        partition.busy = null;
        this.#inHand.delete(work);
      });
    this.#inHand.add(work);
    partition.busy = work;
    return true;
  }

  /** The end of the log moves on: whoever begins there commits it, so that the next owner begins there, too. */
  #start(place: string, end: bigint): bigint {
    const { committed } = this.#group;
    if (!committed.has(place) && !this.#options.fromBeginning) committed.set(place, end);
    return committed.get(place) ?? 0n;
  }

  async #step(partition: OwnedPartition, from: bigint): Promise<void> {
    const log = this.#broker.partition(partition.topic, partition.partition);
    const { epoch, topic, partition: number } = partition;
    const { messages, next } = log.read(from, MAX_BATCH);
    const isStale = (): boolean => this.#abort.signal.aborted || partition.epoch !== epoch;
    const batch = { topic, partition: number, messages, highWatermark: log.highWatermark, nextOffset: next };
    const control: BatchControl = {
      signal: this.#abort.signal,
      isStale,
      heartbeat: async () => {
        if (!isStale()) return;
        throw new SluiceError('KAFKA_MEMBERSHIP_LOST', `The group took ${partition.place} back while it was worked on`);
      },
    };
    try {
      if (messages.length > 0)
        await retry(() => this.#options.onBatch(batch, control), {
          attempts: Number.POSITIVE_INFINITY,
          signal: this.#abort.signal,
          retryIf: (error) => isRetriable(error) && !isStale(),
          baseMs: 1,
        });
    } catch (error) {
      if (isStale()) return;
      throw error;
    }
    // A member the group has given up may not commit.
    if (isStale() || !this.#group.members.includes(this)) return;
    this.#group.committed.set(partition.place, next);
    partition.position = next;
  }
}

/** Deals anew; partitions that change hands are dealt once their owners have let go of them. */
function rebalance(broker: MemoryBroker, group: MemoryGroupState): void {
  const generation = ++group.generation;
  const claims = group.members.map((member) => member.claim());
  const topics = new Set(claims.flatMap((claim) => claim.topics));
  const counts = new Map([...topics].map((topic) => [topic, broker.topic(topic).partitions.length]));
  const { assignments, handover } = deal(claims, counts, group.members[0]?.exclusive);
  const letting = group.members.map((member) => member.assign(assignments.get(member.id)!, generation));
  if (!handover) return;
  const waiting = letting.filter((promise) => promise !== null);
  if (waiting.length === 0) rebalance(broker, group);
  else void Promise.all(waiting).then(() => rebalance(broker, group));
}
