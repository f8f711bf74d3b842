import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseFilter } from '#connectors/capture/snapshotFilter.ts';
import type { SourceColumn } from '#connectors/sqlserver/metadata.ts';
import type { SluiceError } from '#infra/runtime/errors.ts';

function column(name: string, sqlType: string, rest: Partial<SourceColumn> = {}): SourceColumn {
  const type = { sqlType, maxLength: 8, precision: 9, scale: 2 };
  return { name, ...type, nullable: true, computed: false, ordinal: 1, ...rest };
}

const COLUMNS = [
  column('ID', 'int'),
  column('BIG', 'bigint'),
  column('CODE', 'char'),
  column('NAME', 'nvarchar', { maxLength: 120 }),
  column('POLISH', 'varchar', { maxLength: 20, collation: 'Polish_CI_AS' }),
  column('PRICE', 'money'),
  column('WEIGHT', 'decimal'),
  column('RATE', 'float'),
  column('FLAG', 'bit'),
  column('SEEN', 'datetime'),
  column('EXACT', 'datetime2', { scale: 7 }),
  column('DAY', 'date'),
  column('UID', 'uniqueidentifier'),
  column('HASH', 'binary', { maxLength: 4 }),
  column('NOTES', 'text', { maxLength: 16 }),
  column('odd ] name', 'int'),
];

const parse = (text: string) => parseFilter(text, COLUMNS);
const valuesOf = (text: string): unknown[] => Object.values(parse(text).params).map(({ value }) => value);

describe('a filter of a snapshot', () => {
  test.each([
    ['ID = 7', '[ID] = CONVERT(int, @f0)', ['7']],
    ["id <> -7 and Code >= 'A1'", '[ID] <> CONVERT(int, @f0) AND [CODE] >= CONVERT(char(8), @f1)', ['-7', 'A1']],
    ['ID IN (1, 2,3)', '[ID] IN (CONVERT(int, @f0), CONVERT(int, @f1), CONVERT(int, @f2))', ['1', '2', '3']],
    ['ID NOT IN (1)', '[ID] NOT IN (CONVERT(int, @f0))', ['1']],
    ['NOTES IS NOT NULL', '[NOTES] IS NOT NULL', []],
    ['(NOTES IS NULL) AND (ID < 5)', '([NOTES] IS NULL) AND ([ID] < CONVERT(int, @f0))', ['5']],
    [
      'ID BETWEEN 1 AND 9 AND FLAG = TRUE',
      '[ID] BETWEEN CONVERT(int, @f0) AND CONVERT(int, @f1) AND [FLAG] = CONVERT(bit, @f2)',
      ['1', '9', '1'],
    ],
    ["NAME LIKE N'O''Br%'", '[NAME] LIKE @f0', ["O'Br%"]],
    [
      "CODE NOT LIKE 'a!%%' ESCAPE '!'",
      '[CODE] NOT LIKE CONVERT(varchar(8000), @f0) ESCAPE CONVERT(varchar(8000), @f1)',
      ['a!%%', '!'],
    ],
    ["POLISH = 'Łódź'", '[POLISH] = CONVERT(varchar(20), @f0 COLLATE Polish_CI_AS)', ['Łódź']],
    ['PRICE > 1.50', '[PRICE] > CONVERT(money, @f0, 2)', ['1.5']],
    ['WEIGHT <= -0.25', '[WEIGHT] <= CONVERT(decimal(9,2), @f0)', ['-0.25']],
    ['RATE != 1e3', '[RATE] != CONVERT(float, @f0)', ['1e3']],
    ["SEEN >= '2026-01-02T03:04:05.007'", '[SEEN] >= CONVERT(datetime, @f0, 121)', ['2026-01-02 03:04:05.007']],
    ["EXACT < '2026-01-02'", '[EXACT] < CONVERT(datetime2(7), @f0, 121)', ['2026-01-02']],
    [
      "UID = '6F9619FF-8B86-D011-B42D-00C04FC964FF'",
      '[UID] = CONVERT(uniqueidentifier, @f0)',
      ['6F9619FF-8B86-D011-B42D-00C04FC964FF'],
    ],
    ['HASH = 0xdeadBEEF', '[HASH] = CONVERT(binary(4), @f0, 2)', ['DEADBEEF']],
    ['[odd ]] name] = 1 AND "ID" = 2', '[odd ]] name] = CONVERT(int, @f0) AND [ID] = CONVERT(int, @f1)', ['1', '2']],
    ['BIG = 9223372036854775807', '[BIG] = CONVERT(bigint, @f0)', ['9223372036854775807']],
  ])('reads %s', (text, sql, values) => {
    expect(parse(text).text).toBe(sql);
    expect(valuesOf(text)).toEqual(values);
  });

  test.each([
    ['', 'at character 1: expected a column, found the end'],
    [
      'ID',
      'at character 3: expected =, <>, <, <=, >, >=, IN, BETWEEN, LIKE, IS or NOT after the column, found the end',
    ],
    ['ID = 1 OR ID = 2', 'at character 8: expected AND or the end, found OR'],
    ['NOPE = 1', 'at character 1: expected a captured column (ID, BIG,'],
    ['ID = CODE', 'at character 6: expected a whole number from -2147483648 to 2147483647 for column ID, found CODE'],
    ['ID = 2147483648', 'at character 6: expected a whole number'],
    ['ID = 1.5', 'at character 6: expected a whole number'],
    ["CODE = 'much too long'", 'at character 8: expected a text of at most 8 characters'],
    ['CODE = 1', 'at character 8: expected a text'],
    ['WEIGHT = 0.001', 'at character 10: expected a number of at most 7 digits before and 2 after the point'],
    ["DAY = '02/01/2026'", "at character 7: expected a date as 'yyyy-mm-dd'"],
    ["SEEN = '2026-01-02 03:04:05.1234'", 'with at most 3 digits after the seconds'],
    ["NOTES = 'x'", 'at character 9: expected IS NULL for a column of type text'],
    ["ID LIKE '1%'", 'at character 9: expected a column of text for LIKE, not int'],
    ["CODE = 'open", "at character 8: expected a text closed by ', found an open text"],
    ['ID IN 1', 'at character 7: expected (, found 1'],
    ['ID IN (1', 'at character 9: expected , or ), found the end'],
    ['(ID = 1', 'at character 8: expected AND or ), found the end'],
    ['ID NOT = 1', 'at character 8: expected IN, LIKE or BETWEEN after NOT, found ='],
    ['ID IS 1', 'at character 7: expected NULL or NOT NULL, found 1'],
    ['ID = 1; DROP TABLE X', 'at character 7: expected a column, a value or a sign, found ;'],
    ['ID = @@SPID', 'at character 6: expected a whole number'],
  ])('says where and what is wrong in %s', (text, message) => {
    expect(() => parse(text)).toThrow(message);
  });

  test('never lets its text into the statement: only columns, signs, fixed words and parameters come out', () => {
    const word = fc.constantFrom(
      ...['ID', 'CODE', '[CODE]', 'AND', 'OR', 'IN', '(', ')', ',', '=', '<', 'NOT', 'LIKE', 'BETWEEN', 'IS', 'NULL'],
      ...["'x'", "'--'", '1', '0x41', ';', '--', '/*', 'SELECT', 'xp_cmdshell', "'); DROP TABLE T"],
    );
    const sql =
      /^(\[(ID|CODE)\]|\(|\)|,| |=|<|AND|NOT|IN|LIKE|BETWEEN|IS|NULL|CONVERT\((int|char\(8\)|varchar\(8000\)), @f\d+\))*$/;
    fc.assert(
      fc.property(fc.array(word, { maxLength: 14 }), (words) => {
        try {
          expect(parse(words.join(' ')).text).toMatch(sql);
        } catch (error) {
          expect((error as SluiceError).code).toBe('SNAPSHOT_FILTER_INVALID');
        }
      }),
      { numRuns: 2000 },
    );
  });
});
