import { beforeEach, describe, expect, it } from 'vitest';
import type { KafkaClient } from '#infra/kafka/types.ts';
import { applyOffsets, planOffsets } from '#infra/ops/offsets.ts';
import { parseStartPoint, resolveStartPoint } from '#infra/ops/startPoint.ts';
import { createMemoryKafka } from '#test/support/kafka/memoryClient.ts';

const signal = new AbortController().signal;
const GROUP = { groupId: 'app.stock', topics: ['shop.db.dbo.STOCK'] };
const TOPIC = GROUP.topics[0]!;
const position = (lsn: number): string => `${lsn.toString(16).padStart(20, '0')}${'0'.repeat(28)}2`;

describe('a place in a topic', () => {
  it.each([
    ['beginning', { kind: 'beginning' }],
    ['end', { kind: 'end' }],
    ['offset:12', { kind: 'offset', offset: 12n }],
    ['lsn:0x0000002A000001F80003', { kind: 'lsn', lsn: '0000002a000001f80003' }],
    ['lsn:0000002a:000001f8:0003', { kind: 'lsn', lsn: '0000002a000001f80003' }],
    ['2026-01-31T12:00:00Z', { kind: 'time', atMs: Date.UTC(2026, 0, 31, 12) }],
  ])('is written as %s', (text, point) => expect(parseStartPoint(text)).toEqual(point));

  it.each(['', 'offset:', 'offset:-1', 'lsn:12', 'yesterday', '2026'])('is refused as %j', (text) =>
    expect(() => parseStartPoint(text)).toThrow('Expected beginning, end'),
  );
});

describe('moving the offsets of a group', () => {
  let kafka: KafkaClient;
  beforeEach(async () => {
    kafka = createMemoryKafka();
    await kafka.ensureTopics([{ topic: TOPIC, partitions: 2, replicationFactor: 1 }]);
    const producer = await kafka.producer();
    for (const [partition, lsns] of [
      [0, [1, 5, 9]],
      [1, [2, 3]],
    ] as const)
      await producer.send(
        TOPIC,
        partition,
        lsns.map((lsn) => ({
          key: Buffer.from('k'),
          value: Buffer.from('v'),
          headers: { 'sluice.position': position(lsn) },
          timestampMs: lsn * 1000,
        })),
      );
    await kafka.commitOffsets(GROUP.groupId, new Map([[TOPIC, new Map([[0, 2n]])]]));
  });

  it('shows what each partition has and would have, and does it when nobody runs', async () => {
    const plan = await planOffsets(kafka, GROUP, parseStartPoint('offset:1'), {}, signal);
    expect(plan).toEqual({
      groupId: 'app.stock',
      members: 0,
      moves: [
        { topic: TOPIC, partition: 0, before: 2n, after: 1n, again: 1n },
        { topic: TOPIC, partition: 1, before: null, after: 1n, again: -1n },
      ],
    });
    await applyOffsets(kafka, plan);
    expect((await kafka.committedOffsets('app.stock', [TOPIC])).get(TOPIC)).toEqual(
      new Map([
        [0, 1n],
        [1, 1n],
      ]),
    );
  });

  it.each([
    ['beginning', [0n, 0n]],
    ['end', [3n, 2n]],
    ['offset:99', [3n, 2n]],
    ['1970-01-01T00:00:03Z', [1n, 1n]],
    [`lsn:${'5'.padStart(20, '0')}`, [1n, 2n]],
  ])('finds %s in every partition', async (text, offsets) => {
    const found = await resolveStartPoint(kafka, TOPIC, parseStartPoint(text), signal);
    expect([found.get(0), found.get(1)]).toEqual(offsets);
  });

  it('refuses a group that runs, and topics and partitions it does not read', async () => {
    const plan = await planOffsets(kafka, GROUP, { kind: 'beginning' }, { topic: 'dbo.STOCK', partition: 0 }, signal);
    const member = kafka.consumerGroup({ ...GROUP, fromBeginning: true, onBatch: async () => undefined });
    await member.start(signal);
    await expect(applyOffsets(kafka, plan)).rejects.toMatchObject({ code: 'OFFSETS_GROUP_ACTIVE' });
    await member.stop();
    for (const only of [{ topic: 'dbo.OTHER' }, { partition: 7 }])
      await expect(planOffsets(kafka, GROUP, { kind: 'beginning' }, only, signal)).rejects.toMatchObject({
        code: 'OFFSETS_TARGET_UNKNOWN',
      });
  });
});
