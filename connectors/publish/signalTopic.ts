import {
  type CaptureSignal,
  type ReceivedSignal,
  receivedSignal,
  type SignalSource,
} from '#connectors/capture/control.ts';
import type { IncomingMessage, KafkaClient, TopicSpec } from '#infra/kafka/types.ts';
import { type Clock, systemClock } from '#infra/runtime/clock.ts';
import { errorFields, SluiceError } from '#infra/runtime/errors.ts';
import type { Logger } from '#infra/runtime/logger.ts';

/** How often the topic is looked at, ms. */
const LOOK_EVERY_MS = 500;
/** A signal that nobody took for this long was meant for another situation, ms. */
export const SIGNAL_LIFETIME_MS = 3_600_000;
const RETENTION_MS = 7 * 24 * 3_600_000;

/** The topic operators write signals to: one partition, keyed by the capture's name, values as in control.ts. */
export function signalTopic(prefix: string): string {
  return `${prefix}.__sluice.signals`;
}

export function signalTopicSpec(prefix: string, replicationFactor: number): TopicSpec {
  return {
    topic: signalTopic(prefix),
    partitions: 1,
    replicationFactor,
    config: { 'cleanup.policy': 'delete', 'retention.ms': String(RETENTION_MS) },
  };
}

/** Writes a signal for a capture. @returns its offset */
export async function sendSignal(
  kafka: KafkaClient,
  prefix: string,
  name: string,
  signal: CaptureSignal,
): Promise<bigint> {
  const producer = await kafka.producer();
  try {
    const message = { key: Buffer.from(name), value: Buffer.from(JSON.stringify(signal)) };
    const { baseOffset } = await producer.send(signalTopic(prefix), 0, [message]);
    return baseOffset;
  } finally {
    await producer.close();
  }
}

export interface SignalTopicOptions {
  readonly kafka: KafkaClient;
  readonly topicPrefix: string;
  readonly replicationFactor: number;
  /** Name of the capture: signals with another key are for others. */
  readonly name: string;
  readonly log: Logger;
  readonly clock?: Clock;
}

/**
 * Reads the signals of one capture. The topic is looked at beside the capture, so that asking never waits for Kafka and a topic that
 * cannot be read stops nothing.
 */
export class SignalTopic implements SignalSource {
  readonly #options: SignalTopicOptions;
  readonly #clock: Clock;
  #arrived: ReceivedSignal[] = [];
  /** Everything from here on that was fetched is in `#arrived`; null: from the beginning of the topic. */
  #base: bigint | null = null;
  #next: bigint | null = null;
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  #looking = false;
  #ensured = false;

  constructor(options: SignalTopicOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  read(from: string | null): Promise<readonly ReceivedSignal[]> {
    this.#moveTo(from === null ? null : BigInt(from));
    if (!this.#looking && this.#clock.now() - this.#lookedAtMs >= LOOK_EVERY_MS) void this.#look();
    return Promise.resolve(this.#arrived);
  }

  #moveTo(from: bigint | null): void {
    if (from === this.#base) return;
    const forward = from !== null && this.#next !== null && from >= (this.#base ?? 0n) && from <= this.#next;
    this.#arrived = forward ? this.#arrived.filter(({ offset }) => BigInt(offset) >= from) : [];
    if (!forward) this.#next = from;
    this.#base = from;
  }

  async #look(): Promise<void> {
    const { kafka, topicPrefix, replicationFactor, log, name } = this.#options;
    this.#looking = true;
    const from = this.#next;
    const base = this.#base;
    try {
      if (!this.#ensured) await kafka.ensureTopics([signalTopicSpec(topicPrefix, replicationFactor)]);
      this.#ensured = true;
      const found: ReceivedSignal[] = [];
      const ends = await kafka.readTopic({
        topic: signalTopic(topicPrefix),
        from: from === null ? 'beginning' : new Map([[0, from]]),
        onBatch: ({ messages }) => {
          for (const message of messages) if (message.key?.toString() === name) found.push(this.#received(message));
        },
      });
      // A session that began anew meanwhile asks from another place.
      if (this.#next === from && (this.#base === base || from !== null)) {
        this.#next = ends.get(0) ?? from;
        this.#arrived = [...this.#arrived, ...found];
      }
    } catch (error) {
      log.warn({ event: 'signals_not_read', ...errorFields(error) });
    } finally {
      this.#looking = false;
      this.#lookedAtMs = this.#clock.now();
    }
  }

  #received(message: IncomingMessage): ReceivedSignal {
    const offset = String(message.offset);
    const ageMs = this.#clock.now() - message.timestampMs;
    if (ageMs > SIGNAL_LIFETIME_MS) {
      const minutes = Math.round(ageMs / 60_000);
      return {
        offset,
        error: new SluiceError(
          'CAPTURE_SIGNAL_INVALID',
          `Signal: it was sent ${minutes} minutes ago, expected at most 60`,
        ),
      };
    }
    return receivedSignal(offset, message.value?.toString() ?? '');
  }
}
