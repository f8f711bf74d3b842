import { expressionCases, type SqlCase, sqlCases } from './support/cases.ts';
import { useContractServer } from './support/server.ts';

const server = useContractServer();

const yes = (condition: string): string => `IIF(${condition}, 1, 0)`;

expressionCases(server, 'comparing text', 'Comparing strings; char and varchar (Transact-SQL); LIKE (Transact-SQL)', [
  [yes("'a' = 'a   '"), 1],
  [yes("'A' = 'a'"), 1],
  [yes("N'straße' = N'STRAßE'"), 1],
  [yes("'' = '   '"), 1],
  [yes("'abc ' LIKE 'abc'"), 1],
  [yes("N'abc ' LIKE N'abc'"), 0],
  [yes("'abc' LIKE 'abc '"), 0],
  [yes("'ABC' LIKE 'a%'"), 1],
  [yes("'a%b' LIKE 'a!%b' ESCAPE '!'"), 1],
  [yes("'axb' LIKE 'a!%b' ESCAPE '!'"), 0],
  [yes("'5%' LIKE '5[%]'"), 1],
  [yes("'b' LIKE '[a-c]'"), 1],
  [yes("'d' LIKE '[^a-c]'"), 1],
  [yes("'a_c' LIKE 'a_c'"), 1],
  [yes("'a' COLLATE Latin1_General_BIN2 = 'A'"), 0],
  [yes("'a' COLLATE SQL_Latin1_General_CP1_CS_AS = 'A'"), 0],
  [yes("'b' > 'A'"), 1],
]);

expressionCases(
  server,
  'lengths and padding',
  'LEN; DATALENGTH; char and varchar; binary and varbinary (Transact-SQL)',
  [
    ["LEN('a  ')", 1],
    ["LEN('  a')", 3],
    ["DATALENGTH('a  ')", 3],
    ["DATALENGTH(N'ab')", 4],
    ["DATALENGTH(CAST('a' AS char(5)))", 5],
    ["CAST('ab' AS char(4)) + '|'", 'ab  |'],
    ["CAST('abc' AS varchar(2))", 'ab'],
    ['CAST(0x0102 AS binary(4))', '0x01020000'],
    ['CAST(0x01020304 AS varbinary(2))', '0x0102'],
    ['CAST(258 AS binary(2))', '0x0102'],
    ['CAST(258 AS varbinary(8))', '0x00000102'],
    ["CAST('a' AS binary(3))", '0x610000'],
    ["CAST(N'a' AS varbinary(4))", '0x6100'],
    ['CAST(0x4142 AS varchar(5))', 'AB'],
    ['CONVERT(varchar(10), 0x41AF, 1)', '0x41AF'],
    ['CONVERT(varchar(10), 0x41AF, 2)', '41AF'],
    ["CONVERT(varbinary(4), '0x41AF', 1)", '0x41AF'],
    ['CONVERT(int, 0x0000000A)', 10],
    ['CAST(0xFF AS tinyint)', 255],
  ],
);

expressionCases(server, 'string functions', 'String functions (Transact-SQL)', [
  ["SUBSTRING('hello', 0, 3)", 'he'],
  ["SUBSTRING('hello', 4, 100)", 'lo'],
  ["LEFT('abc', 2) + RIGHT('abc', 1)", 'abc'],
  ["CHARINDEX('L', 'hello')", 3],
  ["CHARINDEX('l', 'hello', 4)", 4],
  ["CHARINDEX('', 'hello')", 0],
  ["PATINDEX('%[0-9]%', 'ab3')", 3],
  ["REPLACE('ABC', 'b', 'x')", 'AxC'],
  ["STUFF('abcdef', 2, 3, 'X')", 'aXef'],
  ["STUFF('abc', 4, 1, 'x')", null],
  ["REVERSE('abc')", 'cba'],
  ["REPLICATE('ab', 2)", 'abab'],
  ["REPLICATE('ab', -1)", null],
  ["'[' + SPACE(2) + ']'", '[  ]'],
  ["CONCAT(NULL, 'a', 1, CAST(1.50 AS money))", 'a11.50'],
  ["CONCAT_WS(',', 'a', NULL, 'b')", 'a,b'],
  ["TRIM('  a b ')", 'a b'],
  ["TRIM('x' FROM 'xxaxx')", 'a'],
  ["LTRIM('  a') + RTRIM('b  ')", 'ab'],
  ["TRANSLATE('2*[3+4]', '[]', '()')", '2*(3+4)'],
  ["UPPER('aé') + LOWER('AÉ')", 'AÉaé'],
  ["QUOTENAME('a]b')", '[a]]b]'],
  ["QUOTENAME('a''b', '''')", "'a''b'"],
  ["PARSENAME('srv.db.dbo.t', 3)", 'db'],
  ["ASCII('A')", 65],
  ["UNICODE(N'é')", 233],
  ['CHAR(65) + NCHAR(8364)', 'A€'],
  ["HASHBYTES('SHA2_256', 'a')", '0xCA978112CA1BBDCAFAC231B39A23DC4DA786EFF8147C4E72B9807785AFEE48BB'],
  ["HASHBYTES('MD5', 'a')", '0x0CC175B9C0F1B6A831C399E269772661'],
  ['ISJSON(\'{"a":1}\')', 1],
  ['JSON_VALUE(\'{"a":{"b":[1,2]}}\', \'$.a.b[1]\')', '2'],
  ["JSON_QUERY('{\"a\":[1,2]}', '$.a')", '[1,2]'],
  ["JSON_MODIFY('{\"a\":1}', '$.a', 2)", '{"a":2}'],
  ["JSON_VALUE('{\"a\":1}', 'lax $.b')", null],
]);

const TABLES: readonly SqlCase[] = [
  {
    name: 'STRING_SPLIT gives one row per part, empty ones too',
    source: 'STRING_SPLIT (Transact-SQL)',
    batch: "SELECT value FROM STRING_SPLIT('a,,b', ',')",
    rows: [['a'], [''], ['b']],
  },
  {
    name: 'STRING_AGG joins in the order asked for and leaves out NULL',
    source: 'STRING_AGG (Transact-SQL)',
    batch: "SELECT STRING_AGG(v, '-') WITHIN GROUP (ORDER BY v DESC) FROM (VALUES ('a'), (NULL), ('c'), ('b')) AS t(v)",
    rows: [['c-b-a']],
  },
  {
    name: 'OPENJSON without a schema gives key, value and type',
    source: 'OPENJSON (Transact-SQL)',
    batch: `SELECT [key], value, type FROM OPENJSON('{"s":"x","n":1.50,"b":true,"z":null,"a":[1],"o":{}}')`,
    rows: [
      ['s', 'x', 1],
      ['n', '1.50', 2],
      ['b', 'true', 3],
      ['z', null, 0],
      ['a', '[1]', 4],
      ['o', '{}', 5],
    ],
  },
  {
    name: 'OPENJSON WITH types its columns exactly and gives NULL for what is missing',
    source: 'OPENJSON (Transact-SQL)',
    batch: `SELECT id, CONVERT(varchar(40), price) AS price, name, raw FROM OPENJSON('[{"id":1,"price":12345678901234.5678,"d":{"n":"x"}},{"id":2,"d":{"n":"y"}}]')
      WITH (id int, price decimal(19,4), name nvarchar(10) '$.d.n', raw nvarchar(max) '$.d' AS JSON)`,
    rows: [
      [1, '12345678901234.5678', 'x', '{"n":"x"}'],
      [2, null, 'y', '{"n":"y"}'],
    ],
  },
  {
    name: 'OPENJSON of text that is no JSON is error 13609',
    source: 'JSON data in SQL Server: error 13609',
    batch: "SELECT * FROM OPENJSON('{a}')",
    errors: [13609],
  },
  {
    name: 'a strict path that is not there is error 13608',
    source: 'JSON path expressions',
    batch: `SELECT JSON_VALUE('{"a":1}', 'strict $.b')`,
    errors: [13608],
  },
  {
    name: 'FOR JSON PATH nests by dots and leaves out NULL',
    source: 'Format nested JSON output with PATH mode',
    batch: `SELECT 1 AS id, 'x' AS [d.name], NULL AS [d.gone], CAST(1.50 AS decimal(5,2)) AS price, CAST(1 AS bit) AS flag FOR JSON PATH`,
    rows: [['[{"id":1,"d":{"name":"x"},"price":1.50,"flag":true}]']],
  },
  {
    name: 'FOR JSON PATH with options keeps NULL and drops the array',
    source: 'Format query results as JSON with FOR JSON',
    batch: 'SELECT 1 AS id, CAST(NULL AS int) AS n FOR JSON PATH, INCLUDE_NULL_VALUES, WITHOUT_ARRAY_WRAPPER',
    rows: [['{"id":1,"n":null}']],
  },
  {
    name: 'two collations of columns in one comparison are error 468',
    source: 'Collation precedence',
    given: [
      'CREATE TABLE #c (a varchar(5) COLLATE Latin1_General_BIN2, b varchar(5) COLLATE SQL_Latin1_General_CP1_CI_AS)',
    ],
    batch: 'SELECT * FROM #c WHERE a = b',
    errors: [468],
  },
  {
    name: 'an ORDER BY of text ignores case and puts NULL first',
    source: 'SELECT - ORDER BY clause (Transact-SQL)',
    batch: "SELECT v FROM (VALUES ('b'), (NULL), ('A'), ('c')) AS t(v) ORDER BY v",
    rows: [[null], ['A'], ['b'], ['c']],
  },
  {
    name: 'GROUP BY and DISTINCT take texts that differ in case or trailing blanks for one',
    source: 'Windows collation sensitivities; char and varchar (Transact-SQL)',
    batch: "SELECT COUNT(*) FROM (SELECT DISTINCT v FROM (VALUES ('a'), ('A'), ('a '), ('b')) AS t(v)) AS d",
    rows: [[2]],
  },
];

sqlCases(server, 'text and tables', TABLES);
