import type { Position } from '#connectors/capture/position.ts';
import {
  type CapturedTable,
  type CaptureProgress,
  type CaptureSink,
  type CaptureState,
  type ChangeEvent,
  type EarlierRow,
  type Row,
  type SinkRefusal,
  UnfitEvent,
} from '#connectors/capture/types.ts';
import { partitionFor } from '#infra/kafka/partitioner.ts';
import type { KafkaClient, TransactionalProducer } from '#infra/kafka/types.ts';
import { type Clock, systemClock } from '#infra/runtime/clock.ts';
import { hasCode, SluiceError } from '#infra/runtime/errors.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import { createDecoder, type Decoder } from '#schemas/codec.ts';
import { encodeProgress, progressTopic, progressTopicSpec } from '#schemas/progressRecord.ts';
import type { SchemaRegistry } from '#schemas/registry.ts';
import { ControlTopics } from './controlTopics.ts';
import { earlierRows } from './earlierRows.ts';
import { eventFilter } from './eventFilter.ts';
import { allSettled, MessageGroups, type PartitionMessages, sendable } from './messageGroups.ts';
import {
  captureTransactionalId,
  markPositions,
  positionRecord,
  positionTopic,
  positionTopicSpec,
  readPosition,
} from './positionStore.ts';
import { progressRecord } from './progressRecord.ts';
import { DEFAULT_PUBLISH_RULES, type PublishRules } from './publishRules.ts';
import { SerialNumbers } from './serialNumbers.ts';
import { hasMaskedKey, withoutMaskedKeys } from './storedState.ts';
import { TableEncoder } from './tableEncoder.ts';
import { tableTopicSpec } from './topicPlan.ts';

export interface PublisherOptions {
  readonly kafka: KafkaClient;
  readonly registry: SchemaRegistry;
  /** Name of the capture: key of its position and part of its transactional id. */
  readonly name: string;
  readonly topicPrefix: string;
  readonly partitions: number;
  readonly replicationFactor: number;
  /** Default: everything as Debezium does it. */
  readonly rules?: PublishRules;
  readonly log: Logger;
  readonly clock?: Clock;
  /** Told after each commit. */
  readonly onPublished?: (batch: { readonly changes: number; readonly messages: number; readonly ms: number }) => void;
}

/** A version of a table with what is needed to publish it. */
interface Route {
  readonly encoder: TableEncoder;
  readonly partitions: number;
}

/** What keeps one table from being published and says nothing about the others. */
const REFUSALS = [
  'SCHEMA_INCOMPATIBLE',
  'SCHEMA_UNSUPPORTED',
  'SCHEMA_REGISTRY_REFUSED',
  'KAFKA_TOPIC_MISMATCH',
] as const;

/** Tables made ready side by side: each asks the registry and Kafka several times. */
const ADOPTED_AT_ONCE = 8;

/**
 * Publishes changes to Kafka exactly once: one Kafka transaction a batch holds the records and the position they lead to. Opening takes
 * over the transactional id, which keeps any older instance from ever writing again.
 */
export class Publisher implements CaptureSink {
  readonly #options: PublisherOptions;
  readonly #rules: PublishRules;
  readonly #isWritten: (event: ChangeEvent) => boolean;
  readonly #control: ControlTopics;
  readonly #decoder: Decoder;
  readonly #routes = new WeakMap<CapturedTable, Route>();
  /** Tables whose snapshot's place may not be stored. */
  readonly #maskedKeys = new Set<string>();
  #serials = new SerialNumbers(null);
  #producer: TransactionalProducer | undefined;

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#rules = options.rules ?? DEFAULT_PUBLISH_RULES;
    this.#isWritten = eventFilter(this.#rules);
    this.#decoder = createDecoder(options.registry);
    const clock = options.clock ?? systemClock;
    this.#control = new ControlTopics({ ...options, rules: this.#rules, now: () => clock.now() });
  }

  async open(signal: AbortSignal): Promise<CaptureState | null> {
    const { kafka, name, topicPrefix, replicationFactor, log } = this.#options;
    await this.close();
    const own = [positionTopicSpec(topicPrefix, replicationFactor), progressTopicSpec(topicPrefix, replicationFactor)];
    await kafka.ensureTopics([...own, ...this.#control.specs()]);
    this.#producer = await kafka.transactionalProducer({
      transactionalId: captureTransactionalId(topicPrefix, name),
    });
    const mark = await markPositions(this.#producer, topicPrefix, name);
    const stored = await readPosition(kafka, topicPrefix, name, signal, mark);
    const position: Position | null = stored?.position ?? null;
    await this.#control.open(position, signal);
    this.#serials = new SerialNumbers(position);
    log.info({ event: 'publisher_opened', position });
    return stored;
  }

  async adopt(tables: readonly CapturedTable[], signal: AbortSignal): Promise<readonly SinkRefusal[]> {
    // Versions of one table follow one another in the registry; different tables do not wait for each other.
    const versions = [...Map.groupBy(tables, (table) => table.id).values()];
    const refusals: SinkRefusal[] = [];
    const adoptNext = async (): Promise<void> => {
      for (let list = versions.shift(); list; list = versions.shift()) {
        for (const table of list) refusals.push(...(await this.#adopt(table, signal)));
      }
    };
    await allSettled(Array.from({ length: ADOPTED_AT_ONCE }, adoptNext));
    return refusals;
  }

  async #adopt(table: CapturedTable, signal: AbortSignal): Promise<SinkRefusal[]> {
    if (this.#routes.has(table)) return [];
    try {
      this.#routes.set(table, await this.#route(table, signal));
      if (hasMaskedKey(table)) this.#maskedKeys.add(table.id);
      return [];
    } catch (error) {
      if (!REFUSALS.some((code) => hasCode(error, code))) throw error;
      return [{ table, error }];
    }
  }

  async #route(table: CapturedTable, signal: AbortSignal): Promise<Route> {
    const { kafka, registry, topicPrefix, log } = this.#options;
    const spec = tableTopicSpec(table, this.#options, this.#rules);
    const { tombstones } = this.#rules;
    const encoder = await TableEncoder.create(
      registry,
      { prefix: topicPrefix, table, topic: spec.topic, tombstones },
      signal,
    );
    await kafka.ensureTopics([spec]);
    const partitions = await kafka.partitionCount(spec.topic);
    if (partitions === null) throw new SluiceError('KAFKA_TOPIC_MISSING', `Topic ${spec.topic} does not exist`);
    for (const column of encoder.keptNullable) log.warn({ event: 'column_kept_nullable', table: table.id, column });
    return { encoder, partitions };
  }

  async write(events: readonly ChangeEvent[], state: CaptureState, signal: AbortSignal): Promise<void> {
    const { name, topicPrefix, onPublished } = this.#options;
    const producer = this.#producer;
    if (!producer) throw new SluiceError('KAFKA_PRODUCER_BROKEN', 'The publisher is not open');
    const startedAt = performance.now();
    const rows = this.#group(events);
    signal.throwIfAborted();
    const transaction = await producer.begin();
    const stored = positionRecord(name, withoutMaskedKeys(state, this.#maskedKeys));
    const groups = joined([...rows, ...this.#control.records(state.position)], {
      topic: positionTopic(topicPrefix),
      partition: 0,
      list: [stored],
    });
    await transaction.include(groups);
    const sends = groups.map(async ({ topic, partition, list }) => {
      for (const part of sendable(list)) await transaction.send(topic, partition, part);
    });
    await allSettled(sends);
    await transaction.commit();
    const messages = rows.reduce((sum, { list }) => sum + list.length, 0);
    onPublished?.({ changes: events.length, messages, ms: performance.now() - startedAt });
  }

  /**
   * A transaction of its own, after those it speaks of: Kafka begins no transaction of a producer before every partition of the one before has
   * heard of its end. So whoever reads this record and asks for the ends of the topics then gets ends behind all it promises.
   */
  async progress(progress: CaptureProgress, signal: AbortSignal): Promise<void> {
    const { name, topicPrefix, clock = systemClock } = this.#options;
    const producer = this.#producer;
    if (!producer) throw new SluiceError('KAFKA_PRODUCER_BROKEN', 'The publisher is not open');
    signal.throwIfAborted();
    const transaction = await producer.begin();
    const names = { capture: name, topicPrefix, topicName: this.#rules.topicName };
    await transaction.send(progressTopic(topicPrefix), 0, [
      encodeProgress(progressRecord(progress, names, clock.now())),
    ]);
    await transaction.commit();
  }

  earlierRows(table: CapturedTable, before: Position, signal: AbortSignal): AsyncIterable<readonly EarlierRow[]> {
    const { kafka, log } = this.#options;
    const { encoder } = this.#routes.get(table)!;
    const fits = (row: Row): boolean => encoder.fits(row);
    return earlierRows({ kafka, decoder: this.#decoder, topic: encoder.topic, table, fits, log }, before, signal);
  }

  async close(): Promise<void> {
    await this.#producer?.close();
    this.#producer = undefined;
  }

  /** Encodes the events and puts them together by topic and partition, each in the order of the events. @throws UnfitEvent */
  #group(events: readonly ChangeEvent[]): PartitionMessages[] {
    const groups = new MessageGroups();
    const takeBack = [this.#serials.checkpoint(), this.#control.checkpoint()];
    for (const event of events) {
      const serial = this.#serials.next(event);
      if (!this.#isWritten(event)) continue;
      const { encoder, partitions } = this.#routes.get(event.table)!;
      const transaction = this.#control.place(event);
      let messages: ReturnType<TableEncoder['encode']>;
      try {
        messages = encoder.encode(event, { serial, transaction });
      } catch (error) {
        for (const undo of takeBack) undo();
        throw new UnfitEvent(event, error);
      }
      const { key } = messages[0]!;
      // Records without a key stay in order in one partition.
      groups.add(encoder.topic, key === null ? 0 : partitionFor(key, partitions), messages);
    }
    return groups.all();
  }
}

/** The groups with `last` at the end; a group of the same partition comes before it in its list. */
function joined(groups: readonly PartitionMessages[], last: PartitionMessages): PartitionMessages[] {
  const same = groups.filter((g) => g.topic === last.topic && g.partition === last.partition);
  const list = [...same.flatMap((g) => g.list), ...last.list];
  return [...groups.filter((g) => !same.includes(g)), { ...last, list }];
}
