import type { IncomingMessage, KafkaClient, ReadTopicOptions } from '#infra/kafka/types.ts';

/** A record: the commit it tells of, or null for the end of a transaction. `open` until that end stands behind it. */
export interface Logged {
  readonly commit: number | null;
  open: boolean;
}

export const PARTITIONS = 2;
const PROGRESS = '.progress';

/** Topics of the progress world, of two partitions each, and what capture tells of itself. */
export class ProgressLog {
  readonly #logs = new Map<string, Logged[]>();
  readonly #told: Buffer[] = [];

  constructor(topics: readonly string[]) {
    for (const topic of topics) for (let p = 0; p < PARTITIONS; p++) this.#logs.set(`${topic}/${p}`, []);
  }

  append(place: string, record: Logged): void {
    this.#logs.get(place)!.push(record);
  }

  tell(value: Buffer): void {
    this.#told.push(value);
  }

  at(place: string, offset: number): Logged {
    return this.#logs.get(place)![offset]!;
  }

  /** Last stable offset: readers see nothing at or behind an open record. */
  stable(place: string): number {
    const log = this.#logs.get(place)!;
    const open = log.findIndex((record) => record.open);
    return open < 0 ? log.length : open;
  }

  hasRecords(place: string, from: number, to: number): boolean {
    return this.#logs
      .get(place)!
      .slice(from, to)
      .some((record) => record.commit !== null);
  }

  /** What the watcher asks Kafka; others do some steps before and after each answer. */
  kafka(gate: () => Promise<void>, committedOf: (group: string) => ReadonlyMap<string, number>): KafkaClient {
    const asked = async <T>(answer: () => T): Promise<T> => {
      await gate();
      const given = answer();
      await gate();
      return given;
    };
    const ends = (topic: string): Map<number, bigint> =>
      topic.endsWith(PROGRESS)
        ? new Map([[0, BigInt(this.#told.length)]])
        : new Map(Array.from({ length: PARTITIONS }, (_, p) => [p, BigInt(this.stable(`${topic}/${p}`))]));
    const committed = (group: string, topic: string): Map<number, bigint> =>
      new Map(
        Array.from({ length: PARTITIONS }, (_, p) => p).flatMap((p): [number, bigint][] => {
          const offset = committedOf(group).get(`${topic}/${p}`);
          return offset === undefined ? [] : [[p, BigInt(offset)]];
        }),
      );
    const client: Partial<KafkaClient> = {
      topicOffsets: (topic) => asked(() => new Map([...ends(topic)].map(([p, end]) => [p, { begin: 0n, end }]))),
      endOffsets: (topics) => asked(() => new Map(topics.map((topic) => [topic, ends(topic)]))),
      committedOffsets: (group, topics) =>
        asked(() => new Map(topics.map((topic) => [topic, committed(group, topic)]))),
      readTopic: async ({ from, onBatch }: ReadTopicOptions) => {
        const first = (from as ReadonlyMap<number, bigint>).get(0)!;
        const messages = await asked(() =>
          this.#told.slice(Number(first)).map((value) => ({ value }) as IncomingMessage),
        );
        await onBatch({ topic: PROGRESS, partition: 0, messages, highWatermark: 0n });
        return new Map([[0, first + BigInt(messages.length)]]);
      },
    };
    return client as KafkaClient;
  }
}
