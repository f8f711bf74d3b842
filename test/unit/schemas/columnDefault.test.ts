import { describe, expect, test } from 'vitest';
import { envelopeSchema, keySchema, rowOfEnvelope } from '#schemas/avroBuilder.ts';
import { columnDefault } from '#schemas/columnDefault.ts';
import { connectText } from '#schemas/connectText.ts';
import type { ColumnShape } from '#schemas/tableShape.ts';

const column = (sqlType: string, defaultText: string | null, more: Partial<ColumnShape> = {}): ColumnShape => ({
  name: 'C',
  sqlType,
  nullable: true,
  precision: 9,
  scale: 3,
  defaultText,
  ...more,
});

describe('the default of a column', () => {
  test.each([
    ['int', '((5))', 5],
    ['int', '((-5))', -5],
    ['int', '(-(5))', -5],
    ['tinyint', '((255))', 255],
    ['bigint', '((3147483648.))', 3_147_483_648],
    ['bit', '((1))', true],
    ['bit', '((0))', false],
    ['float', '((2.5e+003))', 2500],
    ['decimal', '((1.5))', '\u0005\u00dc'],
    ['decimal', '((-0.001))', '\u00ff'],
    ['decimal', '((.5))', '\u0001\u00f4'],
    ['money', '((12.5))', '\u0001\u00e8H'],
    ['varchar', "('ab')", 'ab'],
    ['varchar', "('it''s (x)')", "it's (x)"],
    ['nvarchar', "(N'żó')", 'żó'],
    ['nvarchar', "(N'')", ''],
    ['varbinary', '(0x01FF)', '\u0001\u00ff'],
    ['date', "('2019-02-03')", 17_930],
    ['date', "('0001-01-01')", -719_162],
    ['smalldatetime', "('2019-01-01 12:34')", 1_546_346_040_000],
    ['datetime', "('2019-01-01T12:34:56.123')", 1_546_346_096_123],
    ['datetime2', "('2019-01-01 12:34:56.123')", 1_546_346_096_123],
  ])('of %s %s is written', (sqlType, text, expected) => {
    expect(columnDefault(column(sqlType, text))).toEqual(expected);
  });

  test.each([
    ['int', null],
    ['int', '(NULL)'],
    ['int', '((1)+(2))'],
    ['int', "('x')"],
    ['bigint', '((9223372036854775807))'],
    ['float', '((1e400))'],
    ['decimal', '((1.5555))'],
    ['datetime', '(getdate())'],
    ['datetime', "('2019-01-01 12:34:56.121')"],
    ['datetime', "('01/02/2019')"],
    ['smalldatetime', "('2019-01-01 12:34:56')"],
    ['datetime2', "('2019-01-01 12:34:56.1234')"],
    ['date', "('2019-01-01 12:34')"],
    ['time', "('12:34')"],
    ['varchar', "('a'+'b')"],
    ['varchar', '(user_name())'],
    ['uniqueidentifier', '(newid())'],
    ['varbinary', '(0x1)'],
  ])('of %s %s is no constant that a schema can hold', (sqlType, text) => {
    expect(columnDefault(column(sqlType, text))).toBeUndefined();
  });

  test('of a fine time is exact, or left out where JSON would round it', () => {
    const micro = column('datetime2', "('2019-01-01 12:34:56.123456')", { scale: 6 });
    expect(columnDefault(micro)).toBe(1_546_346_096_123_456);
    expect(columnDefault({ ...micro, scale: 7 })).toBeUndefined();
    expect(columnDefault({ ...micro, defaultText: "('1970-01-01 00:00:01')", scale: 7 })).toBe(1_000_000_000);
  });

  test('stands before NULL in the type, and once more inside it, as Kafka Connect has it', () => {
    const shape = { database: 'D', schema: 's', name: 'T', keyColumns: ['C'] };
    const fields = (c: ColumnShape) => rowOfEnvelope(envelopeSchema('p', { ...shape, columns: [c] }))!.fields;
    expect(fields(column('int', '((5))'))).toEqual([
      { name: 'C', type: [{ type: 'int', 'connect.default': 5 }, 'null'], default: 5 },
    ]);
    expect(fields(column('int', '((5))', { nullable: false }))).toEqual([
      { name: 'C', type: { type: 'int', 'connect.default': 5 }, default: 5 },
    ]);
    expect(fields(column('varchar', null, { parameters: { masked: 'true' } }))).toEqual([
      { name: 'C', type: ['null', { type: 'string', 'connect.parameters': { masked: 'true' } }], default: null },
    ]);
  });

  test('is left out of keys, whose bytes would change with it', () => {
    const columns = [column('int', '((5))', { nullable: false })];
    const key = keySchema('p', { database: 'D', schema: 's', name: 'T', keyColumns: ['C'], columns });
    expect(key!.fields).toEqual([{ name: 'C', type: 'int' }]);
  });
});

describe('a key as Kafka Connect writes it into a header', () => {
  test('is like JSON, with bare decimals, bytes in base64, and only quote and backslash escaped', () => {
    // What SimpleHeaderConverter of Kafka 4.3 writes for a struct of these fields.
    const expected = '{"i":1,"l":2,"s":"a\\"b\\\\c\nżó","d":-0.50,"b":"AAH/","t":5,"z":true,"n":null}';
    const fields = { i: 1, l: 2n, s: 'a"b\\c\nżó', d: '-0.50', b: Buffer.from([0, 1, 255]), t: 5n, z: true, n: null };
    expect(connectText(fields, new Set(['d']))).toBe(expected);
  });
});
