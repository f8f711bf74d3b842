import { expressionCases, failingExpressions } from './support/cases.ts';
import { useContractServer } from './support/server.ts';

const server = useContractServer();

const datetime = (text: string): string => `CONVERT(varchar(23), CAST('${text}' AS datetime), 121)`;
const day = (expression: string): string => `CONVERT(varchar(10), ${expression}, 23)`;

expressionCases(
  server,
  'datetime rounds to 1/300 s',
  'datetime (Transact-SQL): rounding of fractional second precision',
  [
    [datetime('2020-01-01 00:00:00.001'), '2020-01-01 00:00:00.000'],
    [datetime('2020-01-01 00:00:00.002'), '2020-01-01 00:00:00.003'],
    [datetime('2020-01-01 00:00:00.004'), '2020-01-01 00:00:00.003'],
    [datetime('2020-01-01 00:00:00.005'), '2020-01-01 00:00:00.007'],
    [datetime('2020-01-01 00:00:00.008'), '2020-01-01 00:00:00.007'],
    [datetime('2020-01-01 00:00:00.009'), '2020-01-01 00:00:00.010'],
    [datetime('2020-12-31 23:59:59.999'), '2021-01-01 00:00:00.000'],
    [datetime(''), '1900-01-01 00:00:00.000'],
    [datetime('20200102'), '2020-01-02 00:00:00.000'],
    [datetime('2020-01-02T03:04:05'), '2020-01-02 03:04:05.000'],
  ],
);

expressionCases(server, 'temporal conversions', 'smalldatetime; datetime2; datetimeoffset; time; date (Transact-SQL)', [
  ["CONVERT(varchar(19), CAST('2020-01-01 12:00:29.998' AS smalldatetime), 120)", '2020-01-01 12:00:00'],
  ["CONVERT(varchar(19), CAST('2020-01-01 12:00:29.999' AS smalldatetime), 120)", '2020-01-01 12:01:00'],
  ["CAST(CAST('2020-01-01 10:00:00.5' AS datetime2(0)) AS varchar(30))", '2020-01-01 10:00:01'],
  ["CAST(CAST('2020-01-01 10:00:00.1234567' AS datetime2(3)) AS varchar(30))", '2020-01-01 10:00:00.123'],
  ["CAST(CAST('2020-01-01 10:00:00.1234567' AS datetime2) AS varchar(30))", '2020-01-01 10:00:00.1234567'],
  [
    "CAST(CAST(CAST('2020-01-01 00:00:00.003' AS datetime) AS datetime2(7)) AS varchar(30))",
    '2020-01-01 00:00:00.0033333',
  ],
  ["CAST(CAST('2020-01-01 23:59:59.9999999' AS datetime2(6)) AS varchar(30))", '2020-01-02 00:00:00.000000'],
  ["CAST(CAST('10:11:12.1234567' AS time(4)) AS varchar(20))", '10:11:12.1235'],
  ["CAST(CAST('2020-01-01 10:00:00 +02:00' AS datetimeoffset(0)) AS varchar(40))", '2020-01-01 10:00:00 +02:00'],
  [
    "CAST(CAST(CAST('2020-01-01 10:00:00 +02:00' AS datetimeoffset) AS datetime2(0)) AS varchar(40))",
    '2020-01-01 10:00:00',
  ],
  [
    "IIF(CAST('2020-01-01 10:00:00 +02:00' AS datetimeoffset) = CAST('2020-01-01 08:00:00 +00:00' AS datetimeoffset), 1, 0)",
    1,
  ],
  [
    "CAST(SWITCHOFFSET(CAST('2020-01-01 10:00:00 +02:00' AS datetimeoffset(0)), '-05:00') AS varchar(40))",
    '2020-01-01 03:00:00 -05:00',
  ],
  [
    "CAST(TODATETIMEOFFSET(CAST('2020-01-01 10:00:00' AS datetime2(0)), 60) AS varchar(40))",
    '2020-01-01 10:00:00 +01:00',
  ],
  [
    "CAST(CAST('2020-06-01 12:00' AS datetime2(0)) AT TIME ZONE 'W. Europe Standard Time' AS varchar(40))",
    '2020-06-01 12:00:00 +02:00',
  ],
  [
    "CAST(DATEPART(TZOFFSET, CAST('2020-06-01 12:00' AS datetime) AT TIME ZONE 'W. Europe Standard Time') AS varchar(9))",
    '120',
  ],
  // SQL Server 2022: a name that AT TIME ZONE takes, and the zone of the server's own clock.
  [
    'CASE WHEN ABS(DATEDIFF(second, GETDATE() AT TIME ZONE CURRENT_TIMEZONE_ID(), SYSDATETIMEOFFSET())) < 5 THEN 1 ELSE 0 END',
    1,
  ],
  ["CONVERT(varchar(30), PARSE('2019-02-03' AS date), 23)", '2019-02-03'],
  ["CONVERT(varchar(30), PARSE('2019-01-01 00:00:00.1234567' AS datetime2), 121)", '2019-01-01 00:00:00.1234567'],
  ["CONVERT(varchar(30), TRY_PARSE('no date' AS date), 23)", null],
  ["CAST(CAST('2020-01-01 10:00' AS datetime) AS varchar(30))", 'Jan  1 2020 10:00AM'],
  ["CAST(CAST('2020-01-01' AS date) AS varchar(30))", '2020-01-01'],
  ["CONVERT(varchar(30), CAST('2020-01-01 10:00' AS datetime), 126)", '2020-01-01T10:00:00'],
  ["CONVERT(varchar(30), CAST('2020-01-01 10:00:00.120' AS datetime), 126)", '2020-01-01T10:00:00.120'],
  ["CONVERT(varchar(30), CAST('2020-12-31' AS datetime), 103)", '31/12/2020'],
  ["CONVERT(varchar(30), CAST('2020-12-31' AS datetime), 101)", '12/31/2020'],
  ["CONVERT(varchar(30), CAST('2020-12-31' AS datetime), 112)", '20201231'],
  ["CONVERT(varchar(30), CAST('2020-12-31 13:05' AS datetime), 108)", '13:05:00'],
  ["CONVERT(varchar(30), CAST('2020-12-31 13:05' AS datetime), 113)", '31 Dec 2020 13:05:00:000'],
  [day("CONVERT(date, '31/12/2020', 103)"), '2020-12-31'],
  ["CAST(CAST('2020-01-02' AS datetime) AS int)", 43830],
  [day('CAST(43830 AS datetime)'), '2020-01-02'],
  [day("CAST('2020-01-31' AS datetime) + 1"), '2020-02-01'],
]);

expressionCases(server, 'date functions', 'Date and time data types and functions (Transact-SQL)', [
  [day("DATEADD(month, 1, CAST('2020-01-31' AS date))"), '2020-02-29'],
  [day("DATEADD(year, -1, CAST('2020-02-29' AS date))"), '2019-02-28'],
  [day("DATEADD(quarter, 1, CAST('2020-11-30' AS date))"), '2021-02-28'],
  ["DATEDIFF(day, '2020-01-01T23:59:00', '2020-01-02T00:00:00')", 1],
  ["DATEDIFF(year, '2019-12-31', '2020-01-01')", 1],
  ["DATEDIFF(week, '2020-01-04', '2020-01-05')", 1],
  ["DATEDIFF(month, '2020-01-31', '2020-02-01')", 1],
  ["DATEDIFF(hour, '2020-01-01T00:59:59', '2020-01-01T01:00:00')", 1],
  ["DATEDIFF_BIG(millisecond, '1900-01-01', '2020-01-01')", '3786825600000'],
  ["DATEPART(iso_week, '2021-01-03')", 53],
  ["DATEPART(weekday, '2021-01-03')", 1],
  ["DATEPART(dayofyear, '2020-12-31')", 366],
  ["DATEPART(nanosecond, CAST('10:00:00.1234567' AS time))", 123456700],
  ["DATENAME(month, '2020-01-01')", 'January'],
  ["DATENAME(weekday, '2021-01-03')", 'Sunday'],
  [day("EOMONTH('2020-02-10')"), '2020-02-29'],
  [day("EOMONTH('2020-02-10', 1)"), '2020-03-31'],
  [day('DATEFROMPARTS(2020, 2, 29)'), '2020-02-29'],
  ['CAST(DATETIME2FROMPARTS(2020, 1, 2, 3, 4, 5, 6, 3) AS varchar(30))', '2020-01-02 03:04:05.006'],
  ["ISDATE('2020-02-30')", 0],
  ["ISDATE('2020-02-28')", 1],
  ["YEAR('2020-02-28') * 10000 + MONTH('2020-02-28') * 100 + DAY('2020-02-28')", 20200228],
]);

failingExpressions(server, 'dates that do not exist', 'Date and time data types and functions (Transact-SQL)', [
  ['DATEFROMPARTS(2021, 2, 29)', 289],
  ["DATEADD(year, 8000, CAST('2020-01-01' AS date))", 517],
  ["DATEDIFF(millisecond, '1900-01-01', '2020-01-01')", 535],
  ["DATEPART(hour, CAST('2020-01-01' AS date))", 9810],
  ["CONVERT(datetime, '31/12/2020', 101)", 242],
]);
