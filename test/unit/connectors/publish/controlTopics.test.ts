import { describe, expect, test } from 'vitest';
import { endOf, position } from '#connectors/capture/position.ts';
import { TransactionLog } from '#connectors/publish/transactionLog.ts';
import { heartbeatTopic, type TransactionRecord, transactionTopic } from '#schemas/controlRecords.ts';
import { readHistory } from '#test/support/topicHistory.ts';
import {
  at,
  change,
  column,
  PRODUCT,
  PRODUCT_TOPIC,
  product,
  setUpPublisher,
  signal,
  stateAt,
  table,
} from './publishFixture.ts';

const OTHER = table([column('CODE', 1, 'int')], { table: 'OTHER' });
const other = (n: number) => change(OTHER, n, 'c', { CODE: n });

function setUp() {
  const parts = setUpPublisher({ rules: { transactions: true } });
  const records = async (): Promise<TransactionRecord[]> => {
    const found: TransactionRecord[] = [];
    await parts.kafka.readTopic({
      topic: transactionTopic('epos'),
      from: 'beginning',
      onBatch: async ({ messages }) => {
        for (const { value } of messages) found.push((await parts.decoder.decode(value!)) as TransactionRecord);
      },
    });
    return found;
  };
  return { ...parts, records };
}

const id = (n: number) => `00000000:00000000:${n.toString(16).padStart(4, '0')}`;
const begin = (n: number): TransactionRecord => ({
  status: 'BEGIN',
  id: id(n),
  event_count: null,
  data_collections: null,
  ts_ms: 1_700_000_000_000n + BigInt(n),
});
const end = (n: number, tables: Record<string, bigint>): TransactionRecord => ({
  ...begin(n),
  status: 'END',
  event_count: Object.values(tables).reduce((sum, count) => sum + count, 0n),
  data_collections: Object.entries(tables).map(([data_collection, event_count]) => ({ data_collection, event_count })),
});

describe('the topic of transactions', () => {
  test('tells begin and end of each with its counts, and each change its place in it', async () => {
    const { kafka, decoder, opened, records } = setUp();
    const sink = await opened([PRODUCT, OTHER]);
    const events = [product(1, 'c', 'A', null), other(1), product(1, 'u', 'A', '1.0000'), other(2)];
    await sink.write(events, stateAt(2), signal);
    expect(await records()).toEqual([
      begin(1),
      end(1, { 'EPOS.dbo.PRODUCT': 2n, 'EPOS.dbo.OTHER': 1n }),
      begin(2),
      end(2, { 'EPOS.dbo.OTHER': 1n }),
    ]);
    const blocks = (await readHistory(kafka, decoder, PRODUCT_TOPIC)).map((r) => r.envelope!.transaction);
    expect(blocks).toEqual([
      { id: id(1), total_order: 1n, data_collection_order: 1n },
      { id: id(1), total_order: 3n, data_collection_order: 2n },
    ]);
  });

  test('goes on counting a transaction that several batches and a restart cut', async () => {
    const { opened, records } = setUp();
    const inside = stateAt(1, { position: position({ commitLsn: at(1), commandId: 1, changeLsn: at(1), op: 2 }) });
    const first = await opened([OTHER]);
    await first.write([other(1), other(1)], inside, signal);
    await first.write([other(1)], inside, signal);
    const second = await opened([OTHER]);
    await second.write([other(1)], stateAt(1), signal);
    expect(await records()).toEqual([begin(1), end(1, { 'EPOS.dbo.OTHER': 4n })]);
    const third = await opened([OTHER]);
    await third.write([other(2)], stateAt(2), signal);
    expect((await records()).slice(2)).toEqual([begin(2), end(2, { 'EPOS.dbo.OTHER': 1n })]);
  });

  test('counts no snapshot rows and no changes of a table that catches up', () => {
    const log = new TransactionLog(endOf(at(5)), null);
    expect(log.place(product(6, 'r', 'A', null))).toBeNull();
    expect(log.place(product(4, 'c', 'A', null))).toBeNull();
    expect(log.place(product(6, 'c', 'A', null))).toMatchObject({ total_order: 1n });
    expect(log.place(product(5, 'c', 'A', null))).toBeNull();
    expect(log.place(product(6, 'u', 'A', null))).toMatchObject({ total_order: 2n });
    expect(log.take(endOf(at(6))).map((r) => r.status)).toEqual(['BEGIN', 'END']);
  });
});

describe('heartbeats', () => {
  test('come at their interval, however often something is written, in the transaction of the batch', async () => {
    let nowMs = 1_000_000;
    const { kafka, decoder, opened } = setUpPublisher({ rules: { heartbeatIntervalMs: 1000 }, now: () => nowMs });
    const sink = await opened([]);
    for (let i = 0; i < 8; i++) {
      await sink.write([], stateAt(i + 1), signal);
      nowMs += 300;
    }
    const beats: unknown[] = [];
    await kafka.readTopic({
      topic: heartbeatTopic('epos'),
      from: 'beginning',
      onBatch: async ({ messages }) => {
        for (const { key, value } of messages) beats.push([await decoder.decode(key!), await decoder.decode(value!)]);
      },
    });
    expect(beats).toEqual([
      [{ serverName: 'epos' }, { ts_ms: 1_000_000n }],
      [{ serverName: 'epos' }, { ts_ms: 1_001_200n }],
    ]);
  });
});

describe('rules of publishing', () => {
  const TEXT = { CODE: 'A', PRICE: '1.0000', 'LONG DESC': null };
  const ops = async (rules: Parameters<typeof setUpPublisher>[0]) => {
    const { kafka, decoder, opened } = setUpPublisher(rules);
    const sink = await opened([PRODUCT]);
    const changed = { ...TEXT, PRICE: '2.0000' };
    const events = [
      change(PRODUCT, 1, 'r', TEXT),
      change(PRODUCT, 2, 'c', TEXT),
      change(PRODUCT, 3, 'u', TEXT),
      change(PRODUCT, 4, 'u', changed, { before: TEXT }),
      change(PRODUCT, 5, 'd', changed),
    ];
    await sink.write(events, stateAt(5), signal);
    return (await readHistory(kafka, decoder, PRODUCT_TOPIC)).map((r) => r.envelope?.op ?? 'tombstone');
  };

  test('tombstones can be left out', async () => {
    expect(await ops({ rules: { tombstones: false } })).toEqual(['r', 'c', 'u', 'u', 'd']);
  });

  test('kinds of changes can be left out, but not the rows of a snapshot', async () => {
    expect(await ops({ rules: { skippedOperations: ['c', 'd'] } })).toEqual(['r', 'u', 'u']);
  });

  test('updates that change nothing that is carried can be left out', async () => {
    expect(await ops({ rules: { skipUnchanged: true } })).toEqual(['r', 'c', 'u', 'd', 'tombstone']);
  });

  test('topics are named by a rule, and some get partitions and settings of their own', async () => {
    const { broker, opened } = setUpPublisher({
      rules: {
        topicName: 'shop.{table}.{schema}',
        topics: [
          { table: 'epos.dbo.oth*', partitions: 7, config: { 'retention.ms': '1000', 'cleanup.policy': 'delete' } },
        ],
      },
    });
    await opened([PRODUCT, OTHER]);
    expect([...broker.topics.keys()].sort()).toEqual([
      'epos.__sluice.positions',
      'epos.__sluice.progress',
      'shop.OTHER.dbo',
      'shop.PRODUCT.dbo',
    ]);
    expect(broker.topic('shop.OTHER.dbo').partitions.length).toBe(7);
    expect(broker.topic('shop.OTHER.dbo').config).toEqual({ 'cleanup.policy': 'delete', 'retention.ms': '1000' });
    expect(broker.topic('shop.PRODUCT.dbo').partitions.length).toBe(3);
  });
});
