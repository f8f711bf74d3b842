import type { Change } from '#consumers/runner/changes.ts';
import { letterKey, recordHeaders } from '#consumers/runner/letterFormat.ts';
import type { IncomingMessage, KafkaClient } from '#infra/kafka/types.ts';

/** A record of a topic, with the life of the topic it was read in: offsets begin anew when a topic is made anew. */
export interface Place {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly life: number;
}

export interface PlacedRecord extends Place {
  readonly change: Change;
}

export const idOf = ({ topic, partition, offset, life }: Place): string => `${topic}/${partition}/${offset}/${life}`;

const message = (record: PlacedRecord): IncomingMessage => ({
  topic: record.topic,
  partition: record.partition,
  offset: BigInt(record.offset),
  timestampMs: 0,
  key: null,
  value: Buffer.from('the record'),
  headers: {},
});

/** What production asks Kafka for before it forgets that something was deleted: ends, committed offsets, open letters. */
export function forgettingClient(
  groupId: string,
  gate: () => Promise<void>,
  look: {
    ends(): ReadonlyMap<string, readonly number[]>;
    committed(topic: string, partition: number): number;
    letters(): Iterable<PlacedRecord>;
  },
): KafkaClient {
  const client: Pick<KafkaClient, 'endOffsets' | 'committedOffsets' | 'readTopic'> = {
    endOffsets: async (topics) => {
      await gate();
      return byPlace(look.ends(), topics, (_topic, _partition, end) => BigInt(end));
    },
    committedOffsets: async (_group, topics) => {
      await gate();
      return byPlace(look.ends(), topics, (topic, partition) => BigInt(look.committed(topic, partition)));
    },
    readTopic: async ({ topic, onBatch }) => {
      await gate();
      const messages = [...look.letters()].map((record, offset): IncomingMessage => {
        const original = message(record);
        const headers = { ...recordHeaders(groupId, original), 'sluice.position': record.change.position };
        const bytes = Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)]));
        const key = letterKey({ groupId, ...original });
        return { ...original, topic, partition: 0, offset: BigInt(offset), key, headers: bytes };
      });
      await onBatch({ topic, partition: 0, messages, highWatermark: BigInt(messages.length) });
      return new Map();
    },
  };
  return client as KafkaClient;
}

function byPlace(
  ends: ReadonlyMap<string, readonly number[]>,
  topics: readonly string[],
  offsetOf: (topic: string, partition: number, end: number) => bigint,
): Map<string, Map<number, bigint>> {
  return new Map(
    topics.map((topic) => [
      topic,
      new Map(ends.get(topic)!.map((end, partition) => [partition, offsetOf(topic, partition, end)])),
    ]),
  );
}
