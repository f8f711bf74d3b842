import { describe, expect, test } from 'vitest';
import { envelopeSchema, keySchema, rowOfEnvelope } from '#schemas/avroBuilder.ts';
import { createDecoder, encoderFor } from '#schemas/codec.ts';
import { carryUnavailable, UNAVAILABLE_VALUE } from '#schemas/envelope.ts';
import { generateTypes } from '#schemas/generate.ts';
import type { SchemaRegistry } from '#schemas/registry.ts';
import type { ColumnShape, TableShape } from '#schemas/tableShape.ts';

const column = (name: string, sqlType: string, rest: Partial<ColumnShape> = {}): ColumnShape => ({
  name,
  sqlType,
  nullable: false,
  precision: 0,
  scale: 0,
  ...rest,
});

const TABLE: TableShape = {
  database: 'EPOS',
  schema: 'dbo',
  name: 'PRODUCT',
  keyColumns: ['PROD_CODE'],
  columns: [
    column('PROD_CODE', 'char'),
    column('LONG_DESC', 'text', { nullable: true }),
    column('PRICE1', 'money'),
    column('WEIGHT_KG', 'decimal', { nullable: true, precision: 9, scale: 3 }),
    column('STOCKED', 'bit'),
    column('BIG', 'bigint'),
    column('SMALL', 'tinyint'),
    column('CREATED', 'datetime'),
    column('SEEN', 'datetime2', { scale: 7, nullable: true }),
    column('ZONED', 'datetimeoffset', { scale: 7, nullable: true }),
    column('DAY', 'date', { nullable: true }),
    column('ROW_VER', 'timestamp'),
  ],
};

describe('schemas built from a table', () => {
  test('the key is a record of the key columns, named as Debezium names it', () => {
    expect(keySchema('epos', TABLE)).toEqual({
      type: 'record',
      name: 'Key',
      namespace: 'epos.EPOS.dbo.PRODUCT',
      fields: [{ name: 'PROD_CODE', type: 'string' }],
      'connect.name': 'epos.EPOS.dbo.PRODUCT.Key',
    });
  });

  test('the envelope has the fields of Debezium in their order, and the row twice by name', () => {
    const envelope = envelopeSchema('epos', TABLE);
    expect(envelope.fields.map((f) => f.name)).toEqual([
      'before',
      'after',
      'source',
      'transaction',
      'op',
      'ts_ms',
      'ts_us',
      'ts_ns',
    ]);
    expect(envelope).toMatchObject({ name: 'Envelope', namespace: 'epos.EPOS.dbo.PRODUCT', 'connect.version': 2 });
    expect(envelope.fields[1]!.type).toEqual(['null', 'Value']);
    const source = envelope.fields[2]!.type as unknown as { fields: { name: string }[] };
    expect(source.fields.map((f) => f.name)).toEqual(
      'version connector name ts_ms snapshot db sequence ts_us ts_ns schema table change_lsn commit_lsn event_serial_no'.split(
        ' ',
      ),
    );
  });

  test('columns have the semantic types of Debezium, nullable ones a null default', () => {
    const row = rowOfEnvelope(envelopeSchema('epos', TABLE))!;
    const byName = Object.fromEntries(row.fields.map((f) => [f.name, f]));
    expect(byName['PRICE1']!.type).toEqual({
      type: 'bytes',
      scale: 4,
      precision: 19,
      'connect.version': 1,
      'connect.parameters': { scale: '4', 'connect.decimal.precision': '19' },
      'connect.name': 'org.apache.kafka.connect.data.Decimal',
      logicalType: 'decimal',
    });
    expect(byName['LONG_DESC']).toEqual({ name: 'LONG_DESC', type: ['null', 'string'], default: null });
    expect(byName['SMALL']!.type).toEqual({ type: 'int', 'connect.type': 'int16' });
    expect(byName['CREATED']!.type).toEqual({
      type: 'long',
      'connect.version': 1,
      'connect.name': 'io.debezium.time.Timestamp',
    });
    expect(byName['SEEN']!.type).toEqual([
      'null',
      { type: 'long', 'connect.version': 1, 'connect.name': 'io.debezium.time.NanoTimestamp' },
    ]);
  });

  test('a type that cannot be carried is named', () => {
    const table = { ...TABLE, columns: [...TABLE.columns, column('SHAPE', 'geography')] };
    expect(() => envelopeSchema('epos', table)).toThrow(/Column SHAPE has type geography/);
  });
});

const ROW = {
  PROD_CODE: 'AB1234    ',
  LONG_DESC: 'Plank, 2.4 m — “oak”',
  PRICE1: '922337203685477.5807',
  WEIGHT_KG: '-0.125',
  STOCKED: true,
  BIG: -(2n ** 63n),
  SMALL: 255,
  CREATED: 1_700_000_000_123n,
  SEEN: 1_700_000_000_123_456_700n,
  ZONED: '2026-01-02T03:04:05.1234567+05:30',
  DAY: 20_000,
  ROW_VER: Buffer.from('00000000000007d1', 'hex'),
};

const SOURCE = {
  version: '0.1.0',
  connector: 'sqlserver',
  name: 'epos',
  ts_ms: 1n,
  snapshot: 'false',
  db: 'EPOS',
  sequence: null,
  ts_us: 1000n,
  ts_ns: null,
  schema: 'dbo',
  table: 'PRODUCT',
  change_lsn: '00000024:00000d98:0036',
  commit_lsn: '00000024:00000d98:0037',
  event_serial_no: 1n,
};

describe('the codec', () => {
  const schema = envelopeSchema('epos', TABLE);
  const envelope = {
    before: null,
    after: ROW,
    source: SOURCE,
    transaction: null,
    op: 'c',
    ts_ms: 5n,
    ts_us: 6n,
    ts_ns: 7n,
  };
  const registry = { schemaById: async () => schema } as unknown as SchemaRegistry;

  test('carries every value of an envelope without loss', async () => {
    const framed = encoderFor(4711, schema).encode(envelope);
    expect([...framed.subarray(0, 5)]).toEqual([0, 0, 0, 0x12, 0x67]);
    const decoder = createDecoder(registry);
    expect(decoder.decodeNow(framed)).toBeUndefined();
    expect(await decoder.decode(framed)).toEqual(envelope);
    expect(decoder.decodeNow(framed)).toEqual(envelope);
  });

  test('names the field of a value that does not fit, without showing it', () => {
    const wrong = { ...envelope, after: { ...ROW, BIG: 12 } };
    expect(() => encoderFor(1, schema).encode(wrong)).toThrow(/BIG/);
    expect(() => encoderFor(1, schema).encode({ ...envelope, after: { ...ROW, PRICE1: '1.23456' } })).toThrow();
  });

  test('refuses bytes that are not in the wire format or do not fit the schema', async () => {
    const decoder = createDecoder(registry);
    await expect(decoder.decode(Buffer.from('{"a":1}'))).rejects.toMatchObject({ code: 'SCHEMA_BAD_RECORD' });
    await expect(decoder.decode(Buffer.from([0, 0, 0, 0, 1, 9]))).rejects.toMatchObject({ code: 'SCHEMA_BAD_RECORD' });
  });

  test('a record larger than the shared buffer is written whole', async () => {
    const long = 'x'.repeat(300_000);
    const framed = encoderFor(1, schema).encode({ ...envelope, after: { ...ROW, LONG_DESC: long } });
    expect(((await createDecoder(registry).decode(framed)) as typeof envelope).after.LONG_DESC).toBe(long);
  });
});

test('a placeholder is replaced by the value of the older row', () => {
  const row = { A: 1, B: UNAVAILABLE_VALUE, C: Buffer.from(UNAVAILABLE_VALUE) as Buffer | null };
  expect(carryUnavailable(row, { A: 0, B: 'text', C: Buffer.from([1]) })).toEqual({
    A: 1,
    B: 'text',
    C: Buffer.from([1]),
  });
  expect(carryUnavailable(row, null)).toEqual({ A: 1, B: null, C: null });
  const plain = { A: 1, B: 'b', C: null };
  expect(carryUnavailable(plain, null)).toBe(plain);
});

test('generated types follow the schemas: exact text for decimals, bigint for longs, null where nullable', () => {
  const text = generateTypes('Epos', [
    { table: 'dbo.PRODUCT', key: keySchema('epos', TABLE), value: envelopeSchema('epos', TABLE) },
  ]);
  expect(text).toContain('export interface ProductRow {');
  expect(text).toContain('  readonly PRICE1: string;');
  expect(text).toContain('  readonly WEIGHT_KG: string | null;');
  expect(text).toContain('  readonly BIG: bigint;');
  expect(text).toContain('  readonly ROW_VER: Buffer;');
  expect(text).toContain("  'dbo.PRODUCT': ProductRow;");
  expect(text).toContain("  'dbo.PRODUCT': ProductKey;");
});
