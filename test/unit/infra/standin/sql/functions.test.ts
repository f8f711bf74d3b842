import { describe, expect, it } from 'vitest';
import { errorOf, evaluate, FRAME, textOf } from './evaluate.ts';

describe('string functions', () => {
  it.each([
    ["LEN('abc  ')", '3'],
    ["DATALENGTH('abc  ')", '5'],
    ["DATALENGTH(N'abc')", '6'],
    ["UPPER('straße')", 'STRAßE'],
    ["LTRIM('  a ') + '|'", 'a |'],
    ["RTRIM('a  ') + '|'", 'a|'],
    ["TRIM('xy' FROM 'xaybx')", 'ayb'],
    ["LEFT('hello', 2) + RIGHT('hello', 2)", 'helo'],
    ["SUBSTRING('hello', 2, 3)", 'ell'],
    ["SUBSTRING('hello', 0, 3)", 'he'],
    ["SUBSTRING('hello', 10, 3)", ''],
    ['SUBSTRING(0x010203, 2, 2)', '0x0203'],
    ["REPLACE('aBcb', 'B', '-')", 'a-c-'],
    ["STUFF('abcdef', 2, 3, 'X')", 'aXef'],
    ["REPLICATE('ab', 3)", 'ababab'],
    ["REVERSE('abc')", 'cba'],
    ["CHARINDEX('L', 'hello')", '3'],
    ["CHARINDEX('l', 'hello', 4)", '4'],
    ["CHARINDEX('z', 'hello')", '0'],
    ["PATINDEX('%[0-9]%', 'ab12')", '3'],
    ["CONCAT('a', NULL, 1, 2.50)", 'a12.50'],
    ["CONCAT_WS('-', 'a', NULL, 'b')", 'a-b'],
    ["QUOTENAME('a]b')", '[a]]b]'],
    ["QUOTENAME('it''s', '''')", "'it''s'"],
    ['STR(123.456, 7, 2)', ' 123.46'],
    ["ASCII('A')", '65'],
    ['CHAR(65) + NCHAR(66)', 'AB'],
    ["TRANSLATE('2*[3+4]', '[]', '()')", '2*(3+4)'],
    ["PARSENAME('a.[b.c].d', 2)", 'b.c'],
    ["FORMAT(1234567.891, 'N2')", '1,234,567.89'],
    ["FORMAT(7, 'D3')", '007'],
    ["FORMAT(1234.5, '#,##0.00')", '1,234.50'],
    ["FORMAT(CAST('2024-02-03 04:05' AS datetime), 'yyyy-MM-dd HH:mm')", '2024-02-03 04:05'],
    ["'a' + NULL", null],
  ])('%s is %s', (sql, text) => {
    expect(textOf(sql)).toBe(text);
  });
});

describe('numbers', () => {
  it.each([
    ['7 / 2', '3'],
    ['-7 / 2', '-3'],
    ['-7 % 3', '-1'],
    ['7.0 / 2', '3.500000'],
    ['1 + 2 * 3', '7'],
    ['(1 + 2) * 3', '9'],
    ['5 & 3 | 8', '9'],
    ['~5', '-6'],
    ['10.00 * 1.10', '11.0000'],
    ['$10.00 / 3', '3.3333'],
    ['$2 / 3', '0.6666'],
    ['CAST(0.1 AS decimal(10,1)) + CAST(0.2 AS decimal(10,1))', '0.3'],
    ["CAST('9007199254740993' AS bigint) + 1", '9007199254740994'],
    ['ROUND(123.456, 2)', '123.460'],
    ['ROUND(123.456, -1)', '120.000'],
    ['ROUND(123.456, 1, 1)', '123.400'],
    ['ROUND(-2.5, 0)', '-3.0'],
    ['ROUND(1250, -2)', '1300'],
    ['CEILING(1.2)', '2'],
    ['CEILING(-1.2)', '-1'],
    ['FLOOR(-1.2)', '-2'],
    ['ABS(-5.5)', '5.5'],
    ['SIGN(-3)', '-1'],
    ['POWER(2, 10)', '1024'],
    ['SQRT(16)', '4'],
    ["'5' * 3", '15'],
    ['CAST(1 AS bit) + 1', '2'],
  ])('%s is %s', (sql, text) => {
    expect(textOf(sql)).toBe(text);
  });

  it.each([
    ['1 / 0', 8134],
    ['1 % 0', 8134],
    ['2147483647 + 1', 8115],
    ['CAST(255 AS tinyint) + CAST(1 AS tinyint)', 8115],
    ["'a' + 1", 245],
    ["'a' - 'b'", 8117],
    ['SQRT(-1)', 3623],
    ['CAST(99 AS decimal(38,0)) * CAST(99999999999999999999999999999999999999 AS decimal(38,0))', 8115],
    ['ROUND(748.58, -3)', 8115],
    ['LEN(1, 2)', 174],
    ['NO_SUCH(1)', 195],
    ['dbo.no_such(1)', 4121],
    ['CASE WHEN 1 = 1 THEN NULL END', 8133],
  ])('%s is error %d', (sql, number) => {
    expect(errorOf(() => evaluate(sql)).number).toBe(number);
  });
});

describe('dates', () => {
  it.each([
    ['GETUTCDATE()', '2024-05-17 10:20:30.123'],
    ['GETDATE()', '2024-05-17 12:20:30.123'],
    ['SYSUTCDATETIME()', '2024-05-17 10:20:30.1235000'],
    ['SYSDATETIMEOFFSET()', '2024-05-17 12:20:30.1235000 +02:00'],
    ["DATEADD(month, 1, CAST('2024-01-31' AS date))", '2024-02-29'],
    ["DATEADD(year, -1, CAST('2024-02-29' AS date))", '2023-02-28'],
    ["DATEADD(ms, 3, CAST('2024-01-01' AS datetime))", '2024-01-01 00:00:00.003'],
    ["DATEADD(hour, -1, CAST('00:30' AS time(0)))", '23:30:00'],
    ["DATEADD(ns, 100, CAST('2024-01-01' AS datetime2))", '2024-01-01 00:00:00.0000001'],
    ["DATEDIFF(day, '2024-02-28', '2024-03-01')", '2'],
    ["DATEDIFF(year, '2023-12-31', '2024-01-01')", '1'],
    ["DATEDIFF(hour, '2024-01-01 10:59', '2024-01-01 11:00')", '1'],
    ["DATEDIFF(week, '2024-01-06', '2024-01-07')", '1'],
    ["DATEDIFF_BIG(ns, '2024-01-01', '2024-01-02')", '86400000000000'],
    ["DATEPART(weekday, '2024-05-17')", '6'],
    ["DATEPART(week, '2024-01-07')", '2'],
    ["DATEPART(iso_week, '2021-01-03')", '53'],
    ["DATEPART(ms, CAST('2024-01-01 00:00:00.123' AS datetime))", '123'],
    ["DATEPART(tz, CAST('2024-01-01T00:00:00+05:30' AS datetimeoffset))", '330'],
    ["DATENAME(month, '2024-05-17') + DATENAME(dw, '2024-05-17')", 'MayFriday'],
    ["EOMONTH('2024-02-10')", '2024-02-29'],
    ["EOMONTH('2024-01-31', 1)", '2024-02-29'],
    ['DATEFROMPARTS(2024, 2, 29)', '2024-02-29'],
    ['DATETIME2FROMPARTS(2024, 2, 29, 1, 2, 3, 45, 2)', '2024-02-29 01:02:03.45'],
    ["DATETRUNC(month, CAST('2024-02-29 10:00' AS datetime2(0)))", '2024-02-01 00:00:00'],
    ["YEAR('2024-02-29') * 100 + MONTH('2024-02-29')", '202402'],
    ["ISDATE('2024-02-30')", '0'],
    ["TODATETIMEOFFSET(CAST('2024-01-01 10:00' AS datetime2(0)), '+02:00')", '2024-01-01 10:00:00 +02:00'],
    ["SWITCHOFFSET(CAST('2024-01-01T10:00:00+02:00' AS datetimeoffset(0)), 0)", '2024-01-01 08:00:00 +00:00'],
    ["CAST('2024-07-01 12:00' AS datetime2(0)) AT TIME ZONE 'GMT Standard Time'", '2024-07-01 12:00:00 +01:00'],
    [
      "CAST('2024-07-01T12:00:00Z' AS datetimeoffset(0)) AT TIME ZONE 'W. Europe Standard Time'",
      '2024-07-01 14:00:00 +02:00',
    ],
    ["CAST('2024-01-01 10:00' AS datetime) + 1.5", '2024-01-02 22:00:00.000'],
  ])('%s is %s', (sql, text) => {
    expect(textOf(sql)).toBe(text);
  });

  it('refuses parts a type does not have', () => {
    expect(errorOf(() => evaluate("DATEADD(hour, 1, CAST('2024-01-01' AS date))")).number).toBe(9810);
    expect(errorOf(() => evaluate("DATEADD(year, 9000, CAST('2024-01-01' AS date))")).number).toBe(517);
    expect(errorOf(() => evaluate("DATEDIFF(ms, '1900-01-01', '2024-01-01')")).number).toBe(535);
  });

  it('reads dates by DATEFORMAT and weekdays by DATEFIRST', () => {
    const dmy = { env: { ...FRAME.env, dateFormat: 'dmy', dateFirst: 1 } };
    expect(evaluate("CAST('03/04/2024' AS date)", dmy).text).toBe('2024-04-03');
    expect(evaluate("DATEPART(weekday, CAST('2024-05-17' AS date))", dmy).text).toBe('5');
  });
});

describe('choice and NULL', () => {
  it.each([
    ["ISNULL(NULL, 'abc')", 'abc', 'varchar(3)'],
    ["ISNULL(CAST(NULL AS varchar(2)), 'abc')", 'ab', 'varchar(2)'],
    ['COALESCE(NULL, 1, 2.5)', '1.0', 'decimal(11,1)'],
    ['NULLIF(1, 1)', null, 'int'],
    ['NULLIF(1, 2)', '1', 'int'],
    ["IIF('a' = 'A', 'yes', 'no')", 'yes', 'varchar(3)'],
    ["CASE 2 WHEN 1 THEN 'a' WHEN 2 THEN N'bb' ELSE NULL END", 'bb', 'nvarchar(2)'],
    ["CHOOSE(2, 'a', 'b')", 'b', 'varchar(1)'],
    ['GREATEST(1, 2.5, NULL)', '2.5', 'decimal(11,1)'],
  ])('%s is %s of type %s', (sql, text, type) => {
    expect(evaluate(sql)).toEqual({ text, type });
  });

  it('does not evaluate the branches a CASE passes over', () => {
    expect(textOf('CASE WHEN 1 = 1 THEN 5 ELSE 1 / 0 END')).toBe('5');
  });
});

describe('other functions', () => {
  it.each([
    ["HASHBYTES('SHA2_256', 'abc')", '0xBA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD'],
    ["HASHBYTES('MD5', N'abc')", '0xCE1473CF80C6B3FDA8E3DFC006ADC315'],
    ["ISNUMERIC('12.5')", '1'],
    ["ISNUMERIC('$5')", '1'],
    ["ISNUMERIC('x')", '0'],
    ["CAST(SQL_VARIANT_PROPERTY(CAST(1.50 AS sql_variant), 'BaseType') AS varchar(20))", 'numeric'],
    ["CHECKSUM('a', 1) - CHECKSUM('A ', 1)", '0'],
  ])('%s is %s', (sql, text) => {
    expect(textOf(sql)).toBe(text);
  });

  it('makes a new uniqueidentifier each time', () => {
    expect(textOf('NEWID()')).toMatch(/^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$/);
    expect(textOf('NEWID()')).not.toBe(textOf('NEWID()'));
  });
});
