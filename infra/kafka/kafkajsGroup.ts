import type { Kafka } from 'kafkajs';
import { type Clock, systemClock } from '#infra/runtime/clock.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import { retry } from '#infra/runtime/retry.ts';
import type { Assignment } from './group/assignor.ts';
import { CommitQueue } from './group/commitQueue.ts';
import { GroupCoordinator } from './group/coordinator.ts';
import { Fetcher } from './group/fetcher.ts';
import { Handlers, within } from './group/handlers.ts';
import { Membership } from './group/membership.ts';
import { OwnedPartitions } from './group/ownedPartitions.ts';
import { asKafkaError, toKafkaError } from './kafkajsErrors.ts';
import { createInternalCluster, type InternalCluster } from './kafkajsInternals.ts';
import { type ConsumerGroup, type ConsumerGroupOptions, DEFAULT_SESSION_TIMEOUT_MS } from './types.ts';

/** How long a partition that changes hands waits for the batch in hand before it is given up, and then handled again by its next owner. */
const HANDOVER_GRACE_MS = 1000;
/**
 * How long a stopping member lets batches end by themselves, and again after they were told to stop; then commits and leaves; then closes: a
 * process whose groups' broker does not answer must be through within its stop time all the same.
 */
const [STOP_GRACE_MS, LEAVE_MS, CLOSE_MS] = [500, 1000, 300];

/** How many partitions the groups of one process have, so that no process gets the most of every group. */
export class ProcessLoad {
  readonly #counts = new Map<KafkajsGroup, number>();

  set(group: KafkajsGroup, partitions: number): void {
    this.#counts.set(group, partitions);
  }

  /** Partitions of the other groups. */
  besides(group: KafkajsGroup): number {
    let sum = 0;
    for (const [other, count] of this.#counts) if (other !== group) sum += count;
    return sum;
  }
}

/** See KafkaClient.consumerGroup. How a partition is handed over: SPEC.md of this folder. */
export class KafkajsGroup implements ConsumerGroup {
  readonly name: string;
  readonly #options: ConsumerGroupOptions;
  readonly #log: Logger;
  readonly #load: ProcessLoad;
  readonly #clock: Clock;
  readonly #abort = new AbortController();
  readonly #failure = Promise.withResolvers<never>();
  readonly #owned = new OwnedPartitions();
  readonly #paused = new Set<string>();
  /** Waiting for other members and reading records block a connection each, so both have a cluster object of their own. */
  readonly #clusters: { readonly members: InternalCluster; readonly records: InternalCluster };
  readonly #coordinator: GroupCoordinator;
  readonly #membership: Membership;
  readonly #commits: CommitQueue;
  readonly #fetcher: Fetcher;
  readonly #handlers: Handlers;
  #running: Promise<void> = Promise.resolve();
  #stopping: Promise<void> | null = null;

  constructor(kafka: Kafka, options: ConsumerGroupOptions, log: Logger, load: ProcessLoad, clock: Clock = systemClock) {
    this.name = `group ${options.groupId}`;
    this.#options = options;
    this.#log = log;
    this.#load = load;
    this.#clock = clock;
    this.#failure.promise.catch(() => undefined);
    const { groupId, topics, fromBeginning, maxBytesPerPartition = 1 << 20 } = options;
    this.#clusters = { members: createInternalCluster(kafka), records: createInternalCluster(kafka) };
    const cluster = this.#clusters.records;
    const coordinator = new GroupCoordinator(cluster, groupId);
    this.#coordinator = coordinator;
    const onRefused = (error: unknown): void => this.#crash(error);
    this.#membership = new Membership({
      groupId,
      topics,
      exclusive: options.exclusive ?? false,
      sessionTimeoutMs: options.sessionTimeoutMs ?? DEFAULT_SESSION_TIMEOUT_MS,
      cluster: this.#clusters.members,
      coordinator: new GroupCoordinator(this.#clusters.members, groupId),
      hooks: {
        owned: () => this.#owned.assignment(),
        load: () => load.besides(this),
        assigned: (assignment) => this.#assigned(assignment),
        revoked: (assignment) => this.#revoked(assignment),
        lost: () => this.#lost(),
      },
      clock,
      log,
    });
    this.#commits = new CommitQueue({
      groupId,
      coordinator,
      credentials: () => this.#membership.credentials,
      owns: (partition) => this.#owned.has(partition),
      onRefused,
      clock,
      log,
    });
    const isPaused = (topic: string): boolean => this.#paused.has(topic);
    const owned = this.#owned;
    this.#handlers = new Handlers({
      owned,
      onBatch: options.onBatch,
      concurrency: options.concurrency ?? 1,
      maxBytesPerPartition,
      isPaused,
      onHandled: (partition, next) => {
        this.#commits.add(partition, next);
        this.#fetcher.wake();
      },
      onFailed: (error) => this.#fail(error),
      log,
    });
    this.#fetcher = new Fetcher({
      groupId,
      fromBeginning,
      coordinator,
      cluster,
      owned,
      isPaused,
      maxBytesPerPartition,
      maxWaitMs: options.maxWaitMs ?? 100,
      onRecords: () => this.#handlers.dispatch(),
      onStart: ({ partition, offset }) => this.#commits.add(partition, offset),
      onGone: (partition) => {
        partition.moveTo(null);
        this.#commits.forget(partition);
        void this.#fetcher.begin([partition]);
      },
      onRefused,
      clock,
      log,
    });
  }

  get failed(): Promise<never> {
    return this.#failure.promise;
  }

  async start(signal: AbortSignal): Promise<void> {
    const aborted = Promise.withResolvers<never>();
    aborted.promise.catch(() => undefined);
    const onAbort = (): void => aborted.reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      signal.throwIfAborted();
      await Promise.race([this.#connect(AbortSignal.any([signal, this.#abort.signal])), aborted.promise]);
      this.#running = this.#membership.run(this.#abort.signal).catch((error: unknown) => this.#crash(error));
      await Promise.race([this.#membership.joined, this.#failure.promise, aborted.promise]);
    } catch (error) {
      signal.throwIfAborted();
      throw toKafkaError(error, `joining group ${this.#options.groupId}`);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  pause(topics: readonly string[] = this.#options.topics): void {
    for (const topic of topics) this.#paused.add(topic);
  }

  resume(topics: readonly string[] = this.#options.topics): void {
    for (const topic of topics) this.#paused.delete(topic);
    this.#fetcher.wake();
    this.#handlers.dispatch();
  }

  seek(topic: string, partition: number, offset: bigint): void {
    this.#owned.get(topic, partition)?.moveTo(offset);
    this.#fetcher.wake();
  }

  async rewind(topic: string, partition: number, offset: bigint): Promise<void> {
    const owned = this.#owned.get(topic, partition);
    owned?.moveTo(offset);
    if (owned) this.#commits.add(owned, offset);
    await this.#commits.flushed();
    if (!owned || !this.#owned.has(owned))
      throw new SluiceError('KAFKA_MEMBERSHIP_LOST', `${topic}/${partition} belongs to another member now`);
    this.#fetcher.wake();
  }

  /** Brokers that do not answer are waited for, as by a member that has joined. */
  async #connect(signal: AbortSignal): Promise<void> {
    const { members, records } = this.#clusters;
    const { groupId, topics } = this.#options;
    const connect = async (): Promise<void> => {
      await Promise.all([members.connect(), records.connect()]);
      for (const topic of topics) {
        await records.addTargetTopic(topic);
        await members.addTargetTopic(topic);
      }
    };
    await retry(() => asKafkaError(`joining group ${groupId}`, connect), {
      attempts: Number.POSITIVE_INFINITY,
      onRetry: (error) => this.#log.info({ event: 'group_not_reached', groupId, error: String(error) }),
      clock: this.#clock,
      signal,
    });
  }

  /** Batches in hand end or are given up, what was handled is committed, the group is told, connections close. */
  async #stop(): Promise<void> {
    await this.#handlers.close(STOP_GRACE_MS);
    const fetching = this.#fetcher.stop();
    await within(LEAVE_MS, this.#leave());
    this.#commits.close();
    this.#abort.abort();
    this.#owned.remove([...this.#owned.all()]);
    this.#load.set(this, 0);
    const { members, records } = this.#clusters;
    const closing = [fetching, this.#running, members.disconnect(), records.disconnect()];
    await within(CLOSE_MS, Promise.allSettled(closing));
  }

  async #leave(): Promise<void> {
    await this.#commits.flushed();
    this.#abort.abort();
    await this.#membership.leave(this.#coordinator).catch(() => undefined);
  }

  #assigned(assignment: Assignment): void {
    const added = this.#owned.add(assignment);
    this.#load.set(this, this.#owned.count);
    this.#options.onAssigned?.(this.#owned.assignment());
    if (added.length > 0) void this.#fetcher.begin(added);
  }

  async #revoked(assignment: Assignment): Promise<void> {
    const leaving = this.#owned.listed(assignment);
    for (const partition of leaving) partition.leaving = true;
    const inHand = leaving.flatMap(({ busy }) => (busy ? [busy] : []));
    await within(HANDOVER_GRACE_MS, Promise.all(inHand));
    await within(HANDOVER_GRACE_MS, this.#commits.flushed());
    this.#owned.remove(leaving);
  }

  #lost(): void {
    this.#owned.remove([...this.#owned.all()]);
    this.#load.set(this, 0);
    this.#options.onAssigned?.(new Map());
  }

  /** What the broker refuses for good. */
  #crash(error: unknown): void {
    if (this.#abort.signal.aborted) return;
    const cause = toKafkaError(error, `consuming as ${this.#options.groupId}`);
    this.#fail(new SluiceError('KAFKA_CONSUMER_CRASHED', cause.message, { cause }));
  }

  #fail(error: unknown): void {
    this.#failure.reject(error);
    void this.stop().catch((e: unknown) => this.#log.debug({ event: 'group_not_closed', error: String(e) }));
  }
}
