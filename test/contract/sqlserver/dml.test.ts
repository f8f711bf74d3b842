import { type SqlCase, sqlCases } from './support/cases.ts';
import { useContractServer } from './support/server.ts';

const server = useContractServer();

const ITEMS = [
  'CREATE TABLE #t (id int NOT NULL PRIMARY KEY, name varchar(10) NULL, qty int NOT NULL DEFAULT 5)',
  "INSERT INTO #t (id, name, qty) VALUES (1, 'a', 10), (2, 'b', 20), (3, NULL, 30)",
];

const WRITES: readonly SqlCase[] = [
  {
    name: 'INSERT with several rows is one statement: one bad row and none is in',
    source: 'INSERT (Transact-SQL)',
    given: ITEMS,
    batch: "INSERT INTO #t (id, name) VALUES (4, 'd'), (1, 'again'), (5, 'e'); SELECT COUNT(*) FROM #t",
    errors: [2627],
    rows: [[3]],
  },
  {
    name: 'DEFAULT VALUES and the word DEFAULT take the default',
    source: 'INSERT (Transact-SQL)',
    given: ['CREATE TABLE #d (a int NOT NULL DEFAULT 7, b varchar(5) NULL)'],
    batch: "INSERT INTO #d DEFAULT VALUES; INSERT INTO #d (a, b) VALUES (DEFAULT, 'x'); SELECT a, b FROM #d ORDER BY b",
    rows: [
      [7, null],
      [7, 'x'],
    ],
  },
  {
    name: 'fewer values than columns is error 109, more is 110, no match with the table is 213',
    source: 'Database engine events and errors',
    given: ITEMS,
    batch: `BEGIN TRY EXEC('INSERT INTO #t (id, name) VALUES (9)') END TRY BEGIN CATCH SELECT ERROR_NUMBER() END CATCH;
      BEGIN TRY EXEC('INSERT INTO #t (id) VALUES (9, 1)') END TRY BEGIN CATCH SELECT ERROR_NUMBER() END CATCH;
      BEGIN TRY EXEC('INSERT INTO #t VALUES (9, 1)') END TRY BEGIN CATCH SELECT ERROR_NUMBER() END CATCH`,
    rows: [[109], [110], [213]],
  },
  {
    name: 'OUTPUT gives the new rows of INSERT in the order of the VALUES',
    source: 'OUTPUT clause (Transact-SQL)',
    given: ITEMS,
    batch: "INSERT INTO #t (id, name) OUTPUT inserted.id, inserted.qty VALUES (8, 'h'), (7, 'g')",
    rows: [
      [8, 5],
      [7, 5],
    ],
  },
  {
    name: 'OUTPUT of UPDATE gives old and new',
    source: 'OUTPUT clause (Transact-SQL)',
    given: ITEMS,
    batch: 'UPDATE #t SET qty += 1 OUTPUT deleted.qty, inserted.qty WHERE id = 1',
    rows: [[10, 11]],
  },
  {
    name: 'OUTPUT INTO of DELETE fills another table',
    source: 'OUTPUT clause (Transact-SQL)',
    given: [...ITEMS, 'CREATE TABLE #gone (id int, name varchar(10))'],
    batch: 'DELETE FROM #t OUTPUT deleted.id, deleted.name INTO #gone WHERE qty > 15; SELECT id FROM #gone ORDER BY id',
    rows: [[2], [3]],
  },
  {
    name: 'UPDATE sees the old values on all right-hand sides',
    source: 'UPDATE (Transact-SQL)',
    given: ['CREATE TABLE #s (a int, b int)', 'INSERT INTO #s VALUES (1, 2)'],
    batch: 'UPDATE #s SET a = b, b = a; SELECT a, b FROM #s',
    rows: [[2, 1]],
  },
  {
    name: 'UPDATE may set variables along, and the variable has the new value',
    source: 'UPDATE (Transact-SQL)',
    given: ITEMS,
    batch: 'DECLARE @n int = 0; UPDATE #t SET @n = qty = qty * 2 WHERE id = 2; SELECT @n, qty FROM #t WHERE id = 2',
    rows: [[40, 40]],
  },
  {
    name: 'UPDATE FROM joins other rows',
    source: 'UPDATE (Transact-SQL)',
    given: [...ITEMS, "CREATE TABLE #n (id int, name varchar(10)); INSERT INTO #n VALUES (1, 'x'), (3, 'z')"],
    batch: 'UPDATE t SET name = n.name FROM #t AS t JOIN #n AS n ON n.id = t.id; SELECT name FROM #t ORDER BY id',
    rows: [['x'], ['b'], ['z']],
  },
  {
    name: 'DELETE FROM a join deletes each row once',
    source: 'DELETE (Transact-SQL)',
    given: ITEMS,
    batch:
      'DELETE t FROM #t AS t JOIN (VALUES (1), (1), (2)) AS v(id) ON v.id = t.id; SELECT @@ROWCOUNT, COUNT(*) FROM #t',
    rows: [[2, 1]],
  },
  {
    name: 'UPDATE TOP and DELETE TOP touch so many rows',
    source: 'TOP (Transact-SQL)',
    given: ITEMS,
    batch: 'UPDATE TOP (2) #t SET qty = 0; DELETE TOP (1) FROM #t; SELECT COUNT(*) FROM #t',
    affected: [2, 1, 1],
    rows: [[2]],
  },
  {
    name: 'swapping unique keys in one statement is no violation',
    source: 'measured: constraints are checked at the end of a statement',
    given: ITEMS,
    batch: 'UPDATE #t SET id = CASE id WHEN 1 THEN 2 WHEN 2 THEN 1 ELSE id END; SELECT id, name FROM #t ORDER BY id',
    rows: [
      [1, 'b'],
      [2, 'a'],
      [3, null],
    ],
  },
  {
    name: 'SELECT INTO keeps names, types, nullability and identity',
    source: 'SELECT - INTO clause (Transact-SQL)',
    given: [
      'CREATE TABLE dbo.SRC (id int IDENTITY(5,2) NOT NULL, v decimal(9,3) NULL)',
      'INSERT INTO dbo.SRC (v) VALUES (1.5)',
    ],
    batch: `SELECT id, v, v * v AS w INTO dbo.DST FROM dbo.SRC;
      SELECT name, is_nullable, is_identity, precision, scale FROM sys.columns WHERE object_id = OBJECT_ID('dbo.DST') ORDER BY column_id`,
    rows: [
      ['id', false, true, 10, 0],
      ['v', true, false, 9, 3],
      ['w', true, false, 19, 6],
    ],
  },
  {
    name: 'TRUNCATE TABLE starts the identity again, DELETE does not',
    source: 'TRUNCATE TABLE (Transact-SQL)',
    given: ['CREATE TABLE dbo.TR (id int IDENTITY(3,1), v int)', 'INSERT INTO dbo.TR (v) VALUES (1), (2)'],
    batch: `DELETE FROM dbo.TR; INSERT INTO dbo.TR (v) VALUES (3); SELECT id FROM dbo.TR;
      TRUNCATE TABLE dbo.TR; INSERT INTO dbo.TR (v) VALUES (4); SELECT id FROM dbo.TR`,
    rows: [[5], [3]],
  },
];

const MERGES: readonly SqlCase[] = [
  {
    name: 'MERGE inserts, updates and deletes and says which by $action',
    source: 'MERGE (Transact-SQL)',
    given: ITEMS,
    batch: `DECLARE @done TABLE (act nvarchar(10), old int, new int);
      MERGE INTO #t AS t USING (VALUES (1, 'A'), (4, 'D')) AS s(id, name) ON s.id = t.id
      WHEN MATCHED THEN UPDATE SET name = s.name
      WHEN NOT MATCHED THEN INSERT (id, name) VALUES (s.id, s.name)
      WHEN NOT MATCHED BY SOURCE AND t.id = 3 THEN DELETE
      OUTPUT $action, deleted.id, inserted.id INTO @done;
      SELECT act, old, new FROM @done ORDER BY COALESCE(old, new)`,
    rows: [
      ['UPDATE', 1, 1],
      ['DELETE', 3, null],
      ['INSERT', null, 4],
    ],
  },
  {
    name: 'MERGE that meets a target row twice is error 8672 and changes nothing',
    source: 'MERGE (Transact-SQL)',
    given: ITEMS,
    batch: `MERGE #t AS t USING (VALUES (1, 'x'), (1, 'y')) AS s(id, name) ON s.id = t.id WHEN MATCHED THEN UPDATE SET name = s.name;
      SELECT name FROM #t WHERE id = 1`,
    errors: [8672],
    rows: [['a']],
  },
  {
    name: 'MERGE without its semicolon is error 10713',
    source: 'MERGE (Transact-SQL)',
    given: ITEMS,
    batch: 'MERGE #t AS t USING (SELECT 1 AS id) AS s ON s.id = t.id WHEN MATCHED THEN DELETE',
    errors: [10713],
  },
];

const IDENTITY: readonly SqlCase[] = [
  {
    name: 'SCOPE_IDENTITY, @@IDENTITY and IDENT_CURRENT differ behind a trigger',
    source: '@@IDENTITY; SCOPE_IDENTITY; IDENT_CURRENT (Transact-SQL)',
    given: [
      'CREATE TABLE dbo.IA (id int IDENTITY(1,1), v int); CREATE TABLE dbo.IB (id int IDENTITY(100,1), v int)',
      'CREATE TRIGGER dbo.IA_LOG ON dbo.IA AFTER INSERT AS INSERT INTO dbo.IB (v) SELECT v FROM inserted',
    ],
    batch: `INSERT INTO dbo.IA (v) VALUES (1);
      SELECT CONVERT(int, SCOPE_IDENTITY()), CONVERT(int, @@IDENTITY), CONVERT(int, IDENT_CURRENT('dbo.IA'))`,
    rows: [[1, 100, 1]],
  },
  {
    name: 'an identity value that was rolled back is not given again',
    source: 'CREATE TABLE (Transact-SQL) IDENTITY (Property)',
    given: ['CREATE TABLE dbo.IC (id int IDENTITY PRIMARY KEY, v int)'],
    batch: `BEGIN TRAN; INSERT INTO dbo.IC (v) VALUES (1); ROLLBACK; INSERT INTO dbo.IC (v) VALUES (2); SELECT id FROM dbo.IC`,
    rows: [[2]],
  },
  {
    name: 'a value for an identity column is error 544 unless IDENTITY_INSERT is on, then it moves the seed',
    source: 'SET IDENTITY_INSERT (Transact-SQL)',
    given: ['CREATE TABLE dbo.ID1 (id int IDENTITY, v int)'],
    batch: `INSERT INTO dbo.ID1 (id, v) VALUES (10, 1);
      SET IDENTITY_INSERT dbo.ID1 ON; INSERT INTO dbo.ID1 (id, v) VALUES (10, 1); SET IDENTITY_INSERT dbo.ID1 OFF;
      INSERT INTO dbo.ID1 (v) VALUES (2); SELECT id FROM dbo.ID1 ORDER BY id`,
    errors: [544],
    rows: [[10], [11]],
  },
  {
    name: 'IDENTITY_INSERT without a value is error 545',
    source: 'Database engine events and errors',
    given: ['CREATE TABLE dbo.ID2 (id int IDENTITY, v int)', 'SET IDENTITY_INSERT dbo.ID2 ON'],
    batch: 'INSERT INTO dbo.ID2 (v) VALUES (1)',
    errors: [545],
  },
  {
    name: 'an identity column cannot be updated',
    source: 'Database engine events and errors: 8102',
    given: ['CREATE TABLE dbo.ID3 (id int IDENTITY, v int)'],
    batch: 'UPDATE dbo.ID3 SET id = 1',
    errors: [8102],
  },
  {
    name: 'sequences go on over rollbacks and give ranges in order',
    source: 'CREATE SEQUENCE (Transact-SQL)',
    given: ['CREATE SEQUENCE dbo.SQ AS bigint START WITH 10 INCREMENT BY 5'],
    batch: 'BEGIN TRAN; SELECT NEXT VALUE FOR dbo.SQ; ROLLBACK; SELECT NEXT VALUE FOR dbo.SQ',
    rows: [['10'], ['15']],
  },
  {
    name: 'rowversion changes with each write, cannot be written, and grows',
    source: 'rowversion (Transact-SQL)',
    given: [
      'CREATE TABLE dbo.RV (id int PRIMARY KEY, v int, rv rowversion)',
      'INSERT INTO dbo.RV (id, v) VALUES (1, 1), (2, 2)',
    ],
    batch: `DECLARE @a binary(8) = (SELECT rv FROM dbo.RV WHERE id = 1); UPDATE dbo.RV SET v = v WHERE id = 1;
      SELECT IIF(rv > @a, 1, 0), IIF(rv = @@DBTS, 1, 0), DATALENGTH(rv) FROM dbo.RV WHERE id = 1`,
    rows: [[1, 1, 8]],
    after: { batch: 'INSERT INTO dbo.RV (id, v, rv) VALUES (3, 3, 0x01)', errors: [273] },
  },
];

sqlCases(server, 'INSERT, UPDATE, DELETE', WRITES);
sqlCases(server, 'MERGE', MERGES);
sqlCases(server, 'identity, sequences, rowversion', IDENTITY);
