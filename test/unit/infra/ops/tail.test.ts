import { describe, expect, test } from 'vitest';
import type { KafkaClient, OutgoingMessage } from '#infra/kafka/types.ts';
import { type TailedRecord, type TailOptions, tailTopic } from '#infra/ops/tail.ts';
import type { Decoder } from '#schemas/codec.ts';
import { POSITION_HEADER } from '#schemas/envelope.ts';
import { eventually } from '#test/support/eventually.ts';
import { createMemoryKafka } from '#test/support/kafka/memoryClient.ts';

const TOPIC = 'p.SHOP.dbo.ITEM';
const NO_SIGNAL = new AbortController().signal;
/** Frames and reads JSON in place of Avro. */
const framed = (value: unknown): Buffer => Buffer.concat([Buffer.alloc(5), Buffer.from(JSON.stringify(value))]);
const decoder: Decoder = {
  decode: async (bytes) => {
    const value = JSON.parse(bytes.subarray(5).toString()) as Record<string, unknown>;
    return { ...value, long: 9_007_199_254_740_993n, bytes: Buffer.from([1, 255]) };
  },
  decodeNow: () => undefined,
};
const lsn = (n: number): string => n.toString(16).padStart(20, '0');
const change = (code: string, at: number, value: unknown = { op: 'c' }): OutgoingMessage => ({
  key: framed({ CODE: code }),
  value: value === null ? null : framed(value),
  headers: { [POSITION_HEADER]: `${lsn(at)}00000001${lsn(at)}2` },
});

async function kafkaWith(...messages: readonly OutgoingMessage[]): Promise<KafkaClient> {
  const kafka = createMemoryKafka();
  await kafka.ensureTopics([{ topic: TOPIC, partitions: 1, replicationFactor: 1 }]);
  const producer = await kafka.producer();
  await producer.send(TOPIC, 0, messages);
  return kafka;
}

async function tailed(kafka: KafkaClient, options: Partial<TailOptions> = {}): Promise<TailedRecord[]> {
  const records: TailedRecord[] = [];
  const common = { kafka, decoder, topic: TOPIC, from: new Map([[0, 0n]]), limit: 100, follow: false };
  await tailTopic({ ...common, ...options, onRecord: (record) => void records.push(record) }, NO_SIGNAL);
  return records;
}

describe('tailing a topic', () => {
  test('shows keys, values, tombstones and places so that nothing is lost in JSON', async () => {
    const kafka = await kafkaWith(change('A', 7), change('A', 8, null), { key: null, value: Buffer.from([200, 1]) });
    const [first, second, third] = await tailed(kafka);
    expect(first).toMatchObject({
      offset: '0',
      position: expect.stringMatching(/^0{19}7/),
      key: { CODE: 'A', long: '9007199254740993' },
      value: { op: 'c', bytes: '0x01ff' },
    });
    expect(second).toMatchObject({ offset: '1', value: null });
    expect(third).toMatchObject({ key: null, value: '0xc801', position: null });
    expect(() => JSON.stringify([first, second, third])).not.toThrow();
  });

  test('picks by LSN, key and number', async () => {
    const kafka = await kafkaWith(change('A', 5), change('B', 6), change('A', 7), change('A', 9));
    const offsets = async (options: Partial<TailOptions>) => (await tailed(kafka, options)).map((r) => r.offset);
    expect(await offsets({ fromLsn: lsn(6) })).toEqual(['1', '2', '3']);
    expect(await offsets({ key: new Map([['CODE', 'A']]) })).toEqual(['0', '2', '3']);
    expect(await offsets({ key: new Map([['CODE', 'A']]), fromLsn: lsn(6), limit: 1 })).toEqual(['2']);
    expect(await offsets({ from: new Map([[0, 3n]]) })).toEqual(['3']);
  });

  test('never shows what was not committed, nor the marks of transactions', async () => {
    const kafka = await kafkaWith(change('A', 1));
    const producer = await kafka.transactionalProducer({ transactionalId: 't' });
    const lost = await producer.begin();
    await lost.send(TOPIC, 0, [change('LOST', 2)]);
    await lost.abort();
    const kept = await producer.begin();
    await kept.send(TOPIC, 0, [change('B', 3)]);
    await kept.commit();
    const open = await producer.begin();
    await open.send(TOPIC, 0, [change('OPEN', 4)]);
    expect((await tailed(kafka)).map((r) => r.key)).toMatchObject([{ CODE: 'A' }, { CODE: 'B' }]);
  });

  test('follows what is written until the limit is reached', async () => {
    const kafka = await kafkaWith(change('A', 1));
    const producer = await kafka.producer();
    const following = tailed(kafka, { follow: true, limit: 3 });
    await eventually(() => producer.send(TOPIC, 0, [change('B', 2)]));
    await producer.send(TOPIC, 0, [change('C', 3), change('D', 4)]);
    expect((await following).map((r) => r.offset)).toEqual(['0', '1', '2']);
  });
});
