import type { Position } from '#connectors/capture/position.ts';
import type { ChangeEvent } from '#connectors/capture/types.ts';
import type { KafkaClient, OutgoingMessage, TopicSpec } from '#infra/kafka/types.ts';
import { createEncoder, type Encoder } from '#schemas/codec.ts';
import {
  HEARTBEAT_KEY,
  HEARTBEAT_VALUE,
  heartbeatTopic,
  TRANSACTION_KEY,
  TRANSACTION_VALUE,
  transactionTopic,
} from '#schemas/controlRecords.ts';
import type { TransactionBlock } from '#schemas/envelope.ts';
import type { SchemaRegistry } from '#schemas/registry.ts';
import type { PartitionMessages } from './messageGroups.ts';
import { positionTopic } from './positionStore.ts';
import type { PublishRules } from './publishRules.ts';
import { TransactionLog } from './transactionLog.ts';

export interface ControlTopicsOptions {
  readonly kafka: KafkaClient;
  readonly registry: SchemaRegistry;
  readonly name: string;
  readonly topicPrefix: string;
  readonly replicationFactor: number;
  readonly rules: PublishRules;
  readonly now: () => number;
}

interface Encoders {
  readonly key: Encoder;
  readonly value: Encoder;
}

/** The records beside the rows: heartbeats and transactions. All of them are written in the transaction of their batch. */
export class ControlTopics {
  readonly #options: ControlTopicsOptions;
  #heartbeat: Encoders | null = null;
  #transaction: Encoders | null = null;
  #log: TransactionLog | null = null;
  #storedLog: string | null = null;
  #beatAtMs = 0;

  constructor(options: ControlTopicsOptions) {
    this.#options = options;
  }

  /** Topics that have to exist: none of those that are switched off. One partition each, so that their order is the order of writing. */
  specs(): TopicSpec[] {
    const { topicPrefix, replicationFactor, rules } = this.#options;
    const topics: TopicSpec[] = [];
    const one = { partitions: 1, replicationFactor };
    if (rules.heartbeatIntervalMs > 0)
      topics.push({ ...one, topic: heartbeatTopic(topicPrefix), config: { 'cleanup.policy': 'compact' } });
    if (rules.transactions) topics.push({ ...one, topic: transactionTopic(topicPrefix) });
    return topics;
  }

  /** Makes ready to go on after the stored position. */
  async open(position: Position | null, signal: AbortSignal): Promise<void> {
    const { registry, topicPrefix, rules } = this.#options;
    const encoders = async (
      topic: string,
      key: typeof HEARTBEAT_KEY,
      value: typeof HEARTBEAT_KEY,
    ): Promise<Encoders> => ({
      key: await createEncoder(registry, `${topic}-key`, key, signal),
      value: await createEncoder(registry, `${topic}-value`, value, signal),
    });
    if (rules.heartbeatIntervalMs > 0)
      this.#heartbeat ??= await encoders(heartbeatTopic(topicPrefix), HEARTBEAT_KEY, HEARTBEAT_VALUE);
    if (!rules.transactions) return;
    this.#transaction ??= await encoders(transactionTopic(topicPrefix), TRANSACTION_KEY, TRANSACTION_VALUE);
    this.#storedLog = await this.#readLog(signal);
    this.#log = new TransactionLog(position, this.#storedLog);
  }

  /** The place of a change in its transaction; null when transactions are switched off. */
  place(event: ChangeEvent): TransactionBlock | null {
    return this.#log?.place(event) ?? null;
  }

  /** Gives a function that takes back what `place` counts from now on. */
  checkpoint(): () => void {
    return this.#log?.checkpoint() ?? (() => undefined);
  }

  /** What goes with a batch that leads to `position`. */
  records(position: Position): PartitionMessages[] {
    const { topicPrefix } = this.#options;
    const groups: PartitionMessages[] = [];
    const add = (topic: string, list: OutgoingMessage[]): void => {
      if (list.length > 0) groups.push({ topic, partition: 0, list });
    };
    add(heartbeatTopic(topicPrefix), this.#beat());
    if (!this.#log) return groups;
    const { key, value } = this.#transaction!;
    const records = this.#log.take(position).map((r) => ({ key: key.encode({ id: r.id }), value: value.encode(r) }));
    add(transactionTopic(topicPrefix), records);
    const stored = this.#log.toStore();
    if (stored !== this.#storedLog) {
      add(positionTopic(topicPrefix), [
        { key: Buffer.from(this.#logKey()), value: stored === null ? null : Buffer.from(stored) },
      ]);
      this.#storedLog = stored;
    }
    return groups;
  }

  #beat(): OutgoingMessage[] {
    const { topicPrefix, rules, now } = this.#options;
    const nowMs = now();
    if (!this.#heartbeat || nowMs - this.#beatAtMs < rules.heartbeatIntervalMs) return [];
    this.#beatAtMs = nowMs;
    const { key, value } = this.#heartbeat;
    return [{ key: key.encode({ serverName: topicPrefix }), value: value.encode({ ts_ms: BigInt(nowMs) }) }];
  }

  /** Key of the open transaction in the topic of positions; no capture's name holds such a character. */
  #logKey(): string {
    return `${this.#options.name}#transaction`;
  }

  async #readLog(signal: AbortSignal): Promise<string | null> {
    let stored: string | null = null;
    await this.#options.kafka.readTopic({
      topic: positionTopic(this.#options.topicPrefix),
      from: 'beginning',
      signal,
      onBatch: ({ messages }) => {
        for (const { key, value } of messages) {
          if (key?.toString() === this.#logKey()) stored = value?.toString() ?? null;
        }
      },
    });
    return stored;
  }
}
