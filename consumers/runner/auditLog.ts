import type { KafkaClient } from '#infra/kafka/types.ts';
import { KeyedSender } from './sender.ts';

/** Topic with every act of a person on the consumers' state, as JSON. Kept until somebody deletes it. */
export function auditTopic(groupPrefix: string): string {
  return `${groupPrefix}.audit`;
}

/** What every entry says. */
export interface AuditEntry {
  readonly action: string;
  /** Who: `account@machine` of the command. */
  readonly by: string;
  /** ISO 8601. */
  readonly at: string;
}

/** Writes what a person did, before it is done. */
export class AuditLog {
  readonly #kafka: KafkaClient;
  readonly #topic: string;
  readonly #replicationFactor: number;
  readonly #sender: KeyedSender;

  constructor(kafka: KafkaClient, groupPrefix: string, replicationFactor: number) {
    this.#kafka = kafka;
    this.#topic = auditTopic(groupPrefix);
    this.#replicationFactor = replicationFactor;
    this.#sender = new KeyedSender(kafka);
  }

  async write<E extends AuditEntry>(entry: E, signal: AbortSignal): Promise<void> {
    const config = { 'cleanup.policy': 'delete', 'retention.ms': '-1' };
    const spec = { topic: this.#topic, partitions: 1, replicationFactor: this.#replicationFactor, config };
    await this.#kafka.ensureTopics([spec]);
    await this.#sender.send(
      this.#topic,
      [{ key: Buffer.from(entry.by), value: Buffer.from(JSON.stringify(entry)) }],
      signal,
    );
  }

  async close(): Promise<void> {
    await this.#sender.close();
  }
}
