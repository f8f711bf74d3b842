import type { IncomingMessage, KafkaClient } from '#infra/kafka/types.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import { KeyedSender } from './sender.ts';

/** A record that could not be handled, with the reason. */
export interface DeadLetter {
  readonly message: IncomingMessage;
  readonly error: SluiceError;
}

/** Where all groups with this prefix put what they could not handle. */
export function deadLetterTopic(groupPrefix: string): string {
  return `${groupPrefix}.dead-letters`;
}

/**
 * Keeps poisoned records: key, value and headers are the original bytes; where it stood and why it failed travel in headers
 * `sluice.dead.*`. The key decides the partition, so the letters of one key stay in order.
 */
export class DeadLetters {
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
    this.#topicSpec = topicSpec;
  }

  async open(): Promise<void> {
    await this.#kafka.ensureTopics([
      { topic: this.#topic, ...this.#topicSpec, config: { 'cleanup.policy': 'delete', 'retention.ms': '-1' } },
    ]);
  }

  /** Resolves when the letters are stored; only then may the offset of their records be committed. */
  async put(groupId: string, letters: readonly DeadLetter[], nowMs: number, signal?: AbortSignal): Promise<void> {
    const messages = letters.map(({ message, error }) => ({
      key: message.key ?? Buffer.alloc(0),
      value: message.value,
      headers: { ...message.headers, ...reason(groupId, message, error, nowMs) },
    }));
    await this.#sender.send(this.#topic, messages, signal);
  }

  async close(): Promise<void> {
    await this.#sender.close();
  }
}

function reason(groupId: string, message: IncomingMessage, error: SluiceError, nowMs: number): Record<string, string> {
  return {
    'sluice.dead.group': groupId,
    'sluice.dead.topic': message.topic,
    'sluice.dead.partition': String(message.partition),
    'sluice.dead.offset': String(message.offset),
    'sluice.dead.code': error.code,
    'sluice.dead.message': error.message,
    'sluice.dead.at': new Date(nowMs).toISOString(),
  };
}

/** Wraps anything a user's function or a decoder throws; errors of ours stay as they are. */
export function poison(error: unknown, code: 'PROJECTION_FAILED' | 'RECORD_UNREADABLE', what: string): SluiceError {
  if (error instanceof SluiceError) return error;
  const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new SluiceError(code, `${what}: ${reason.slice(0, 300)}`, { cause: error });
}
