import { expressionCases, failingExpressions } from './support/cases.ts';
import { useContractServer } from './support/server.ts';

const server = useContractServer();

/** '13,4': precision and scale of an expression, as the server types it. */
function typeOf(expression: string): string {
  const property = (name: string): string => `CONVERT(varchar(30), SQL_VARIANT_PROPERTY(${expression}, '${name}'))`;
  return `${property('Precision')} + ',' + ${property('Scale')}`;
}

const decimal = (p: number, s: number): string => `CAST(1 AS decimal(${p},${s}))`;

expressionCases(server, 'decimal types', 'Precision, scale, and length (Transact-SQL)', [
  [typeOf(`${decimal(10, 2)} + ${decimal(5, 4)}`), '13,4'],
  [typeOf(`${decimal(10, 2)} - ${decimal(10, 2)}`), '11,2'],
  [typeOf(`${decimal(10, 2)} * ${decimal(5, 4)}`), '16,6'],
  [typeOf(`${decimal(10, 2)} / ${decimal(5, 4)}`), '20,8'],
  [typeOf(`${decimal(5, 0)} / ${decimal(5, 0)}`), '11,6'],
  [typeOf(`${decimal(38, 10)} * ${decimal(38, 10)}`), '38,6'],
  [typeOf(`${decimal(38, 20)} / ${decimal(38, 20)}`), '38,6'],
  [typeOf(`${decimal(38, 10)} + ${decimal(38, 5)}`), '38,5'],
  [typeOf(`${decimal(20, 10)} * ${decimal(20, 10)}`), '38,17'],
  [typeOf(`${decimal(10, 2)} % ${decimal(5, 4)}`), '5,4'],
  [typeOf('1.10'), '3,2'],
  [typeOf('CAST(1 AS int) * 2.5'), '13,1'],
  [typeOf('CAST(1 AS money) * 2'), '19,4'],
]);

expressionCases(server, 'arithmetic', 'Arithmetic operators; Data type precedence (Transact-SQL)', [
  ['7 / 2', 3],
  ['-7 / 2', -3],
  ['-7 % 3', -1],
  ['2 + 3 * 4 - 1', 13],
  ['~5', -6],
  ['5 & 3 | 8', 9],
  ['5 ^ 3', 6],
  ['CONVERT(varchar(20), 2.0 / 3)', '0.666666'],
  ['CONVERT(varchar(20), 1 / 3.0)', '0.333333'],
  ['CONVERT(varchar(50), CAST(0.1 AS decimal(5,2)) + 0.125)', '0.225'],
  ["'1' + 1", 2],
  ["CONVERT(varchar(20), 1.5 + '1')", '2.5'],
  ['CONVERT(varchar(20), CAST(1 AS money) / CAST(3 AS money), 2)', '0.3333'],
  ['CONVERT(varchar(20), CAST(10 AS money) / 4, 2)', '2.5000'],
  ['CAST(1 AS bigint) * 2147483647', '2147483647'],
  ['CONVERT(varchar(30), CAST(2147483647 AS bigint) + 1)', '2147483648'],
  ['1 + NULL', null],
  ["'a' + NULL", null],
]);

expressionCases(server, 'rounding', 'ROUND; CAST and CONVERT (Transact-SQL): truncating and rounding results', [
  ['CONVERT(varchar(20), ROUND(123.456, 2))', '123.460'],
  ['CONVERT(varchar(20), ROUND(123.456, 1, 1))', '123.400'],
  ['CONVERT(varchar(20), ROUND(-2.5, 0))', '-3.0'],
  ['CONVERT(varchar(20), ROUND(150.75, -2))', '200.00'],
  ['ROUND(155, -1)', 160],
  ['CAST(1.9 AS int)', 1],
  ['CAST(-1.9 AS int)', -1],
  ['CONVERT(varchar(20), CAST(2.5 AS decimal(5,0)))', '3'],
  ['CONVERT(varchar(20), CAST(1.005 AS decimal(5,2)))', '1.01'],
  ['CONVERT(varchar(20), CAST(-1.005 AS decimal(5,2)))', '-1.01'],
  ["CONVERT(varchar(20), CAST('12.34565' AS money), 2)", '12.3457'],
  ['CAST(10.6496 AS int)', 10],
  ['CONVERT(varchar(20), CAST(10.3496847 AS money), 2)', '10.3497'],
  ['FLOOR(-1.5)', -2],
  ['CEILING(-1.5)', -1],
  ['CAST(CAST(2.7 AS float) AS int)', 2],
  ['CONVERT(varchar(20), CAST(CAST(2.675 AS float) AS decimal(5,1)))', '2.7'],
]);

expressionCases(server, 'numbers as text', 'CAST and CONVERT (Transact-SQL)', [
  ['CAST(12345 AS varchar(3))', '*'],
  ['CAST(1.0 AS varchar(10))', '1.0'],
  ['CAST(CAST(1 AS decimal(9,3)) AS varchar(10))', '1.000'],
  ['CONVERT(varchar(20), CAST(1234567.8910 AS money))', '1234567.89'],
  ['CONVERT(varchar(20), CAST(1234567.8910 AS money), 1)', '1,234,567.89'],
  ['CONVERT(varchar(20), CAST(1234567.8910 AS money), 2)', '1234567.8910'],
  ['CONVERT(varchar(20), CAST(-0.5 AS money), 2)', '-0.5000'],
  ['CAST(CAST(1234567 AS float) AS varchar(30))', '1.23457e+006'],
  ['CAST(CAST(123456 AS float) AS varchar(30))', '123456'],
  ['CAST(CAST(0.1 AS float) AS varchar(30))', '0.1'],
  ['CONVERT(varchar(30), CAST(1 AS float), 1)', '1.0000000e+000'],
  ['CONVERT(varchar(30), CAST(0.1 AS float), 2)', '1.000000000000000e-001'],
  ['STR(123.456, 6, 1)', ' 123.5'],
  ['STR(12345, 3)', '***'],
  ["FORMAT(1234.5, 'N2')", '1,234.50'],
  ["LEN(CAST(REPLICATE('a', 50) AS varchar))", 30],
]);

expressionCases(server, 'text as numbers', 'CAST and CONVERT (Transact-SQL)', [
  ["CAST(' 12 ' AS int)", 12],
  ["CAST('' AS int)", 0],
  ["CAST('-7' AS smallint)", -7],
  ["CONVERT(varchar(20), CAST('1,234.5' AS money), 2)", '1234.5000'],
  ["CONVERT(varchar(20), CAST('$5' AS money), 2)", '5.0000'],
  ["CAST('1e3' AS float)", 1000],
  ["CONVERT(varchar(20), CAST('  -1.50' AS decimal(9,3)))", '-1.500'],
  ["CAST('true' AS bit)", true],
  ["CAST('0' AS bit)", false],
  ['CAST(5 AS bit)', true],
  ["TRY_CAST('abc' AS int)", null],
  ["TRY_CONVERT(date, '2021-02-30')", null],
  ["ISNUMERIC('1e5')", 1],
  ["ISNUMERIC('1x')", 0],
]);

failingExpressions(
  server,
  'conversions that fail',
  'Database engine events and errors; CAST and CONVERT (Transact-SQL)',
  [
    ["CAST('abc' AS int)", 245],
    ["CAST('1.5' AS int)", 245],
    ["CAST('1,000' AS int)", 245],
    ["'a' + 1", 245],
    ["CASE WHEN 1 = 0 THEN 1 ELSE 'x' END", 245],
    ["CAST('abc' AS bit)", 245],
    ["CAST('99999999999' AS int)", 248],
    ["CAST('300' AS tinyint)", 244],
    ["CAST('40000' AS smallint)", 244],
    ["CAST('abc' AS bigint)", 8114],
    ["CAST('abc' AS decimal(5,2))", 8114],
    ["CAST('' AS decimal(5,2))", 8114],
    ["CAST('1e3' AS decimal(5,2))", 8114],
    ["CAST('abc' AS float)", 8114],
    ["CAST('abc' AS money)", 235],
    ['CAST(256 AS tinyint)', 220],
    ['CAST(-1 AS tinyint)', 220],
    ['CAST(70000 AS smallint)', 220],
    ['CAST(3000000000 AS int)', 8115],
    ['2147483647 + 1', 8115],
    ['CAST(1000 AS decimal(3,0))', 8115],
    ["CAST('1000' AS decimal(3,0))", 8115],
    ['CAST(123.45 AS varchar(3))', 8115],
    ['CAST(12345 AS nvarchar(3))', 8115],
    ['CAST(922337203685478 AS money)', 8115],
    ['ABS(CAST(-2147483648 AS int))', 8115],
    ['1 / 0', 8134],
    ['1 % 0', 8134],
    ['POWER(10, 10)', 232],
    ['CAST(1e10 AS int)', 232],
    ['CAST(1e10 AS decimal(5,0))', 8115],
    ['SQRT(-1)', 3623],
    ['LOG(0)', 3623],
    ["CAST('abc' AS datetime)", 241],
    ["CAST('2021-13-01' AS datetime)", 242],
    ["CAST('2021-02-30' AS date)", 241],
    ["CAST('1700-01-01' AS datetime)", 242],
    ["CAST('abc' AS uniqueidentifier)", 8169],
    ['CAST(1 AS date)', 529],
    ["CAST('2021-01-01' AS date) + 1", 206],
    ['CAST(GETDATE() AS uniqueidentifier)', 529],
  ],
);

expressionCases(server, 'types of mixed expressions', 'Data type precedence; ISNULL; COALESCE (Transact-SQL)', [
  ["ISNULL(CAST(NULL AS varchar(2)), 'abc')", 'ab'],
  ["COALESCE(CAST(NULL AS varchar(2)), 'abc')", 'abc'],
  ['CASE WHEN 1 = 1 THEN 1 ELSE 2.5 END * 1.0', 1],
  ["CONVERT(varchar(30), SQL_VARIANT_PROPERTY(N'a' + 'b', 'BaseType'))", 'nvarchar'],
  ["CONVERT(varchar(30), SQL_VARIANT_PROPERTY(1 + CAST(1 AS bigint), 'BaseType'))", 'bigint'],
  ["CONVERT(varchar(30), SQL_VARIANT_PROPERTY(CAST(1 AS tinyint) + CAST(1 AS smallint), 'BaseType'))", 'smallint'],
  ["CONVERT(varchar(30), SQL_VARIANT_PROPERTY(CAST(1 AS real) + 1.5, 'BaseType'))", 'real'],
  ["CONVERT(varchar(30), SQL_VARIANT_PROPERTY(GETDATE() + 1, 'BaseType'))", 'datetime'],
  ["IIF(NULL = NULL, 'yes', 'no')", 'no'],
  ["IIF(1 NOT IN (2, NULL), 'yes', 'no')", 'no'],
  ["IIF(1 IN (1, NULL), 'yes', 'no')", 'yes'],
  ["NULLIF('a', 'A ')", null],
  ["CHOOSE(2, 'a', 'b', 'c')", 'b'],
  ["CHOOSE(4, 'a', 'b', 'c')", null],
]);
