import { describe, expect, test } from 'vitest';
import { columnCodec, isReadable } from '#connectors/sqlserver/columnCodec.ts';
import type { SourceColumn } from '#connectors/sqlserver/metadata.ts';
import { SaturatedTime } from '#connectors/sqlserver/temporal.ts';

const column = (sqlType: string, rest: Partial<SourceColumn> = {}): SourceColumn => ({
  name: 'C',
  sqlType,
  maxLength: 8,
  precision: 0,
  scale: 0,
  nullable: true,
  computed: false,
  ordinal: 1,
  ...rest,
});

describe('reading a column exactly', () => {
  test.each([
    ['decimal', {}, 'CONVERT(varchar(41), x)', '-0.10', '-0.10'],
    ['money', {}, 'CONVERT(varchar(30), x, 2)', '1.2300', '1.2300'],
    ['bigint', {}, 'x', '-9223372036854775808', -(2n ** 63n)],
    ['int', {}, 'x', 7, 7],
    ['bit', {}, 'x', true, true],
    ['char', {}, 'x', 'AB  ', 'AB  '],
    ['text', { maxLength: 16 }, 'CONVERT(varchar(max), x)', 'long', 'long'],
    ['uniqueidentifier', {}, 'x', '6f9619ff-8b86-d011-b42d-00c04fc964ff', '6F9619FF-8B86-D011-B42D-00C04FC964FF'],
    ['date', {}, 'CONVERT(varchar(10), x, 23)', '0001-01-01', -719162],
    ['date', {}, 'CONVERT(varchar(10), x, 23)', '9999-12-31', 2932896],
    ['datetime', {}, 'x', new Date('1753-01-01T00:00:00.003Z'), -6847804799997n],
    ['datetime2', { scale: 3 }, 'x', new Date(5), 5n],
    ['datetime2', { scale: 6 }, 'CONVERT(varchar(27), x, 121)', '2026-01-02 03:04:05.123456', 1767323045123456n],
    ['datetime2', { scale: 7 }, 'CONVERT(varchar(27), x, 121)', '1970-01-01 00:00:00.0000001', 100n],
    ['datetime2', { scale: 7 }, 'CONVERT(varchar(27), x, 121)', '1969-12-31 23:59:59.9999999', -100n],
    ['time', { scale: 0 }, 'CONVERT(varchar(16), x, 121)', '23:59:59', 86_399_000],
    ['time', { scale: 5 }, 'CONVERT(varchar(16), x, 121)', '00:00:01.00001', 1_000_010n],
    ['time', { scale: 7 }, 'CONVERT(varchar(16), x, 121)', '00:00:00.1234567', 123_456_700n],
    [
      'datetimeoffset',
      { scale: 7 },
      'CONVERT(varchar(34), x, 121)',
      '2026-01-02 03:04:05.1200000 +05:30',
      '2026-01-02T03:04:05.12+05:30',
    ],
    [
      'datetimeoffset',
      { scale: 0 },
      'CONVERT(varchar(34), x, 121)',
      '2026-01-02 03:04:05 +00:00',
      '2026-01-02T03:04:05Z',
    ],
  ] as const)('%s %o', (sqlType, rest, expression, value, expected) => {
    const codec = columnCodec(column(sqlType, rest));
    expect(codec.select('x')).toBe(expression);
    expect(codec.decode(value)).toEqual(expected);
  });

  test('an instant that nanoseconds in 64 bits cannot hold is a named error, not a rounding', () => {
    const codec = columnCodec(column('datetime2', { scale: 7 }));
    expect(() => codec.decode('9999-12-31 00:00:00.0000000')).toThrow(/Column C \(datetime2\): a value is outside/);
  });

  test('where the column allows it such an instant is the nearest one that fits, with its exact text', () => {
    const codec = columnCodec(column('datetime2', { scale: 7, saturate: true }));
    expect(codec.decode('9999-12-31 23:59:59.9999999')).toEqual(
      new SaturatedTime(2n ** 63n - 1n, '9999-12-31T23:59:59.9999999'),
    );
    expect(codec.decode('0001-01-01 00:00:00.0000000')).toEqual(
      new SaturatedTime(-(2n ** 63n), '0001-01-01T00:00:00.0000000'),
    );
    expect(codec.decode('2262-04-11 23:47:16.8547758')).toBe(9223372036854775800n);
    expect(codec.decode('2262-04-11 23:47:16.8547759')).toBeInstanceOf(SaturatedTime);
    expect(codec.decode('1677-09-21 00:12:43.1452242')).toBe(-9223372036854775800n);
    expect(codec.decode('1677-09-21 00:12:43.1452241')).toBeInstanceOf(SaturatedTime);
  });

  test('half a character, which UTF-8 cannot hold, becomes the replacement character', () => {
    const codec = columnCodec(column('nvarchar'));
    expect(codec.decode('a\ud83d')).toBe('a\ufffd');
    expect(codec.decode('a😀')).toBe('a😀');
  });

  test('types without an exact reading are named', () => {
    expect(isReadable(column('geography'))).toBe(false);
    expect(() => columnCodec(column('sql_variant'))).toThrow(/Column C: type sql_variant/);
  });

  test('large types are those CDC leaves out of untouched updates', () => {
    expect(columnCodec(column('text')).large).toBe(true);
    expect(columnCodec(column('nvarchar', { maxLength: -1 })).large).toBe(true);
    expect(columnCodec(column('varchar', { maxLength: 60 })).large).toBe(false);
  });
});
