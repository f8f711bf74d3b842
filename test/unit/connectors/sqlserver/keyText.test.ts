import { describe, expect, test } from 'vitest';
import { columnCodec } from '#connectors/sqlserver/columnCodec.ts';
import { after, upTo } from '#connectors/sqlserver/keyset.ts';
import { isPageable, keyCodec } from '#connectors/sqlserver/keyText.ts';
import type { SourceColumn } from '#connectors/sqlserver/metadata.ts';

const column = (sqlType: string, rest: Partial<SourceColumn> = {}): SourceColumn => ({
  name: 'C',
  sqlType,
  maxLength: 8,
  precision: 0,
  scale: 0,
  nullable: false,
  computed: false,
  ordinal: 1,
  ...rest,
});

describe('a key value as text', () => {
  test.each([
    ['int', {}, 7, '7', 'CONVERT(int, @k0)'],
    ['bit', {}, true, '1', 'CONVERT(bit, @k0)'],
    ['bigint', {}, '-9223372036854775808', '-9223372036854775808', 'CONVERT(bigint, @k0)'],
    ['char', { maxLength: 10 }, 'AB        ', 'AB        ', 'CONVERT(char(10), @k0)'],
    ['varchar', { maxLength: 9, collation: 'Polish_CI_AS' }, 'Ł', 'Ł', 'CONVERT(varchar(9), @k0 COLLATE Polish_CI_AS)'],
    ['nchar', { maxLength: 12, collation: 'Polish_CI_AS' }, 'Łódź  ', 'Łódź  ', 'CONVERT(nchar(6), @k0)'],
    ['decimal', { precision: 9, scale: 2 }, '-0.10', '-0.10', 'CONVERT(decimal(9,2), @k0)'],
    ['money', {}, '1.2300', '1.2300', 'CONVERT(money, @k0, 2)'],
    [
      'uniqueidentifier',
      {},
      '6f9619ff-8b86-d011-b42d-00c04fc964ff',
      '6F9619FF-8B86-D011-B42D-00C04FC964FF',
      'CONVERT(uniqueidentifier, @k0)',
    ],
    ['binary', { maxLength: 4 }, Buffer.from('deadbeef', 'hex'), 'DEADBEEF', 'CONVERT(binary(4), @k0, 2)'],
    ['timestamp', {}, Buffer.from('00000000000007d1', 'hex'), '00000000000007D1', 'CONVERT(binary(8), @k0, 2)'],
    ['date', {}, '0001-01-01', '0001-01-01', 'CONVERT(date, @k0, 121)'],
    ['date', {}, '9999-12-31', '9999-12-31', 'CONVERT(date, @k0, 121)'],
    ['datetime', {}, new Date('1753-01-01T00:00:00.003Z'), '1753-01-01 00:00:00.003', 'CONVERT(datetime, @k0, 121)'],
    [
      'smalldatetime',
      {},
      new Date('2026-01-02T03:04:00Z'),
      '2026-01-02 03:04:00.000',
      'CONVERT(smalldatetime, @k0, 121)',
    ],
    [
      'datetime2',
      { scale: 0 },
      new Date('0001-01-01T00:00:01Z'),
      '0001-01-01 00:00:01',
      'CONVERT(datetime2(0), @k0, 121)',
    ],
    [
      'datetime2',
      { scale: 5 },
      '1969-12-31 23:59:59.99999',
      '1969-12-31 23:59:59.99999',
      'CONVERT(datetime2(5), @k0, 121)',
    ],
    [
      'datetime2',
      { scale: 7 },
      '1969-12-31 23:59:59.9999999',
      '1969-12-31 23:59:59.9999999',
      'CONVERT(datetime2(7), @k0, 121)',
    ],
    ['time', { scale: 2 }, '23:59:59.12', '23:59:59.12', 'CONVERT(time(2), @k0, 121)'],
    ['time', { scale: 7 }, '00:00:00.1234567', '00:00:00.1234567', 'CONVERT(time(7), @k0, 121)'],
    [
      'datetimeoffset',
      { scale: 7 },
      '2026-01-02 03:04:05.1200000 +05:30',
      '2026-01-02 03:04:05.12 +05:30',
      'CONVERT(datetimeoffset(7), @k0, 121)',
    ],
    [
      'datetimeoffset',
      { scale: 0 },
      '2026-01-02 03:04:05 +00:00',
      '2026-01-02 03:04:05 +00:00',
      'CONVERT(datetimeoffset(0), @k0, 121)',
    ],
  ] as const)('%s %o keeps every digit of what the server gave', (sqlType, rest, given, text, parameter) => {
    const key = column(sqlType, rest);
    expect(keyCodec(key).text(columnCodec(key).decode(given))).toBe(text);
    expect(keyCodec(key).parameter('@k0')).toBe(parameter);
  });

  test('types that are no key are told apart', () => {
    expect(isPageable(column('nvarchar', { maxLength: -1 }))).toBe(false);
    expect(() => keyCodec(column('float'))).toThrow(/Key column C: type float cannot be paged by/);
  });
});

describe('comparing whole keys', () => {
  /** T-SQL's operators are those of JavaScript here but for AND, OR and =. */
  const holds = (text: string, row: Record<string, number>, marks: Record<string, number>): boolean =>
    new Function(
      ...Object.keys(row),
      ...Object.keys(marks),
      `return ${text.replaceAll('AND', '&&').replaceAll('OR', '||').replaceAll(' = ', ' === ')}`,
    )(...Object.values(row), ...Object.values(marks)) as boolean;

  test('after and upTo divide all keys in two, in key order', () => {
    const values = [1, 2, 3];
    for (const a of values)
      for (const b of values)
        for (const c of values)
          for (const x of values)
            for (const y of values)
              for (const z of values) {
                const later = a !== x ? a > x : b !== y ? b > y : c > z;
                const columns = ['a', 'b', 'c'];
                const marks = ['x', 'y', 'z'];
                expect(holds(after(columns, marks), { a, b, c }, { x, y, z })).toBe(later);
                expect(holds(upTo(columns, marks), { a, b, c }, { x, y, z })).toBe(!later);
              }
  });
});
