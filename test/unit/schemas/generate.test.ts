import { expect, test } from 'vitest';
import { envelopeSchema, keySchema, rowOfEnvelope } from '#schemas/avroBuilder.ts';
import type { AvroRecord } from '#schemas/avroSchema.ts';
import { compileAvro } from '#schemas/avroType.ts';
import { generateTypes } from '#schemas/generate.ts';
import type { ColumnShape, TableShape } from '#schemas/tableShape.ts';
import { typeDifferences } from '#schemas/typeDifferences.ts';

const WALL_MS = 'Milliseconds since 1970-01-01, in the zone-less time of the column.';
const WALL_US = 'Microseconds since 1970-01-01, in the zone-less time of the column.';
const WALL_NS = 'Nanoseconds since 1970-01-01, in the zone-less time of the column.';
const texts = ['char', 'varchar', 'text', 'nchar', 'nvarchar', 'ntext', 'sysname', 'xml', 'uniqueidentifier'];
const binaries = ['binary', 'varbinary', 'image', 'timestamp', 'rowversion'];

/** SQL type (and its digits), the type in TypeScript, the unit told beside it, and a value as a record holds it. */
const TYPES: readonly (readonly [sql: string, scale: number, type: string, note: string, value: unknown])[] = [
  ['bit', 0, 'boolean', '', true],
  ['tinyint', 0, 'number', '', 255],
  ['smallint', 0, 'number', '', -5],
  ['int', 0, 'number', '', -70_000],
  ['bigint', 0, 'bigint', '', -9_223_372_036_854_775_808n],
  ['real', 0, 'number', '', 0.5],
  ['float', 0, 'number', '', 0.1],
  ['money', 4, 'string', 'decimal(19, 4) as exact text.', '1.0000'],
  ['smallmoney', 4, 'string', 'decimal(10, 4) as exact text.', '-1.0000'],
  ['decimal', 3, 'string', 'decimal(9, 3) as exact text.', '-0.125'],
  ['numeric', 0, 'string', 'decimal(9, 0) as exact text.', '12'],
  ...texts.map((sql) => [sql, 0, 'string', '', 'text'] as const),
  ...binaries.map((sql) => [sql, 0, 'Buffer', '', Buffer.from([1, 2])] as const),
  ['date', 0, 'number', 'Days since 1970-01-01.', 20_000],
  ['datetime', 3, 'bigint', WALL_MS, 1n],
  ['smalldatetime', 0, 'bigint', WALL_MS, 1n],
  ['datetime2', 3, 'bigint', WALL_MS, 1n],
  ['datetime2', 6, 'bigint', WALL_US, 1n],
  ['datetime2', 7, 'bigint', WALL_NS, 1n],
  ['time', 3, 'number', 'Milliseconds since midnight.', 1],
  ['time', 6, 'bigint', 'Microseconds since midnight.', 1n],
  ['time', 7, 'bigint', 'Nanoseconds since midnight.', 1n],
  ['datetimeoffset', 7, 'string', 'ISO 8601 with offset.', '2026-01-02T03:04:05Z'],
];

/** As the registry keeps a schema: text. */
const stored = (schema: AvroRecord): AvroRecord => JSON.parse(JSON.stringify(schema)) as AvroRecord;
const table = (columns: readonly ColumnShape[]): TableShape => ({
  database: 'SHOP',
  schema: 'dbo',
  name: 'THING',
  keyColumns: [columns[0]!.name],
  columns,
});
const typesOf = (columns: readonly ColumnShape[]): string => {
  const shape = table(columns);
  const [key, value] = [stored(keySchema('shop', shape)!), stored(envelopeSchema('shop', shape))];
  return generateTypes('Shop', [{ table: 'dbo.THING', key, value }]);
};
const line = (name: string, type: string, note: string): string =>
  `${note && `  /** ${note} */\n`}  readonly ${name}: ${type};\n`;
/** How JavaScript names the type of a value. */
const named = (value: unknown): string => (Buffer.isBuffer(value) ? 'Buffer' : typeof value);

test.each(TYPES)(
  '%s with %i digits is %s in a row, nullable, in a key, masked and with a default',
  (sqlType, scale, type, note, value) => {
    const column = (name: string, rest: Partial<ColumnShape> = {}): ColumnShape => ({
      name,
      sqlType,
      nullable: false,
      precision: 9,
      scale,
      ...rest,
    });
    const columns = [
      column('K'),
      column('MAYBE', { nullable: true }),
      column('HIDDEN', { parameters: { masked: 'true' } }),
      column('GIVEN', { nullable: true, defaultText: "('1')" }),
    ];
    const body = [line('K', type, note), line('MAYBE', `${type} | null`, note), line('HIDDEN', type, note)].join('');
    const text = typesOf(columns);
    expect(text).toContain(`export interface ThingRow {\n${body}${line('GIVEN', `${type} | null`, note)}}\n`);
    expect(text).toContain(`export interface ThingKey {\n${line('K', type, note)}}\n`);

    // What a reader of the row gets is of the type that is told.
    const row = compileAvro(stored(rowOfEnvelope(envelopeSchema('shop', table(columns)))!));
    const bytes = Buffer.alloc(200);
    expect(row.encode({ K: value, MAYBE: null, HIDDEN: value, GIVEN: value }, bytes, 0)).toBeGreaterThan(0);
    const decoded = row.decode(bytes, 0) as Record<string, unknown>;
    expect([named(decoded['K']), decoded['MAYBE'], named(decoded['GIVEN'])]).toEqual([type, null, type]);
  },
);

test('differences name the table, the column and both types, digits and units too', () => {
  const int: ColumnShape = { name: 'ID', sqlType: 'int', nullable: false, precision: 0, scale: 0 };
  const price: ColumnShape = { ...int, name: 'PRICE', sqlType: 'decimal', precision: 9, scale: 2 };
  const older = typesOf([int, price, { ...int, name: 'GONE' }]);
  const newer = typesOf([
    { ...int, sqlType: 'bigint' },
    { ...price, precision: 11, nullable: true },
    { ...int, name: 'MORE' },
  ]);
  expect(typeDifferences(newer, older)).toEqual([
    { table: 'dbo.THING', column: 'ID', expected: 'bigint', found: 'number' },
    {
      table: 'dbo.THING',
      column: 'PRICE',
      expected: 'string | null (decimal(11, 2) as exact text)',
      found: 'string (decimal(9, 2) as exact text)',
    },
    { table: 'dbo.THING', column: 'MORE', expected: 'number', found: null },
    { table: 'dbo.THING', column: 'ID (key)', expected: 'bigint', found: 'number' },
    { table: 'dbo.THING', column: 'GONE', expected: null, found: 'number' },
  ]);
  expect(typeDifferences(newer, newer.replaceAll('\n', '\r\n'))).toEqual([]);
  expect(typeDifferences(newer, generateTypes('Shop', []))).toEqual([
    { table: 'dbo.THING', column: '(table)', expected: '4 columns', found: null },
  ]);
});
