import { codecsOf } from '#connectors/capture/rowReader.ts';
import type { CapturedTable, CaptureSink, CaptureState, ChangeEvent } from '#connectors/capture/types.ts';
import { partitionFor } from '#infra/kafka/partitioner.ts';
import type { KafkaClient, OutgoingMessage, TransactionalProducer } from '#infra/kafka/types.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import type { SchemaRegistry } from '#schemas/registry.ts';
import { positionRecord, positionTopic, positionTopicSpec, readPosition } from './positionStore.ts';
import { TableEncoder } from './tableEncoder.ts';

export interface PublisherOptions {
  readonly kafka: KafkaClient;
  readonly registry: SchemaRegistry;
  /** Name of the capture: key of its position and part of its transactional id. */
  readonly name: string;
  readonly topicPrefix: string;
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly log: Logger;
  /** Told after each commit. */
  readonly onPublished?: (batch: { readonly changes: number; readonly messages: number; readonly ms: number }) => void;
}

/** A table with what is needed to publish it. */
interface Route {
  readonly encoder: TableEncoder;
  readonly partitions: number;
}

/** Largest Kafka request that is put together for one partition; the broker's own limit is 1 MiB by default. */
const MAX_SEND_BYTES = 700_000;

/**
 * Publishes changes to Kafka exactly once: one Kafka transaction a batch holds the records and the position they lead to. Opening takes
 * over the transactional id, which keeps any older instance from ever writing again.
 */
export class Publisher implements CaptureSink {
  readonly #options: PublisherOptions;
  #routes = new Map<string, Route>();
  #producer: TransactionalProducer | undefined;

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  async open(tables: readonly CapturedTable[], signal: AbortSignal): Promise<CaptureState | null> {
    const { kafka, registry, name, topicPrefix, replicationFactor, log } = this.#options;
    await this.close();
    const encoders = await Promise.all(tables.map((t) => TableEncoder.create(registry, topicPrefix, t, signal)));
    await kafka.ensureTopics([
      positionTopicSpec(topicPrefix, replicationFactor),
      ...encoders.map(({ topic }, i) => ({
        topic,
        partitions: this.#options.partitions,
        replicationFactor,
        config: retentionOf(tables[i]!),
      })),
    ]);
    const routes = await Promise.all(
      encoders.map(async (encoder, i) => {
        const partitions = await kafka.partitionCount(encoder.topic);
        if (partitions === null) throw new SluiceError('KAFKA_TOPIC_MISSING', `Topic ${encoder.topic} does not exist`);
        return [tables[i]!.id, { encoder, partitions }] as const;
      }),
    );
    this.#routes = new Map(routes);
    this.#producer = await kafka.transactionalProducer({ transactionalId: `${topicPrefix}.__sluice.${name}` });
    const stored = await readPosition(kafka, topicPrefix, name, signal);
    log.info({ event: 'publisher_opened', topics: routes.length, position: stored?.position ?? null });
    return stored;
  }

  async write(events: readonly ChangeEvent[], state: CaptureState, signal: AbortSignal): Promise<void> {
    const { name, topicPrefix, onPublished } = this.#options;
    const producer = this.#producer;
    if (!producer) throw new SluiceError('KAFKA_PRODUCER_BROKEN', 'The publisher is not open');
    const startedAt = performance.now();
    const batches = this.#group(events);
    signal.throwIfAborted();
    const transaction = await producer.begin();
    const position = { topic: positionTopic(topicPrefix), partition: 0, list: [positionRecord(name, state)] };
    await transaction.include([...batches, position]);
    const sends = [...batches, position].map(async ({ topic, partition, list }) => {
      for (const part of sendable(list)) await transaction.send(topic, partition, part);
    });
    await allSettled(sends);
    await transaction.commit();
    const messages = batches.reduce((sum, { list }) => sum + list.length, 0);
    onPublished?.({ changes: events.length, messages, ms: performance.now() - startedAt });
  }

  async close(): Promise<void> {
    await this.#producer?.close();
    this.#producer = undefined;
  }

  /** Encodes the events and puts them together by topic and partition, each in the order of the events. */
  #group(events: readonly ChangeEvent[]): { topic: string; partition: number; list: OutgoingMessage[] }[] {
    const groups = new Map<Route, OutgoingMessage[][]>();
    for (const event of events) {
      const route = this.#routes.get(event.table.id)!;
      let lists = groups.get(route);
      if (!lists) {
        lists = Array.from({ length: route.partitions }, () => []);
        groups.set(route, lists);
      }
      const messages = route.encoder.encode(event);
      lists[partitionFor(messages[0]!.key!, route.partitions)]!.push(...messages);
    }
    return [...groups].flatMap(([{ encoder }, lists]) =>
      lists.flatMap((list, partition) => (list.length > 0 ? [{ topic: encoder.topic, partition, list }] : [])),
    );
  }
}

/** Waits for every promise, so that nothing is on its way when one has failed. @throws the first failure */
async function allSettled(promises: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(promises)) if (result.status === 'rejected') throw result.reason;
}

/** Cuts a list so that no part is larger than a broker takes by default (a single larger message stays whole). */
export function sendable(list: readonly OutgoingMessage[]): OutgoingMessage[][] {
  const parts: OutgoingMessage[][] = [];
  let part: OutgoingMessage[] = [];
  let bytes = 0;
  for (const message of list) {
    const size = (message.key?.length ?? 0) + (message.value?.length ?? 0) + 150;
    if (part.length > 0 && bytes + size > MAX_SEND_BYTES) {
      parts.push(part);
      part = [];
      bytes = 0;
    }
    part.push(message);
    bytes += size;
  }
  if (part.length > 0) parts.push(part);
  return parts;
}

/**
 * A topic keeps the newest version of every row for ever, so that a new reader needs no snapshot. Where the table has large columns all
 * versions stay: an update that does not touch such a column carries a placeholder, and compaction would drop the version with the value.
 */
function retentionOf(table: CapturedTable): Record<string, string> {
  const large = codecsOf(table.instance).some((codec) => codec.large);
  return large
    ? { 'cleanup.policy': 'delete', 'retention.ms': '-1', 'retention.bytes': '-1' }
    : { 'cleanup.policy': 'compact' };
}
