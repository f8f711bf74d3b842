import { describe, expect, it } from 'vitest';
import { assigner, implicitConverter } from '#infra/standin/sql/convert.ts';
import { DATE, decimal, GUID, INT, varbinary, varchar } from '#infra/standin/sql/values.ts';
import { errorOf, evaluate, textOf } from './evaluate.ts';

describe('CAST', () => {
  it.each([
    ["CAST(' 42 ' AS int)", '42'],
    ["CAST('' AS int)", '0'],
    ['CAST(-1.9 AS int)', '-1'],
    ['CAST($1.5 AS int)', '2'],
    ['CAST(-$1.5 AS int)', '-2'],
    ['CAST(1.9e0 AS int)', '1'],
    ['CAST(1.005 AS decimal(10,2))', '1.01'],
    ['CAST(-1.005 AS decimal(10,2))', '-1.01'],
    ["CAST('12345678901234567.89' AS decimal(19,2))", '12345678901234567.89'],
    ["CAST('99999999999999999999999999999999999999' AS decimal(38,0))", '99999999999999999999999999999999999999'],
    ["CAST('$1,234.56785' AS money)", '1234.5679'],
    ["CAST('(12.5)' AS money)", '-12.5000'],
    ['CAST(922337203685477.5807 AS money)', '922337203685477.5807'],
    ["CAST('true' AS bit)", '1'],
    ['CAST(0.001 AS bit)', '1'],
    ['CAST(123456 AS varchar(3))', '*'],
    ["CAST('abcdef' AS varchar(3))", 'abc'],
    ["CAST('ab' AS char(4)) + '|'", 'ab  |'],
    ['CAST(12.50 AS varchar(10))', '12.50'],
    ['CAST($12.3456 AS varchar(10))', '12.35'],
    ['CAST(0.1e0 AS varchar(30))', '0.1'],
    ['CAST(1234567e0 AS varchar(30))', '1.23457e+006'],
    ['CAST(0.00001e0 AS varchar(30))', '1e-005'],
    ['CAST(258 AS varbinary(8))', '0x00000102'],
    ['CAST(258 AS binary(2))', '0x0102'],
    ['CAST(-1 AS binary(4))', '0xFFFFFFFF'],
    ['CAST(0x00000102 AS int)', '258'],
    ['CAST(0xFFFFFFFF AS int)', '-1'],
    ["CAST('AB' AS varbinary(4))", '0x4142'],
    ["CAST(N'AB' AS varbinary(4))", '0x41004200'],
    ["CAST('€' AS varbinary(4))", '0x80'],
    ['CAST(1.50 AS varbinary(20))', '0x0302000196000000'],
    ["CAST('{6F9619FF-8B86-D011-B42D-00C04FC964FF}' AS uniqueidentifier)", '6F9619FF-8B86-D011-B42D-00C04FC964FF'],
    [
      "CAST(CAST('6f9619ff-8b86-d011-b42d-00c04fc964ff' AS uniqueidentifier) AS binary(16))",
      '0xFF19966F868B11D0B42D00C04FC964FF',
    ],
    ["CAST('20240229' AS date)", '2024-02-29'],
    ["CAST('2024-02-29T23:59:59.9999999' AS datetime2(6))", '2024-03-01 00:00:00.000000'],
    ["CAST('2024-01-01 10:00:00.002' AS datetime)", '2024-01-01 10:00:00.003'],
    ["CAST('2024-01-01 23:59:59.999' AS datetime)", '2024-01-02 00:00:00.000'],
    ["CAST('2024-01-01 10:00:29.998' AS smalldatetime)", '2024-01-01 10:00:00.000'],
    ["CAST('2024-01-01 10:00:29.999' AS smalldatetime)", '2024-01-01 10:01:00.000'],
    ["CAST('Feb 3 2024 4:05PM' AS datetime)", '2024-02-03 16:05:00.000'],
    ["CAST('3 February 2024' AS date)", '2024-02-03'],
    ["CAST('10/12/2024' AS date)", '2024-10-12'],
    ["CAST('2 Oct 2024 10:30' AS datetime)", '2024-10-02 10:30:00.000'],
    ["CAST('10:30' AS datetime)", '1900-01-01 10:30:00.000'],
    ["CAST('2024-01-01T10:00:00.5+02:30' AS datetimeoffset(1))", '2024-01-01 10:00:00.5 +02:30'],
    ["CAST(CAST('2024-01-01T10:00:00+02:30' AS datetimeoffset) AS datetime2(0))", '2024-01-01 10:00:00'],
    ['CAST(0 AS datetime)', '1900-01-01 00:00:00.000'],
    ["CAST(CAST('1900-01-02 12:00' AS datetime) AS int)", '2'],
    ["CAST(CAST('2024-01-01 10:00:00.003' AS datetime) AS datetime2(7))", '2024-01-01 10:00:00.0033333'],
    ["TRY_CAST('x' AS int)", null],
    ["TRY_CONVERT(date, '2024-13-01')", null],
    ['CAST(NULL AS int)', null],
  ])('%s is %s', (sql, text) => {
    expect(textOf(sql)).toBe(text);
  });

  it.each([
    ["CAST('abc' AS int)", 245, "Conversion failed when converting the varchar value 'abc' to data type int."],
    ["CAST(N'1.5' AS int)", 245, "Conversion failed when converting the nvarchar value '1.5' to data type int."],
    ["CAST('99999999999' AS int)", 248, undefined],
    ["CAST('300' AS tinyint)", 244, undefined],
    ['CAST(300 AS tinyint)', 220, 'Arithmetic overflow error for data type tinyint, value = 300.'],
    ['CAST(3000000000 AS int)', 8115, 'Arithmetic overflow error converting numeric to data type int.'],
    ['CAST(3e9 AS int)', 232, 'Arithmetic overflow error for type int, value = 3000000000.000000.'],
    ['CAST(1000 AS decimal(3,0))', 8115, 'Arithmetic overflow error converting int to data type numeric.'],
    ['CAST(99.99 AS decimal(3,2))', 8115, 'Arithmetic overflow error converting numeric to data type numeric.'],
    ["CAST('x' AS decimal(9,2))", 8114, 'Error converting data type varchar to numeric.'],
    ["CAST('x' AS float)", 8114, 'Error converting data type varchar to float.'],
    ["CAST('x' AS bigint)", 8114, 'Error converting data type varchar to bigint.'],
    ["CAST('x' AS money)", 235, undefined],
    ["CAST('x' AS date)", 241, 'Conversion failed when converting date and/or time from character string.'],
    ["CAST('2024-02-30' AS date)", 241, undefined],
    [
      "CAST('2024-02-30' AS datetime)",
      242,
      'The conversion of a varchar data type to a datetime data type resulted in an out-of-range value.',
    ],
    ["CAST('1700-01-01' AS datetime)", 242, undefined],
    [
      "CAST(CAST('1700-01-01' AS datetime2) AS datetime)",
      242,
      'The conversion of a datetime2 data type to a datetime data type resulted in an out-of-range value.',
    ],
    ["CAST('2024-01-01 00:00:00.1234' AS datetime)", 241, undefined],
    ["CAST('x' AS uniqueidentifier)", 8169, undefined],
    ['CAST(NEWID() AS varchar(10))', 8170, undefined],
    ['CAST(12.5 AS varchar(2))', 8115, undefined],
    ['CAST(123 AS nvarchar(2))', 8115, undefined],
    ['CAST(1 AS date)', 529, 'Explicit conversion from data type int to date is not allowed.'],
    ['CAST(GETDATE() AS uniqueidentifier)', 529, undefined],
    ["CONVERT(varbinary(4), '0xABC', 1)", 8114, undefined],
    ['CONVERT(varchar(20), GETDATE(), 999)', 281, undefined],
  ])('%s is error %d', (sql, number, message) => {
    const error = errorOf(() => evaluate(sql));
    expect(error.number).toBe(number);
    if (message !== undefined) expect(error.message).toBe(message);
  });
});

describe('CONVERT styles', () => {
  const at = "CAST('2006-01-02 15:04:05.123' AS datetime)";
  it.each([
    [0, 'Jan  2 2006  3:04PM'],
    [1, '01/02/06'],
    [3, '02/01/06'],
    [8, '15:04:05'],
    [9, 'Jan  2 2006  3:04:05:123PM'],
    [13, '02 Jan 2006 15:04:05:123'],
    [20, '2006-01-02 15:04:05'],
    [23, '2006-01-02'],
    [101, '01/02/2006'],
    [103, '02/01/2006'],
    [104, '02.01.2006'],
    [107, 'Jan 02, 2006'],
    [111, '2006/01/02'],
    [112, '20060102'],
    [114, '15:04:05:123'],
    [120, '2006-01-02 15:04:05'],
    [121, '2006-01-02 15:04:05.123'],
    [126, '2006-01-02T15:04:05.123'],
  ])('datetime in style %d is %s', (style, text) => {
    expect(textOf(`CONVERT(varchar(40), ${at}, ${style})`)).toBe(text);
  });

  it.each([
    ["CONVERT(varchar(40), CAST('2006-01-02 15:04:05' AS datetime), 126)", '2006-01-02T15:04:05'],
    ["CONVERT(varchar(40), CAST('2006-01-02 15:04:05.1' AS datetime2(7)), 126)", '2006-01-02T15:04:05.1000000'],
    ["CONVERT(varchar(40), CAST('2006-01-02 15:04:05.1' AS datetime2(3)))", '2006-01-02 15:04:05.100'],
    ["CONVERT(varchar(10), CAST('2006-01-02 15:04:05.1' AS datetime2(3)), 120)", '2006-01-02'],
    ["CONVERT(varchar(40), CAST('2006-01-02T15:04:05+02:00' AS datetimeoffset(0)), 127)", '2006-01-02T13:04:05Z'],
    ["CONVERT(varchar(40), CAST('15:04:05.12' AS time(2)))", '15:04:05.12'],
    ['CONVERT(varchar(20), $1234567.8912, 1)', '1,234,567.89'],
    ['CONVERT(varchar(20), $1234567.8912, 2)', '1234567.8912'],
    ['CONVERT(varchar(30), 0.1e0, 3)', '1.0000000000000001e-001'],
    ['CONVERT(varchar(10), 0xABCD, 1)', '0xABCD'],
    ['CONVERT(varchar(10), 0xABCD, 2)', 'ABCD'],
    ["CONVERT(varbinary(4), 'ABCD', 2)", '0xABCD'],
    ["CONVERT(date, '31/12/2003', 103)", '2003-12-31'],
    ["CONVERT(datetime, '31.12.2003 10:00', 104)", '2003-12-31 10:00:00.000'],
  ])('%s is %s', (sql, text) => {
    expect(textOf(sql)).toBe(text);
  });
});

describe('implicit conversion', () => {
  it('refuses what needs CAST with 257 and what never converts with 206', () => {
    expect(errorOf(() => implicitConverter(varchar(5), varbinary(5))).number).toBe(257);
    expect(errorOf(() => implicitConverter({ k: 'datetime' }, INT)).number).toBe(257);
    expect(errorOf(() => implicitConverter(INT, DATE)).number).toBe(206);
    expect(errorOf(() => implicitConverter(GUID, INT)).number).toBe(206);
  });

  it('cuts text for variables and refuses to for columns', () => {
    expect(implicitConverter(varchar(10), varchar(3))('abcdef')).toBe('abc');
    const store = assigner(varchar(10), varchar(3), { table: 'db.dbo.T', column: 'C' });
    expect(store('abc   ')).toBe('abc');
    expect(errorOf(() => store('abcd'))).toMatchObject({
      number: 2628,
      message: "String or binary data would be truncated in table 'db.dbo.T', column 'C'. Truncated value: 'abc'.",
    });
  });

  it('rounds decimals into narrower columns', () => {
    expect(assigner(decimal(9, 4), decimal(9, 2), { table: 't', column: 'c' })(12345n)).toBe(123n);
  });
});
