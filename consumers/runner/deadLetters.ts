import type { IncomingMessage, KafkaClient } from '#infra/kafka/types.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import { deadHeaders, type LetterRow, letterKey, placeOf } from './letterFormat.ts';
import { redeliveryTopic } from './redelivery.ts';
import { KeyedSender } from './sender.ts';

/** A record that could not be handled, with the reason. */
export interface DeadLetter {
  readonly message: IncomingMessage;
  readonly error: SluiceError;
  /** The rows a document could not be built from. */
  readonly rows?: readonly LetterRow[];
}

/** Where all groups with this prefix put what they could not handle. */
export function deadLetterTopic(groupPrefix: string): string {
  return `${groupPrefix}.dead-letters`;
}

/** Redeliveries are asked for by a person; those nobody took in this time are asked for again. */
const REDELIVERY_RETENTION_MS = 7 * 24 * 3_600_000;

/**
 * Keeps poisoned records until they are settled: handled after all, or discarded. A letter's key names group, topic, partition and offset, the
 * topic is compacted, a tombstone settles. Value and headers are the original bytes; key, place and reason travel in `sluice.dead.*`.
 */
export class DeadLetters {
  /** Letters that shall be tried again come this way to every group; each takes its own. */
  readonly redeliveryTopic: string;
  readonly #sender: KeyedSender;
  readonly #kafka: KafkaClient;
  readonly #topic: string;
  readonly #topicSpec: { readonly partitions: number; readonly replicationFactor: number };

  constructor(
    kafka: KafkaClient,
    groupPrefix: string,
    topicSpec: { readonly partitions: number; readonly replicationFactor: number },
  ) {
    this.#kafka = kafka;
    this.#sender = new KeyedSender(kafka);
    this.#topic = deadLetterTopic(groupPrefix);
    this.redeliveryTopic = redeliveryTopic(groupPrefix);
    this.#topicSpec = topicSpec;
  }

  async open(): Promise<void> {
    await this.#kafka.ensureTopics([
      { topic: this.#topic, ...this.#topicSpec, config: { 'cleanup.policy': 'compact' } },
      {
        topic: this.redeliveryTopic,
        ...this.#topicSpec,
        config: { 'cleanup.policy': 'delete', 'retention.ms': String(REDELIVERY_RETENTION_MS) },
      },
    ]);
  }

  /** Resolves when the letters are stored; only then may the offset of their records be committed. */
  async put(groupId: string, letters: readonly DeadLetter[], nowMs: number, signal?: AbortSignal): Promise<void> {
    const messages = letters.map(({ message, error, rows }) => ({
      key: letterKey({ groupId, ...message }),
      value: message.value ?? Buffer.alloc(0),
      headers: { ...message.headers, ...deadHeaders(groupId, message, error, nowMs, rows) },
    }));
    await this.#sender.send(this.#topic, messages, signal);
  }

  /** Takes letters away: their records, redelivered, were handled. */
  async settle(groupId: string, messages: readonly IncomingMessage[], signal?: AbortSignal): Promise<void> {
    const settled = messages.map((message) => ({ key: letterKey(placeOf(groupId, message)), value: null }));
    await this.#sender.send(this.#topic, settled, signal);
  }

  async close(): Promise<void> {
    await this.#sender.close();
  }
}

/** Wraps anything a user's function or a decoder throws; errors of ours stay as they are. */
export function poison(error: unknown, code: 'PROJECTION_FAILED' | 'RECORD_UNREADABLE', what: string): SluiceError {
  if (error instanceof SluiceError) return error;
  const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new SluiceError(code, `${what}: ${reason.slice(0, 300)}`, { cause: error });
}
