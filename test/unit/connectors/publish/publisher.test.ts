import { describe, expect, test } from 'vitest';
import { endOf, type Position, position, snapshotPosition } from '#connectors/capture/position.ts';
import { type CapturedTable, type CaptureState, type ChangeEvent, UNAVAILABLE } from '#connectors/capture/types.ts';
import { Publisher, sendable } from '#connectors/publish/publisher.ts';
import { lsn } from '#connectors/sqlserver/lsn.ts';
import type { SourceColumn } from '#connectors/sqlserver/metadata.ts';
import { MemoryBroker } from '#infra/kafka/memoryBroker.ts';
import { createMemoryKafka } from '#infra/kafka/memoryClient.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import type { AvroSchema } from '#schemas/avroSchema.ts';
import { createDecoder } from '#schemas/codec.ts';
import { UNAVAILABLE_VALUE } from '#schemas/envelope.ts';
import type { SchemaRegistry } from '#schemas/registry.ts';
import { historyByKey, readHistory } from '#test/support/topicHistory.ts';

/** A registry that lives in this process. */
function memoryRegistry(): SchemaRegistry & { readonly bySubject: Map<string, AvroSchema> } {
  const schemas: AvroSchema[] = [];
  const bySubject = new Map<string, AvroSchema>();
  return {
    bySubject,
    register: async (subject, schema) => {
      bySubject.set(subject, schema);
      return schemas.push(schema);
    },
    schemaById: async (id) => schemas[id - 1]!,
    latest: async () => null,
    isCompatible: async () => true,
    subjects: async () => [...bySubject.keys()],
  };
}

const column = (name: string, ordinal: number, sqlType: string, nullable = false): SourceColumn => ({
  name,
  ordinal,
  sqlType,
  nullable,
  maxLength: 10,
  precision: 19,
  scale: 4,
  computed: false,
});

const TABLE: CapturedTable = {
  id: 'dbo.PRODUCT',
  database: 'EPOS',
  instance: {
    name: 'dbo_PRODUCT',
    schema: 'dbo',
    table: 'PRODUCT',
    startLsn: lsn('0'.repeat(19).concat('1')),
    hasCommandId: true,
    columns: [column('CODE', 1, 'char'), column('PRICE', 2, 'money', true), column('LONG DESC', 3, 'text', true)],
    keyColumns: ['CODE'],
  },
};

const at = (n: number) => lsn(n.toString(16).padStart(20, '0'));
const event = (
  n: number,
  op: ChangeEvent['op'],
  code: string,
  price: string | null,
  description: unknown = null,
): ChangeEvent => {
  const row = { CODE: code, PRICE: price, 'LONG DESC': description };
  const place =
    op === 'r' ? snapshotPosition(at(n)) : position({ commitLsn: at(n), commandId: 1, changeLsn: at(n), op: 2 });
  return {
    table: TABLE,
    op,
    before: op === 'd' || op === 'u' ? row : null,
    after: op === 'd' ? null : row,
    position: place,
    commitLsn: at(n),
    changeLsn: op === 'r' ? null : at(n),
    resumeAt: place,
    commitTimeMs: 1_700_000_000_000 + n,
    capturedAtMs: 1_700_000_000_500,
  };
};
const stateAt = (n: number): CaptureState => ({
  position: endOf(at(n)),
  snapshots: { 'dbo.PRODUCT': { state: 'running', lastKey: ['AB'], rows: n } },
});

const signal = new AbortController().signal;

function setUp(broker = new MemoryBroker()) {
  const kafka = createMemoryKafka(broker);
  const registry = memoryRegistry();
  const publisher = (name = 'capture') =>
    new Publisher({
      kafka,
      registry,
      name,
      topicPrefix: 'epos',
      partitions: 3,
      replicationFactor: 1,
      log: silentLogger,
    });
  return { broker, kafka, registry, publisher, decoder: createDecoder(registry) };
}

const TOPIC = 'epos.EPOS.dbo.PRODUCT';

describe('the publisher', () => {
  test('makes topics named as Debezium names them, keeping every version of a table with large columns, and registers both schemas', async () => {
    const { broker, registry, publisher } = setUp();
    expect(await publisher().open([TABLE], signal)).toBeNull();
    expect([...broker.topics.keys()].sort()).toEqual([TOPIC, 'epos.__sluice.positions']);
    expect(broker.topic(TOPIC).partitions.length).toBe(3);
    expect(broker.topic(TOPIC).config).toEqual({
      'cleanup.policy': 'delete',
      'retention.ms': '-1',
      'retention.bytes': '-1',
    });
    expect([...registry.bySubject.keys()]).toEqual([`${TOPIC}-key`, `${TOPIC}-value`]);
  });

  test('writes envelope, key, headers, and a tombstone after a delete', async () => {
    const { kafka, decoder, publisher } = setUp();
    const sink = publisher();
    await sink.open([TABLE], signal);
    await sink.write(
      [event(1, 'r', 'AB', '1.5000', 'oak'), event(2, 'u', 'AB', null, UNAVAILABLE), event(3, 'd', 'AB', '2.0000')],
      stateAt(3),
      signal,
    );
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
    const { publisher } = setUp();
    const first = publisher();
    await first.open([TABLE], signal);
    for (let n = 1; n <= 450; n++) await first.write([event(n, 'c', `K${n}`, '1.0000')], stateAt(n), signal);
    expect(await publisher().open([TABLE], signal)).toEqual(stateAt(450));
    expect(await publisher('another').open([TABLE], signal)).toBeNull();
  });

  test('an older instance can write nothing any more', async () => {
    const { kafka, decoder, publisher } = setUp();
    const [older, newer] = [publisher(), publisher()];
    await older.open([TABLE], signal);
    await newer.open([TABLE], signal);
    await expect(older.write([event(1, 'c', 'A', '1.0000')], stateAt(1), signal)).rejects.toMatchObject({
      code: 'KAFKA_FENCED',
    });
    await newer.write([event(1, 'c', 'A', '1.0000')], stateAt(1), signal);
    expect((await readHistory(kafka, decoder, TOPIC)).length).toBe(1);
  });

  test('one key stays in one partition and keeps its order', async () => {
    const { kafka, decoder, publisher } = setUp();
    const sink = publisher();
    await sink.open([TABLE], signal);
    const events = Array.from({ length: 60 }, (_, i) => event(i + 1, i < 6 ? 'c' : 'u', `K${i % 6}`, '1.0000'));
    await sink.write(events, stateAt(60), signal);
    for (const records of historyByKey(await readHistory(kafka, decoder, TOPIC)).values()) {
      expect(new Set(records.map((r) => r.message.partition)).size).toBe(1);
      const positions = records.map((r) => r.position as Position);
      expect(positions).toEqual([...positions].sort());
      expect(positions.length).toBe(10);
    }
  });

  test('a list is cut below the size a broker takes, a larger message stays alone', () => {
    const message = (bytes: number) => ({ key: Buffer.alloc(10), value: Buffer.alloc(bytes) });
    const parts = sendable([message(300_000), message(300_000), message(300_000), message(900_000), message(1)]);
    expect(parts.map((part) => part.length)).toEqual([2, 1, 1, 1]);
  });
});
