import { setTimeout as delay } from 'node:timers/promises';
import type { KafkaClient, OutgoingMessage, PartitionOffsets, PartitionProducer } from '#infra/kafka/types.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import { decodeAccepted, decodeStatus, type QueueTopics } from './records.ts';
import type { StatusIndex } from './statusIndex.ts';

export interface QueueLogOptions {
  readonly kafka: KafkaClient;
  readonly topics: QueueTopics;
  readonly partitions: number;
  readonly replicationFactor: number;
  /** Days both topics keep their records. */
  readonly keepDays: number;
  /** Milliseconds a write or a read may take before the queue is taken for away. */
  readonly timeoutMs: number;
  readonly index: StatusIndex;
  readonly log: Logger;
}

const DAY_MS = 86_400_000;
/** Replicas that must hold a record before it counts as kept, when there are enough. */
const MIN_IN_SYNC = 2;

/** The queue's two topics in Kafka: appending to them, and following them into the index. */
export class QueueLog {
  readonly #options: QueueLogOptions;
  #producer: Promise<PartitionProducer> | undefined;
  #partitions: Promise<number> | undefined;
  #offsets: { commands?: PartitionOffsets; status?: PartitionOffsets } = {};
  #reading: Promise<void> | undefined;
  #queued: Promise<void> | undefined;

  constructor(options: QueueLogOptions) {
    this.#options = options;
  }

  /** Partitions of both topics; makes the topics when they are missing. @throws CMD_QUEUE_AWAY. */
  partitions(): Promise<number> {
    this.#partitions ??= this.#open().catch((error: unknown) => {
      this.#partitions = undefined;
      throw error;
    });
    return this.#inTime(this.#partitions, 'opening the queue');
  }

  async #open(): Promise<number> {
    const { kafka, topics, partitions, replicationFactor, keepDays } = this.#options;
    const config = {
      'cleanup.policy': 'delete',
      'retention.ms': String(keepDays * DAY_MS),
      'min.insync.replicas': String(Math.min(MIN_IN_SYNC, Math.max(1, replicationFactor - 1))),
    };
    await kafka.ensureTopics([
      { topic: topics.commands, partitions, replicationFactor, config },
      { topic: topics.status, partitions, replicationFactor, config },
    ]);
    const counts = await Promise.all([kafka.partitionCount(topics.commands), kafka.partitionCount(topics.status)]);
    return Math.min(...counts.map((count) => count ?? 0));
  }

  /** Appends records to one partition; resolves when all replicas that count hold them. @throws CMD_QUEUE_AWAY when that is not sure. */
  append(topic: keyof QueueTopics, partition: number, messages: readonly OutgoingMessage[]): Promise<void> {
    return this.#inTime(this.#append(topic, partition, messages), 'writing to the queue');
  }

  async #append(topic: keyof QueueTopics, partition: number, messages: readonly OutgoingMessage[]): Promise<void> {
    this.#producer ??= this.#options.kafka.producer();
    const mine = this.#producer;
    try {
      const producer = await mine;
      await producer.send(this.#options.topics[topic], partition, messages);
    } catch (error) {
      // After a rejection the producer is of no more use; records that were stored all the same are the same command again.
      if (this.#producer === mine) this.#producer = undefined;
      void mine.then((producer) => producer.close()).catch(() => undefined);
      throw error;
    }
  }

  /** Brings the index to the end of both topics as it is now. Calls at the same time share one reading. @throws CMD_QUEUE_AWAY. */
  catchUp(): Promise<void> {
    if (this.#reading === undefined) {
      this.#reading = this.#read().finally(() => {
        this.#reading = undefined;
      });
      return this.#inTime(this.#reading, 'reading the queue');
    }
    // The reading under way may have passed what this caller wants to see: the next one will not have.
    this.#queued ??= this.#reading
      .catch(() => undefined)
      .then(() => {
        this.#queued = undefined;
        return this.catchUp();
      });
    return this.#queued;
  }

  async #read(): Promise<void> {
    await this.partitions();
    const { index } = this.#options;
    await this.#follow('commands', (value) => index.accepted(decodeAccepted(value)));
    await this.#follow('status', (value) => index.reached(decodeStatus(value)));
  }

  async #follow(name: keyof QueueTopics, take: (value: Buffer | null) => void): Promise<void> {
    const { kafka, topics, log } = this.#options;
    this.#offsets[name] = await kafka.readTopic({
      topic: topics[name],
      from: this.#offsets[name] ?? 'beginning',
      onBatch: ({ messages, partition }) => {
        for (const { value, offset } of messages) {
          try {
            take(value);
          } catch {
            log.warn({ event: 'queue_record_unreadable', topic: topics[name], partition, offset: String(offset) });
          }
        }
      },
    });
  }

  async close(): Promise<void> {
    await this.#producer?.then((producer) => producer.close()).catch(() => undefined);
  }

  async #inTime<T>(work: Promise<T>, what: string): Promise<T> {
    const { timeoutMs } = this.#options;
    const abort = new AbortController();
    const late = delay(timeoutMs, undefined, { signal: abort.signal }).then(() => {
      throw new SluiceError('CMD_QUEUE_AWAY', `${what} took longer than ${timeoutMs} ms.`);
    });
    late.catch(() => undefined);
    work.catch(() => undefined);
    try {
      return await Promise.race([work, late]);
    } catch (error) {
      if (error instanceof SluiceError && error.code === 'CMD_QUEUE_AWAY') throw error;
      throw new SluiceError('CMD_QUEUE_AWAY', `${what} failed.`, { cause: error });
    } finally {
      abort.abort();
    }
  }
}
