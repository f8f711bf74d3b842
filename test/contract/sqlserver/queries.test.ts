import { type SqlCase, sqlCases } from './support/cases.ts';
import { useContractServer } from './support/server.ts';

const server = useContractServer([
  'CREATE TABLE dbo.SALES (id int NOT NULL PRIMARY KEY, shop char(2) NOT NULL, amount decimal(9,2) NULL, g uniqueidentifier NULL)',
  `INSERT INTO dbo.SALES VALUES (1, 'A', 10, '01000000-0000-0000-0000-000000000000'), (2, 'A', 20, '00000000-0000-0000-0000-000000000001'),
    (3, 'B', 30, '00000000-0000-0000-0100-000000000000'), (4, 'B', NULL, '00000000-0001-0000-0000-000000000000'), (5, 'C', 20, NULL)`,
]);

const GROUPS: readonly SqlCase[] = [
  {
    name: 'aggregates leave NULL out, COUNT(*) does not',
    source: 'Aggregate functions (Transact-SQL)',
    batch: 'SELECT COUNT(*), COUNT(amount), SUM(amount), MIN(amount), COUNT(DISTINCT amount) FROM dbo.SALES',
    rows: [[5, 4, 80, 10, 3]],
  },
  {
    name: 'the average of int is int',
    source: 'AVG (Transact-SQL)',
    batch: 'SELECT AVG(v) FROM (VALUES (1), (2)) AS t(v)',
    rows: [[1]],
  },
  {
    name: 'no rows: SUM is NULL and COUNT is 0; with GROUP BY no row at all',
    source: 'Aggregate functions (Transact-SQL)',
    batch:
      'SELECT SUM(amount), COUNT(*) FROM dbo.SALES WHERE id > 9; SELECT SUM(amount) FROM dbo.SALES WHERE id > 9 GROUP BY shop',
    sets: [[[null, 0]], []],
  },
  {
    name: 'a sum of int that does not fit is 8115',
    source: 'SUM (Transact-SQL)',
    batch: 'SELECT SUM(v) FROM (VALUES (2147483647), (1)) AS t(v)',
    errors: [8115],
  },
  {
    name: 'a column outside GROUP BY is 8120',
    source: 'Database engine events and errors: 8120',
    batch: 'SELECT id, SUM(amount) FROM dbo.SALES GROUP BY shop',
    errors: [8120],
  },
  {
    name: 'HAVING picks groups',
    source: 'SELECT - HAVING (Transact-SQL)',
    batch: 'SELECT shop, COUNT(*) FROM dbo.SALES GROUP BY shop HAVING COUNT(*) > 1 ORDER BY shop DESC',
    rows: [
      ['B ', 2],
      ['A ', 2],
    ],
  },
  {
    name: 'an aggregate in WHERE is 147',
    source: 'Database engine events and errors: 147',
    batch: 'SELECT shop FROM dbo.SALES WHERE SUM(amount) > 1',
    errors: [147],
  },
];

const WINDOWS: readonly SqlCase[] = [
  {
    name: 'ROW_NUMBER, RANK, DENSE_RANK and NTILE',
    source: 'Ranking functions (Transact-SQL)',
    batch:
      'SELECT id, ROW_NUMBER() OVER (ORDER BY amount, id), RANK() OVER (ORDER BY amount), DENSE_RANK() OVER (ORDER BY amount), NTILE(2) OVER (ORDER BY amount, id) FROM dbo.SALES ORDER BY 2',
    rows: [
      [4, '1', '1', '1', '1'],
      [1, '2', '2', '2', '1'],
      [2, '3', '3', '3', '1'],
      [5, '4', '3', '3', '2'],
      [3, '5', '5', '4', '2'],
    ],
  },
  {
    name: 'a running sum goes to the peers by default, to the row with ROWS',
    source: 'SELECT - OVER clause (Transact-SQL)',
    batch:
      'SELECT id, SUM(amount) OVER (ORDER BY amount), SUM(amount) OVER (ORDER BY amount ROWS UNBOUNDED PRECEDING) FROM dbo.SALES WHERE amount IS NOT NULL ORDER BY amount, id',
    rows: [
      [1, 10, 10],
      [2, 50, 30],
      [5, 50, 50],
      [3, 80, 80],
    ],
  },
  {
    name: 'LAG, LEAD, FIRST_VALUE within partitions',
    source: 'Analytic functions (Transact-SQL)',
    batch:
      'SELECT id, LAG(id) OVER (PARTITION BY shop ORDER BY id), LEAD(id, 1, -1) OVER (PARTITION BY shop ORDER BY id), FIRST_VALUE(id) OVER (PARTITION BY shop ORDER BY id) FROM dbo.SALES ORDER BY id',
    rows: [
      [1, null, 2, 1],
      [2, 1, -1, 1],
      [3, null, 4, 3],
      [4, 3, -1, 3],
      [5, null, -1, 5],
    ],
  },
  {
    name: 'a window in WHERE is 4108',
    source: 'Database engine events and errors: 4108',
    batch: 'SELECT id FROM dbo.SALES WHERE ROW_NUMBER() OVER (ORDER BY id) = 1',
    errors: [4108],
  },
];

const SHAPES: readonly SqlCase[] = [
  {
    name: 'uniqueidentifiers are ordered from their last six bytes',
    source: 'Comparing GUID and uniqueidentifier values',
    batch: 'SELECT id FROM dbo.SALES WHERE g IS NOT NULL ORDER BY g',
    rows: [[1], [4], [3], [2]],
  },
  {
    name: 'OFFSET and FETCH page',
    source: 'SELECT - ORDER BY clause (Transact-SQL)',
    batch: 'SELECT id FROM dbo.SALES ORDER BY id OFFSET 1 ROWS FETCH NEXT 2 ROWS ONLY',
    rows: [[2], [3]],
  },
  {
    name: 'TOP WITH TIES gives the peers too',
    source: 'TOP (Transact-SQL)',
    batch: 'SELECT TOP (2) WITH TIES id FROM dbo.SALES WHERE amount IS NOT NULL ORDER BY amount',
    rows: [[1], [2], [5]],
  },
  {
    name: 'UNION drops duplicates and ALL keeps them; EXCEPT and INTERSECT take NULL as equal',
    source: 'Set operators (Transact-SQL)',
    batch:
      'SELECT 1 UNION SELECT 1; SELECT 1 UNION ALL SELECT 1; SELECT NULL INTERSECT SELECT NULL; SELECT NULL EXCEPT SELECT NULL',
    sets: [[[1]], [[1], [1]], [[null]], []],
  },
  {
    name: 'a different number of columns is 205',
    source: 'Database engine events and errors: 205',
    batch: 'SELECT 1, 2 UNION SELECT 1',
    errors: [205],
  },
  {
    name: 'recursion with a common table expression, up to 100 levels: 530',
    source: 'WITH common_table_expression (Transact-SQL)',
    batch:
      'WITH n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 5) SELECT SUM(i) FROM n; WITH n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n) SELECT MAX(i) FROM n',
    rows: [[15]],
    errors: [530],
  },
  {
    name: 'a subquery with two rows in a scalar place is 512',
    source: 'Database engine events and errors: 512',
    batch: 'SELECT (SELECT id FROM dbo.SALES)',
    errors: [512],
  },
  {
    name: 'NOT IN with a NULL finds nothing, NOT EXISTS does',
    source: 'IN (Transact-SQL)',
    batch:
      'SELECT COUNT(*) FROM dbo.SALES WHERE 99 NOT IN (SELECT amount FROM dbo.SALES); SELECT COUNT(*) FROM dbo.SALES AS s WHERE NOT EXISTS (SELECT 1 FROM dbo.SALES AS t WHERE t.amount = 99)',
    rows: [[0], [5]],
  },
  {
    name: 'FULL JOIN keeps both sides',
    source: 'FROM (Transact-SQL)',
    batch:
      'SELECT a.v, b.v FROM (VALUES (1), (2)) AS a(v) FULL JOIN (VALUES (2), (3)) AS b(v) ON a.v = b.v ORDER BY COALESCE(a.v, b.v)',
    rows: [
      [1, null],
      [2, 2],
      [null, 3],
    ],
  },
  {
    name: 'CROSS APPLY sees the row before it',
    source: 'FROM (Transact-SQL)',
    batch:
      'SELECT s.shop, t.id FROM (SELECT DISTINCT shop FROM dbo.SALES) AS s CROSS APPLY (SELECT TOP (1) id FROM dbo.SALES WHERE shop = s.shop ORDER BY id DESC) AS t ORDER BY 1',
    rows: [
      ['A ', 2],
      ['B ', 4],
      ['C ', 5],
    ],
  },
  {
    name: 'an ambiguous column is 209, an unknown one 207, an unknown prefix 4104',
    source: 'Database engine events and errors',
    batch: `BEGIN TRY EXEC('SELECT id FROM dbo.SALES AS a JOIN dbo.SALES AS b ON a.id = b.id') END TRY BEGIN CATCH SELECT ERROR_NUMBER() END CATCH;
      BEGIN TRY EXEC('SELECT nope FROM dbo.SALES') END TRY BEGIN CATCH SELECT ERROR_NUMBER() END CATCH; BEGIN TRY EXEC('SELECT x.id FROM dbo.SALES') END TRY BEGIN CATCH SELECT ERROR_NUMBER() END CATCH`,
    rows: [[209], [207], [4104]],
  },
  {
    name: 'EXISTS does not care what is selected',
    source: 'EXISTS (Transact-SQL)',
    batch: 'SELECT IIF(EXISTS (SELECT NULL), 1, 0)',
    rows: [[1]],
  },
  {
    name: 'SELECT @v = column keeps the last row, and its value when there is none',
    source: 'SELECT @local_variable (Transact-SQL)',
    batch:
      'DECLARE @v int = 7; SELECT @v = id FROM dbo.SALES WHERE id > 99; SELECT @v; SET @v = (SELECT id FROM dbo.SALES WHERE id > 99); SELECT @v',
    rows: [[7], [null]],
  },
  {
    name: 'variables in text: += and COALESCE',
    source: '+= (String concatenation assignment)',
    batch: "DECLARE @s varchar(20) = ''; SELECT @s += RTRIM(shop) FROM dbo.SALES; SELECT LEN(@s)",
    rows: [[5]],
  },
  {
    name: 'SET ROWCOUNT limits',
    source: 'SET ROWCOUNT (Transact-SQL)',
    batch: 'SET ROWCOUNT 2; SELECT id FROM dbo.SALES ORDER BY id; SET ROWCOUNT 0',
    rows: [[1], [2]],
  },
  {
    name: 'NOCOUNT hides the counts',
    source: 'SET NOCOUNT (Transact-SQL)',
    batch: 'SET NOCOUNT ON; UPDATE dbo.SALES SET id = id',
    affected: [],
  },
  {
    name: 'WHILE, BREAK and CONTINUE',
    source: 'WHILE (Transact-SQL)',
    batch:
      'DECLARE @i int = 0, @n int = 0; WHILE 1 = 1 BEGIN SET @i += 1; IF @i > 10 BREAK; IF @i % 2 = 0 CONTINUE; SET @n += @i END; SELECT @n',
    rows: [[25]],
  },
];

sqlCases(server, 'groups', GROUPS);
sqlCases(server, 'windows', WINDOWS);
sqlCases(server, 'shapes of queries', SHAPES);
