import { describe, expect, test } from 'vitest';
import type { Position } from '#connectors/capture/position.ts';
import { UNAVAILABLE, UnfitEvent } from '#connectors/capture/types.ts';
import { sendable } from '#connectors/publish/messageGroups.ts';
import { SaturatedTime } from '#connectors/sqlserver/temporal.ts';
import { EXACT_HEADER, UNAVAILABLE_VALUE } from '#schemas/envelope.ts';
import { historyByKey, readHistory } from '#test/support/topicHistory.ts';
import {
  change,
  column,
  memoryRegistry,
  PRODUCT,
  product,
  setUpPublisher,
  signal,
  stateAt,
  PRODUCT_TOPIC as TOPIC,
  table,
} from './publishFixture.ts';

describe('the publisher', () => {
  test('makes topics named as Debezium names them, keeping every version of a table with large columns, and registers both schemas', async () => {
    const { broker, registry, opened } = setUpPublisher();
    await opened([PRODUCT]);
    expect([...broker.topics.keys()].sort()).toEqual([TOPIC, 'epos.__sluice.positions', 'epos.__sluice.progress']);
    expect(broker.topic(TOPIC).partitions.length).toBe(3);
    expect(broker.topic(TOPIC).config).toEqual({
      'cleanup.policy': 'delete',
      'retention.ms': '-1',
      'retention.bytes': '-1',
    });
    expect([...registry.bySubject.keys()]).toEqual([`${TOPIC}-key`, `${TOPIC}-value`]);
  });

  test('writes envelope, key, headers, and a tombstone after a delete', async () => {
    const { kafka, decoder, opened } = setUpPublisher();
    const sink = await opened([PRODUCT]);
    const events = [
      product(1, 'r', 'AB', '1.5000', 'oak'),
      product(2, 'u', 'AB', null, UNAVAILABLE),
      product(3, 'd', 'AB', '2.0000'),
    ];
    await sink.write(events, stateAt(3), signal);
    const records = await readHistory(kafka, decoder, TOPIC);
    expect(records.map((r) => r.envelope?.op ?? 'tombstone')).toEqual(['r', 'u', 'd', 'tombstone']);
    expect(new Set(records.map((r) => JSON.stringify(r.key)))).toEqual(new Set(['{"CODE":"AB"}']));
    const [read, updated, deleted, tombstone] = records;
    expect(read!.envelope).toMatchObject({
      before: null,
      after: { CODE: 'AB', PRICE: '1.5000', LONG_DESC: 'oak' },
      source: {
        connector: 'sqlserver',
        name: 'epos',
        ts_ms: 1_700_000_000_001n,
        snapshot: 'true',
        db: 'EPOS',
        schema: 'dbo',
        table: 'PRODUCT',
        change_lsn: null,
        commit_lsn: '00000000:00000000:0001',
        event_serial_no: null,
      },
      transaction: null,
      ts_ms: 1_700_000_000_500n,
    });
    expect(updated!.envelope!.after!['LONG_DESC']).toBe(UNAVAILABLE_VALUE);
    expect(updated!.envelope!.source).toMatchObject({
      snapshot: 'false',
      change_lsn: '00000000:00000000:0002',
      event_serial_no: 2n,
    });
    expect(deleted!.envelope).toMatchObject({ after: null, before: { CODE: 'AB' } });
    expect(tombstone!.position).toBe(deleted!.position);
    expect(read!.message.headers['sluice.captured']!.toString()).toBe('1700000000500');
  });

  test('goes on from the state of the last committed batch', async () => {
    const { publisher, opened } = setUpPublisher();
    const first = await opened([PRODUCT]);
    for (let n = 1; n <= 450; n++) await first.write([product(n, 'c', `K${n}`, '1.0000')], stateAt(n), signal);
    expect(await publisher().open(signal)).toEqual(stateAt(450));
    expect(await publisher('another').open(signal)).toBeNull();
  });

  test('an older instance can write nothing any more', async () => {
    const { kafka, decoder, opened } = setUpPublisher();
    const [older, newer] = [await opened([PRODUCT]), await opened([PRODUCT])];
    await expect(older.write([product(1, 'c', 'A', '1.0000')], stateAt(1), signal)).rejects.toMatchObject({
      code: 'KAFKA_FENCED',
    });
    await newer.write([product(1, 'c', 'A', '1.0000')], stateAt(1), signal);
    expect((await readHistory(kafka, decoder, TOPIC)).length).toBe(1);
  });

  test('one key stays in one partition and keeps its order', async () => {
    const { kafka, decoder, opened } = setUpPublisher();
    const sink = await opened([PRODUCT]);
    const events = Array.from({ length: 60 }, (_, i) => product(i + 1, i < 6 ? 'c' : 'u', `K${i % 6}`, '1.0000'));
    await sink.write(events, stateAt(60), signal);
    for (const records of historyByKey(await readHistory(kafka, decoder, TOPIC)).values()) {
      expect(new Set(records.map((r) => r.message.partition)).size).toBe(1);
      const positions = records.map((r) => r.position as Position);
      expect(positions).toEqual([...positions].sort());
      expect(positions.length).toBe(10);
    }
  });

  test('refuses a table whose schema may not follow, and takes the others', async () => {
    const { publisher } = setUpPublisher({ registry: memoryRegistry(new Set([`${TOPIC}-value`])) });
    const other = table([column('CODE', 1, 'int')], { table: 'OTHER' });
    const sink = publisher();
    await sink.open(signal);
    const refusals = await sink.adopt([PRODUCT, other], signal);
    expect(refusals.map((r) => r.table.id)).toEqual(['dbo.PRODUCT']);
    expect(refusals[0]!.error).toMatchObject({ code: 'SCHEMA_INCOMPATIBLE' });
    await sink.write([change(other, 1, 'c', { CODE: 1 })], stateAt(1), signal);
  });

  test('says which event it cannot carry before anything is written, and then counts as if it had not come', async () => {
    const { kafka, decoder, opened } = setUpPublisher({ rules: { transactions: true } });
    const sink = await opened([PRODUCT]);
    const good = product(1, 'c', 'A', '1.0000');
    const bad = product(1, 'c', 'B', 'not a price');
    const refused = await sink.write([good, bad], stateAt(1), signal).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(UnfitEvent);
    expect((refused as UnfitEvent).event).toBe(bad);
    await sink.write([good], stateAt(1), signal);
    const records = await readHistory(kafka, decoder, TOPIC);
    expect(records.length).toBe(1);
    expect(records[0]!.envelope).toMatchObject({ transaction: { total_order: 1n }, source: { event_serial_no: 1n } });
  });

  test('a time that does not fit is the nearest that does, with the exact text in a header', async () => {
    const timed = table([
      column('CODE', 1, 'int'),
      column('UNTIL', 2, 'datetime2', { scale: 7, saturate: true, nullable: true }),
    ]);
    const { kafka, decoder, opened } = setUpPublisher();
    const sink = await opened([timed]);
    const forever = new SaturatedTime(2n ** 63n - 1n, '9999-12-31T23:59:59.9999999');
    const events = [
      change(timed, 1, 'u', { CODE: 1, UNTIL: forever }, { before: { CODE: 1, UNTIL: 5n } }),
      change(timed, 2, 'c', { CODE: 2, UNTIL: 7n }),
    ];
    await sink.write(events, stateAt(2), signal);
    const records = (await readHistory(kafka, decoder, TOPIC)).sort((a, b) => (a.position < b.position ? -1 : 1));
    expect(records[0]!.envelope!.after).toEqual({ CODE: 1, UNTIL: 2n ** 63n - 1n });
    expect(JSON.parse(records[0]!.message.headers[EXACT_HEADER]!.toString())).toEqual({
      after: { UNTIL: '9999-12-31T23:59:59.9999999' },
    });
    expect(records[1]!.message.headers[EXACT_HEADER]).toBeUndefined();
  });

  test('never stores a key of the source that is masked in the topic', async () => {
    const hashed = table([column('CODE', 1, 'char', { mask: { kind: 'hash', algorithm: 'SHA-256', salt: 's' } })]);
    const { publisher, opened } = setUpPublisher();
    const sink = await opened([hashed]);
    await sink.write([], stateAt(1), signal);
    const stored = await publisher().open(signal);
    expect(stored!.tables['dbo.PRODUCT']!.snapshot).toEqual({ state: 'pending', lastKey: null, rows: 0 });
    expect(stored!.position).toBe(stateAt(1).position);
  });

  test('a list is cut below the size a broker takes, a larger message stays alone', () => {
    const message = (bytes: number) => ({ key: Buffer.alloc(10), value: Buffer.alloc(bytes) });
    const parts = sendable([message(300_000), message(300_000), message(300_000), message(900_000), message(1)]);
    expect(parts.map((part) => part.length)).toEqual([2, 1, 1, 1]);
  });
});

describe('keys', () => {
  const keyed = table(
    [
      column('ID', 1, 'int'),
      column('NAME', 2, 'varchar', { nullable: true }),
      column('RATE', 3, 'decimal', { precision: 5, scale: 2 }),
    ],
    {
      keyColumns: ['ID'],
      messageKey: ['NAME', 'RATE'],
    },
  );
  const row = (id: number, name: string) => ({ ID: id, NAME: name, RATE: '1.50' });

  test('a key update tells the other key on both of its records, as Debezium does', async () => {
    const { kafka, decoder, opened } = setUpPublisher();
    const sink = await opened([keyed]);
    const [older, newer] = [row(1, 'a "b" \\'), row(1, 'c')];
    const events = [
      change(keyed, 1, 'd', older, { moved: { other: newer, logged: 'update' } }),
      change(keyed, 1, 'c', newer, { moved: { other: older, logged: 'update' } }),
    ];
    await sink.write(events, stateAt(1), signal);
    const records = await readHistory(kafka, decoder, TOPIC);
    const headers = records.map((r) => [
      r.envelope?.op,
      r.message.headers['__debezium.newkey']?.toString(),
      r.message.headers['__debezium.oldkey']?.toString(),
    ]);
    expect(headers).toContainEqual(['d', '{"NAME":"c","RATE":1.50}', undefined]);
    expect(headers).toContainEqual([undefined, '{"NAME":"c","RATE":1.50}', undefined]);
    expect(headers).toContainEqual(['c', undefined, '{"NAME":"a \\"b\\" \\\\","RATE":1.50}']);
    expect(records.filter((r) => r.envelope).map((r) => r.envelope!.source.event_serial_no)).toEqual([2n, 2n]);
  });

  test('the delete and the insert of a key update that was logged so are counted as rows of one change', async () => {
    const { kafka, decoder, opened } = setUpPublisher();
    const sink = await opened([keyed]);
    const events = [
      change(keyed, 1, 'd', row(1, 'a'), { moved: { other: row(1, 'b'), logged: 'replacement' } }),
      change(keyed, 1, 'c', row(1, 'b'), { moved: { other: row(1, 'a'), logged: 'replacement' } }),
      change(keyed, 2, 'c', row(2, 'c')),
    ];
    await sink.write(events, stateAt(2), signal);
    const serials = (await readHistory(kafka, decoder, TOPIC)).flatMap((r) =>
      r.envelope ? [[r.envelope.op, r.envelope.source.commit_lsn, r.envelope.source.event_serial_no]] : [],
    );
    expect(serials).toHaveLength(3);
    expect(serials).toContainEqual(['d', '00000000:00000000:0001', 1n]);
    expect(serials).toContainEqual(['c', '00000000:00000000:0001', 2n]);
    expect(serials).toContainEqual(['c', '00000000:00000000:0002', 1n]);
  });

  test('rows without a key come in order in one partition of a topic that forgets nothing, without tombstones', async () => {
    const keyless = table([column('A', 1, 'int')], { keyColumns: [] });
    const { broker, kafka, decoder, registry, opened } = setUpPublisher();
    const sink = await opened([keyless]);
    await sink.write(
      [1, 2, 3].map((n) => change(keyless, n, n === 3 ? 'd' : 'c', { A: n })),
      stateAt(3),
      signal,
    );
    const records = await readHistory(kafka, decoder, TOPIC);
    expect(records.map((r) => [r.message.key, r.message.partition, r.envelope?.op])).toEqual([
      [null, 0, 'c'],
      [null, 0, 'c'],
      [null, 0, 'd'],
    ]);
    expect(broker.topic(TOPIC).config).toMatchObject({ 'cleanup.policy': 'delete', 'retention.ms': '-1' });
    expect([...registry.bySubject.keys()]).toEqual([`${TOPIC}-value`]);
  });
});
