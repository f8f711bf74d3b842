import type { KafkaClient } from '#infra/kafka/types.ts';
import { evaluateLag, type LagSample, type LagState } from './lagEvaluator.ts';

/** A consumer group and what it reads. */
export interface GroupTopics {
  readonly groupId: string;
  readonly topics: readonly string[];
  /** Its topics are made by the consumers themselves, not by the capture. */
  readonly own?: boolean;
}

/** One partition of one group. Lag counts records; `timeLagSeconds` is the age of the first record not yet committed (null: none). */
export interface PartitionLag {
  readonly groupId: string;
  readonly topic: string;
  readonly partition: number;
  /** null: the group has committed nothing here. */
  readonly committedOffset: bigint | null;
  readonly logEndOffset: bigint;
  readonly lag: bigint;
  readonly timeLagSeconds: number | null;
  readonly state: LagState;
}

/** How many looks a judgement rests on. */
const WINDOW = 10;

/** Reads offsets of groups and remembers the last looks, so that a stuck consumer shows without a threshold. Not safe for parallel use. */
export class LagReader {
  readonly #kafka: KafkaClient;
  readonly #groups: readonly GroupTopics[];
  readonly #windows = new Map<string, LagSample[]>();
  readonly #now: () => number;

  constructor(kafka: KafkaClient, groups: readonly GroupTopics[], now: () => number = Date.now) {
    this.#kafka = kafka;
    this.#groups = groups;
    this.#now = now;
  }

  /** One row a partition, in the order of the groups given, of their topics and of the partitions. Topics that do not exist yet are left out. */
  async read(): Promise<PartitionLag[]> {
    const rows: PartitionLag[] = [];
    for (const { groupId, topics } of this.#groups) {
      const present = await this.#existing(topics);
      const committed = await this.#kafka.committedOffsets(groupId, present);
      for (const topic of present) rows.push(...(await this.#topic(groupId, topic, committed.get(topic) ?? new Map())));
    }
    return rows;
  }

  async #existing(topics: readonly string[]): Promise<string[]> {
    const known = new Set(await this.#kafka.listTopics());
    return topics.filter((topic) => known.has(topic));
  }

  async #topic(groupId: string, topic: string, committed: ReadonlyMap<number, bigint>): Promise<PartitionLag[]> {
    const ranges = await this.#kafka.topicOffsets(topic);
    const behind: [number, bigint][] = [];
    const rows = [...ranges]
      .sort(([a], [b]) => a - b)
      .map(([partition, { begin, end }]) => {
        const committedOffset = committed.get(partition) ?? null;
        const from = committedOffset === null || committedOffset < begin ? begin : committedOffset;
        const lag = end > from ? end - from : 0n;
        if (lag > 0n) behind.push([partition, from]);
        const state = this.#judge(`${groupId}/${topic}/${partition}`, { atMs: this.#now(), committedOffset, lag });
        return { groupId, topic, partition, committedOffset, logEndOffset: end, lag, state };
      });
    const ages = await this.#ages(topic, new Map(behind));
    return rows.map((row) => ({ ...row, timeLagSeconds: ages.get(row.partition) ?? null }));
  }

  #judge(key: string, sample: LagSample): LagState {
    const window = [...(this.#windows.get(key) ?? []), sample].slice(-WINDOW);
    this.#windows.set(key, window);
    return evaluateLag(window);
  }

  /** Seconds since the first record not yet committed was written, per partition. */
  async #ages(topic: string, from: ReadonlyMap<number, bigint>): Promise<Map<number, number>> {
    const ages = new Map<number, number>();
    for (const [partition, offset] of from) {
      await this.#kafka.readTopic({
        topic,
        partitions: [partition],
        from: new Map([[partition, offset]]),
        onBatch: ({ messages }) => {
          ages.set(partition, Math.max(0, (this.#now() - messages[0]!.timestampMs) / 1000));
          return false;
        },
      });
    }
    return ages;
  }
}
