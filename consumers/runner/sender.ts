import { partitionFor } from '#infra/kafka/partitioner.ts';
import type { KafkaClient, OutgoingMessage, PartitionProducer } from '#infra/kafka/types.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import { retry } from '#infra/runtime/retry.ts';

/** Most messages of one send: above it the client's work per message grows. See reference figures in infra/kafka. */
const MAX_MESSAGES_PER_SEND = 1000;

/** A message with a key, so that it has a partition. */
export interface KeyedMessage extends OutgoingMessage {
  readonly key: Buffer;
}

/**
 * Writes keyed messages: same key, same partition. After a rejected send a new producer is opened and the whole call is done again, so
 * messages may come twice; readers of these topics must not mind.
 */
export class KeyedSender {
  readonly #kafka: KafkaClient;
  readonly #counts = new Map<string, number>();
  #producer: Promise<PartitionProducer> | undefined;

  constructor(kafka: KafkaClient) {
    this.#kafka = kafka;
  }

  /** Resolves when all are stored. @throws KAFKA_TOPIC_MISSING, or the last retriable error after several tries */
  async send(topic: string, messages: readonly KeyedMessage[], signal?: AbortSignal): Promise<void> {
    if (messages.length === 0) return;
    const partitions = await this.#partitions(topic, messages);
    await retry(() => this.#sendAll(topic, partitions), signal ? { signal } : {});
  }

  /** As `send`, but all into this one partition. */
  async sendTo(
    topic: string,
    partition: number,
    messages: readonly KeyedMessage[],
    signal?: AbortSignal,
  ): Promise<void> {
    if (messages.length === 0) return;
    await retry(() => this.#sendAll(topic, new Map([[partition, messages]])), signal ? { signal } : {});
  }

  async close(): Promise<void> {
    const producer = await this.#producer?.catch(() => undefined);
    this.#producer = undefined;
    await producer?.close();
  }

  async #partitions(topic: string, messages: readonly KeyedMessage[]): Promise<Map<number, KeyedMessage[]>> {
    const count = this.#counts.get(topic) ?? (await this.#kafka.partitionCount(topic));
    if (count === null) throw new SluiceError('KAFKA_TOPIC_MISSING', `Topic ${topic} does not exist.`);
    this.#counts.set(topic, count);
    const partitions = new Map<number, KeyedMessage[]>();
    for (const message of messages) {
      const partition = partitionFor(message.key, count);
      const list = partitions.get(partition);
      if (list === undefined) partitions.set(partition, [message]);
      else list.push(message);
    }
    return partitions;
  }

  async #sendAll(topic: string, partitions: ReadonlyMap<number, readonly KeyedMessage[]>): Promise<void> {
    this.#producer ??= this.#kafka.producer();
    const opened = this.#producer;
    try {
      const producer = await opened;
      await Promise.all([...partitions].map(([partition, list]) => sendInOrder(producer, topic, partition, list)));
    } catch (error) {
      if (this.#producer === opened) this.#producer = undefined;
      void opened.then((producer) => producer.close()).catch(() => undefined);
      throw error;
    }
  }
}

async function sendInOrder(
  producer: PartitionProducer,
  topic: string,
  partition: number,
  messages: readonly KeyedMessage[],
): Promise<void> {
  for (let start = 0; start < messages.length; start += MAX_MESSAGES_PER_SEND)
    await producer.send(topic, partition, messages.slice(start, start + MAX_MESSAGES_PER_SEND));
}
