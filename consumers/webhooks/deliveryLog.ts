import { KeyedSender } from '#consumers/runner/sender.ts';
import type { KafkaClient } from '#infra/kafka/types.ts';
import { hasCode } from '#infra/runtime/errors.ts';
import { logTopic } from './webhookTypes.ts';

/** One line of the delivery log: an attempt, or something that changed an endpoint. */
export interface DeliveryRecord {
  /** ISO 8601. */
  readonly at: string;
  readonly endpoint: string;
  /** delivered, failed (will be repeated), given-up; disabled, enabled. */
  readonly outcome: 'delivered' | 'failed' | 'given-up' | 'disabled' | 'enabled';
  readonly event?: string;
  readonly type?: string;
  readonly key?: string;
  /** Counts from 1. */
  readonly attempt?: number;
  readonly status?: number | null;
  readonly ms?: number;
  readonly error?: string | null;
  /** ISO 8601 of the next attempt. */
  readonly retryAt?: string;
  readonly reason?: string;
  readonly by?: string;
}

/** Records of attempts kept until they are written; beyond, the oldest are dropped: delivering is worth more than telling of it. */
const MAX_WAITING = 10_000;

/** Writes the delivery log. Lines since the last `flush` are lost when the process is killed; a flush that fails keeps them. */
export class DeliveryLog {
  readonly #sender: KeyedSender;
  readonly #topic: string;
  #waiting: DeliveryRecord[] = [];

  constructor(kafka: KafkaClient, groupPrefix: string) {
    this.#sender = new KeyedSender(kafka);
    this.#topic = logTopic(groupPrefix);
  }

  add(record: DeliveryRecord): void {
    this.#waiting.push(record);
    if (this.#waiting.length > MAX_WAITING) this.#waiting.shift();
  }

  async flush(signal?: AbortSignal): Promise<void> {
    const records = this.#waiting;
    this.#waiting = [];
    const messages = records.map((record) => ({
      key: Buffer.from(record.endpoint),
      value: Buffer.from(JSON.stringify(record)),
    }));
    try {
      await this.#sender.send(this.#topic, messages, signal);
    } catch (error) {
      this.#waiting = [...records, ...this.#waiting].slice(-MAX_WAITING);
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#sender.close();
  }
}

/** Lines of the log from a moment on that fit, at most the newest `limit`, oldest first. */
export async function readLog(
  kafka: KafkaClient,
  groupPrefix: string,
  options: {
    readonly sinceMs: number;
    readonly limit: number;
    readonly fits: (record: DeliveryRecord) => boolean;
    readonly signal: AbortSignal;
  },
): Promise<DeliveryRecord[]> {
  const topic = logTopic(groupPrefix);
  const found: DeliveryRecord[] = [];
  try {
    const from = await kafka.offsetsByTimestamp(topic, options.sinceMs);
    await kafka.readTopic({
      topic,
      from,
      signal: options.signal,
      onBatch: ({ messages }) => {
        for (const { value } of messages) {
          const record = JSON.parse(value?.toString('utf8') ?? 'null') as DeliveryRecord | null;
          if (record !== null && options.fits(record)) found.push(record);
        }
        if (found.length > 2 * options.limit) found.splice(0, found.length - options.limit);
      },
    });
  } catch (error) {
    if (!hasCode(error, 'KAFKA_TOPIC_MISSING')) throw error;
  }
  return found.slice(-options.limit);
}
