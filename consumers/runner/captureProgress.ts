import type { KafkaClient } from '#infra/kafka/types.ts';
import { decodeProgress, type ProgressRecord, progressTopic } from '#schemas/progressRecord.ts';

/** Records looked at first: each capture writes about one a second. */
const TAIL = 400n;

/** Follows what the captures of a prefix tell of themselves. */
export class CaptureProgress {
  readonly #kafka: KafkaClient;
  readonly #topic: string;
  readonly #newest = new Map<string, ProgressRecord>();
  #next: bigint | null = null;

  constructor(kafka: KafkaClient, topicPrefix: string) {
    this.#kafka = kafka;
    this.#topic = progressTopic(topicPrefix);
  }

  /** The newest record of every capture. @throws KAFKA_TOPIC_MISSING before any capture ran */
  async newest(signal: AbortSignal): Promise<readonly ProgressRecord[]> {
    const range = (await this.#kafka.topicOffsets(this.#topic)).get(0);
    if (range === undefined) return [];
    const { begin, end } = range;
    // The topic was made anew: its offsets begin again.
    if (this.#next !== null && this.#next > end) this.#next = null;
    this.#next ??= end - TAIL > begin ? end - TAIL : begin;
    if (this.#next < end) {
      const next = await this.#kafka.readTopic({
        topic: this.#topic,
        from: new Map([[0, this.#next]]),
        signal,
        onBatch: ({ messages }) => {
          for (const { value } of messages) {
            const record = decodeProgress(value);
            if (record !== null) this.#newest.set(record.capture, record);
          }
        },
      });
      this.#next = next.get(0) ?? this.#next;
    }
    return [...this.#newest.values()];
  }
}
