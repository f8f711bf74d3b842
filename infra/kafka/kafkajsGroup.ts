import type { Consumer, EachBatchPayload, Kafka } from 'kafkajs';
import { isRetriable, SluiceError } from '#infra/runtime/errors.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import { retry } from '#infra/runtime/retry.ts';
import { exclusiveAssigner } from './exclusiveAssigner.ts';
import { toKafkaError } from './kafkajsErrors.ts';
import { toIncoming } from './rawRecords.ts';
import type { BatchControl, ConsumerGroup, ConsumerGroupOptions, MessageBatch } from './types.ts';

const SESSION_TIMEOUT_MS = 10_000;
const HEARTBEAT_INTERVAL_MS = 2000;
/** A member that waits for another's end asks more often, so that it learns of it soon. */
const EXCLUSIVE_HEARTBEAT_INTERVAL_MS = 1000;
const REBALANCE_TIMEOUT_MS = 15_000;
/** A handler that works longer than this without end is taken for dead: no more heartbeats in its name. */
const MAX_HANDLER_MS = 300_000;
/** With pauses of a tenth of a second between them. */
const MAX_JOINS = 100;
const RETRY = { initialRetryTime: 100, multiplier: 1.5, maxRetryTime: 2000, retries: 60 };

/** See KafkaClient.consumerGroup. */
export class KafkajsGroup implements ConsumerGroup {
  readonly name: string;
  readonly #consumer: Consumer;
  readonly #options: ConsumerGroupOptions;
  readonly #log: Logger;
  readonly #abort = new AbortController();
  /** Failed attempts to join; infinite once it has joined. */
  #joins = 0;
  readonly #failure = Promise.withResolvers<never>();
  #owns = false;
  /** When the group last confirmed this member, on the monotonic clock. */
  #heardAtMs = Number.NEGATIVE_INFINITY;

  constructor(kafka: Kafka, options: ConsumerGroupOptions, log: Logger) {
    this.name = `group ${options.groupId}`;
    this.#options = options;
    this.#log = log;
    this.#failure.promise.catch(() => undefined);
    const sessionTimeout = options.sessionTimeoutMs ?? SESSION_TIMEOUT_MS;
    this.#consumer = kafka.consumer({
      groupId: options.groupId,
      sessionTimeout,
      heartbeatInterval: options.exclusive ? EXCLUSIVE_HEARTBEAT_INTERVAL_MS : HEARTBEAT_INTERVAL_MS,
      ...(options.exclusive && {
        partitionAssigners: [
          exclusiveAssigner(() => this.#owns && performance.now() - this.#heardAtMs < sessionTimeout),
        ],
      }),
      rebalanceTimeout: REBALANCE_TIMEOUT_MS,
      maxWaitTimeInMs: options.maxWaitMs ?? 100,
      maxBytesPerPartition: options.maxBytesPerPartition ?? 1 << 20,
      allowAutoTopicCreation: false,
      // A broker that has just started still loads its groups, which the library does not wait for.
      retry: { ...RETRY, restartOnFailure: async () => this.#mayJoinAgain() },
    });
  }

  /** Before the first membership a retriable failure is tried again for a while; later it ends the member. */
  #mayJoinAgain(): boolean {
    return !this.#abort.signal.aborted && ++this.#joins <= MAX_JOINS;
  }

  get failed(): Promise<never> {
    return this.#failure.promise;
  }

  async start(signal: AbortSignal): Promise<void> {
    const consumer = this.#consumer;
    const joined = Promise.withResolvers<void>();
    consumer.on(consumer.events.HEARTBEAT, () => {
      this.#heardAtMs = performance.now();
    });
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      this.#heardAtMs = performance.now();
      this.#joins = Number.POSITIVE_INFINITY;
      this.#owns = Object.keys(payload.memberAssignment).length > 0;
      this.#options.onAssigned?.(new Map(Object.entries(payload.memberAssignment as Record<string, number[]>)));
      joined.resolve();
    });
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      if (payload.restart) return;
      const error = toKafkaError(payload.error, `consuming as ${this.#options.groupId}`);
      this.#fail(new SluiceError('KAFKA_CONSUMER_CRASHED', error.message, { cause: error }));
    });
    consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload }) => {
      // Only control or aborted records: nothing reached the handler, yet the committed offset has to move or lag never gets to 0.
      if (payload.batchSize === 0) void this.#commitEmpty(payload.topic, payload.partition, payload.lastOffset);
    });
    const onAbort = (): void => joined.reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      await consumer.connect();
      await consumer.subscribe({ topics: [...this.#options.topics], fromBeginning: this.#options.fromBeginning });
      await consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: this.#options.concurrency ?? 1,
        eachBatch: (payload) => this.#eachBatch(payload),
      });
      await Promise.race([joined.promise, this.#failure.promise]);
    } catch (error) {
      signal.throwIfAborted();
      throw toKafkaError(error, `joining group ${this.#options.groupId}`);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#consumer.disconnect().catch(() => undefined);
  }

  pause(topics: readonly string[] = this.#options.topics): void {
    this.#consumer.pause(topics.map((topic) => ({ topic })));
  }

  resume(topics: readonly string[] = this.#options.topics): void {
    this.#consumer.resume(topics.map((topic) => ({ topic })));
  }

  seek(topic: string, partition: number, offset: bigint): void {
    this.#consumer.seek({ topic, partition, offset: String(offset) });
  }

  #fail(error: unknown): void {
    this.#failure.reject(error);
    this.#abort.abort();
    void this.#consumer.disconnect().catch(() => undefined);
  }

  async #commitEmpty(topic: string, partition: number, lastOffset: string): Promise<void> {
    if (lastOffset === null || this.#abort.signal.aborted) return;
    try {
      await this.#consumer.commitOffsets([{ topic, partition, offset: String(BigInt(lastOffset) + 1n) }]);
    } catch (error) {
      this.#log.debug({ event: 'empty_batch_not_committed', topic, partition, error: String(error) });
    }
  }

  async #eachBatch(payload: EachBatchPayload): Promise<void> {
    const { topic, partition, messages, highWatermark } = payload.batch;
    const batch: MessageBatch = {
      topic,
      partition,
      messages: messages.map((m) => toIncoming(topic, partition, m as Parameters<typeof toIncoming>[2])),
      highWatermark: BigInt(highWatermark),
    };
    const watch = new Membership(payload, this.#abort.signal);
    try {
      await retry(() => this.#options.onBatch(batch, watch.control), {
        attempts: Number.POSITIVE_INFINITY,
        signal: this.#abort.signal,
        retryIf: (error) => isRetriable(error) && !watch.control.isStale(),
        onRetry: (error, attempt, pauseMs) =>
          this.#log.warn({ event: 'batch_retried', topic, partition, attempt, pauseMs, error: String(error) }),
      });
    } catch (error) {
      watch.end();
      if (watch.lost) throw watch.lost;
      if (this.#abort.signal.aborted || watch.control.isStale()) return;
      this.#fail(error);
      return;
    }
    watch.end();
    if (watch.lost) throw watch.lost;
    if (watch.control.isStale()) return;
    const lastOffset = payload.batch.lastOffset();
    await payload.commitOffsetsIfNecessary({
      topics: [{ topic, partitions: [{ partition, offset: String(BigInt(lastOffset) + 1n) }] }],
    });
    payload.resolveOffset(lastOffset);
    await payload.heartbeat();
  }
}

/** Keeps the membership alive while a handler works, and notices when it is lost. */
class Membership {
  /** What the library threw when the group went on without this member; it must get it back to rejoin. */
  lost: unknown;
  readonly control: BatchControl;
  readonly #payload: EachBatchPayload;
  readonly #timer: NodeJS.Timeout;

  constructor(payload: EachBatchPayload, signal: AbortSignal) {
    this.#payload = payload;
    const deadline = Date.now() + MAX_HANDLER_MS;
    this.#timer = setInterval(() => {
      if (Date.now() < deadline) this.#beat().catch(() => undefined);
    }, HEARTBEAT_INTERVAL_MS);
    this.control = {
      signal,
      heartbeat: () => this.#beat(),
      isStale: () => this.lost !== undefined || !payload.isRunning() || payload.isStale(),
    };
  }

  end(): void {
    clearInterval(this.#timer);
  }

  async #beat(): Promise<void> {
    try {
      await this.#payload.heartbeat();
    } catch (error) {
      this.lost ??= error;
      const where = `${this.#payload.batch.topic}/${this.#payload.batch.partition}`;
      throw new SluiceError('KAFKA_MEMBERSHIP_LOST', `The group took ${where} back while it was worked on`, {
        cause: error,
      });
    }
  }
}
