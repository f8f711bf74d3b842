import { type SqlCase, sqlCases } from './support/cases.ts';
import { useContractServer } from './support/server.ts';

const server = useContractServer([
  'CREATE TABLE dbo.T (id int NOT NULL PRIMARY KEY, v int NOT NULL)',
  'INSERT INTO dbo.T VALUES (1, 1)',
]);

const COUNT = 'SELECT @@TRANCOUNT';

const NESTING: readonly SqlCase[] = [
  {
    name: 'BEGIN counts up, COMMIT counts down, ROLLBACK goes to zero',
    source: '@@TRANCOUNT (Transact-SQL)',
    batch: `BEGIN TRAN; BEGIN TRAN; ${COUNT}; COMMIT; ${COUNT}; BEGIN TRAN; ROLLBACK; ${COUNT}`,
    rows: [[2], [1], [0]],
  },
  {
    name: 'only the outermost COMMIT commits',
    source: 'BEGIN TRANSACTION (Transact-SQL)',
    batch: 'BEGIN TRAN; BEGIN TRAN; INSERT INTO dbo.T VALUES (2, 2); COMMIT; ROLLBACK; SELECT COUNT(*) FROM dbo.T',
    rows: [[1]],
  },
  {
    name: 'COMMIT and ROLLBACK without BEGIN are 3902 and 3903',
    source: 'MSSQLSERVER_3902; MSSQLSERVER_3903',
    batch: 'COMMIT; ROLLBACK; SELECT 1',
    errors: [3902, 3903],
    rows: [[1]],
  },
  {
    name: 'a savepoint takes back what came after it and keeps the transaction',
    source: 'SAVE TRANSACTION (Transact-SQL)',
    batch: `BEGIN TRAN; INSERT INTO dbo.T VALUES (2, 2); SAVE TRAN s; INSERT INTO dbo.T VALUES (3, 3); ROLLBACK TRAN s; ${COUNT};
      SELECT id FROM dbo.T ORDER BY id; ROLLBACK`,
    rows: [[1], [1], [2]],
  },
  {
    name: 'of two savepoints with one name the later is meant',
    source: 'SAVE TRANSACTION (Transact-SQL)',
    batch: `BEGIN TRAN; SAVE TRAN s; INSERT INTO dbo.T VALUES (2, 2); SAVE TRAN s; INSERT INTO dbo.T VALUES (3, 3); ROLLBACK TRAN s;
      SELECT COUNT(*) FROM dbo.T; ROLLBACK`,
    rows: [[2]],
  },
  {
    name: 'a savepoint that is not there is 6401 and rolls nothing back',
    source: 'ROLLBACK TRANSACTION (Transact-SQL)',
    batch: `BEGIN TRAN; ROLLBACK TRAN nowhere; ${COUNT}; ROLLBACK`,
    errors: [6401],
    rows: [[1]],
  },
  {
    name: 'SAVE without a transaction is 628',
    source: 'MSSQLSERVER_628',
    batch: 'SAVE TRAN s',
    errors: [628],
  },
  {
    name: 'ROLLBACK of the outermost name rolls back, COMMIT ignores names',
    source: 'BEGIN TRANSACTION (Transact-SQL)',
    batch: `BEGIN TRAN one; BEGIN TRAN two; COMMIT TRAN whatever; ROLLBACK TRAN one; ${COUNT}`,
    rows: [[0]],
  },
  {
    name: 'variables and table variables keep their values over a ROLLBACK, temporary tables do not',
    source: 'table (Transact-SQL): table variables in transactions',
    batch: `CREATE TABLE #x (v int); DECLARE @x TABLE (v int), @v int = 0; BEGIN TRAN; INSERT INTO #x VALUES (1); INSERT INTO @x VALUES (1); SET @v = 1; ROLLBACK;
      SELECT (SELECT COUNT(*) FROM #x), (SELECT COUNT(*) FROM @x), @v`,
    rows: [[0, 1, 1]],
  },
  {
    name: 'DDL rolls back too',
    source: 'Transactions (Transact-SQL)',
    batch: "BEGIN TRAN; CREATE TABLE dbo.NEWT (v int); ROLLBACK; SELECT OBJECT_ID('dbo.NEWT')",
    rows: [[null]],
  },
  {
    name: 'IMPLICIT_TRANSACTIONS opens one with the first access to a table',
    source: 'SET IMPLICIT_TRANSACTIONS (Transact-SQL)',
    batch: `SET IMPLICIT_TRANSACTIONS ON; ${COUNT}; DECLARE @n int = (SELECT COUNT(*) FROM dbo.T); ${COUNT}; ROLLBACK; SET IMPLICIT_TRANSACTIONS OFF`,
    rows: [[0], [1]],
  },
  {
    name: 'a procedure may roll back its caller, which is 266',
    source: 'ROLLBACK TRANSACTION (Transact-SQL); MSSQLSERVER_266',
    given: ['CREATE PROCEDURE dbo.Undo AS ROLLBACK'],
    batch: `BEGIN TRAN; EXEC dbo.Undo; ${COUNT}`,
    errors: [266],
    rows: [[0]],
  },
];

const SNAPSHOT: readonly SqlCase[] = [
  {
    name: 'SNAPSHOT is refused with 3952 until the database allows it',
    source: 'SET TRANSACTION ISOLATION LEVEL (Transact-SQL)',
    batch: 'SET TRANSACTION ISOLATION LEVEL SNAPSHOT; SELECT * FROM dbo.T',
    errors: [3952],
  },
  {
    name: 'a transaction that began otherwise cannot change to SNAPSHOT: 3951',
    source: 'SET TRANSACTION ISOLATION LEVEL (Transact-SQL)',
    given: ['ALTER DATABASE CURRENT SET ALLOW_SNAPSHOT_ISOLATION ON'],
    batch:
      'SET TRANSACTION ISOLATION LEVEL READ COMMITTED; BEGIN TRAN; SELECT COUNT(*) FROM dbo.T; SET TRANSACTION ISOLATION LEVEL SNAPSHOT; SELECT * FROM dbo.T',
    errors: [3951],
    after: { batch: 'IF @@TRANCOUNT > 0 ROLLBACK; SELECT @@TRANCOUNT', rows: [[0]] },
  },
  {
    name: 'a level set in a procedure ends with it',
    source: 'SET TRANSACTION ISOLATION LEVEL (Transact-SQL)',
    given: ['CREATE PROCEDURE dbo.Level AS SET TRANSACTION ISOLATION LEVEL SERIALIZABLE'],
    batch: 'EXEC dbo.Level; SELECT transaction_isolation_level FROM sys.dm_exec_sessions WHERE session_id = @@SPID',
    rows: [[2]],
  },
  {
    name: 'XACT_ABORT and NOCOUNT set in a procedure end with it',
    source: 'SET statements (Transact-SQL): considerations',
    given: [
      'CREATE PROCEDURE dbo.Sets AS SET XACT_ABORT ON; SET NOCOUNT ON; SELECT @@OPTIONS & 512, @@OPTIONS & 16384',
    ],
    batch: 'EXEC dbo.Sets; SELECT @@OPTIONS & 512, @@OPTIONS & 16384',
    rows: [
      [512, 16384],
      [0, 0],
    ],
  },
];

sqlCases(server, 'nesting and savepoints', NESTING);
sqlCases(server, 'isolation levels', SNAPSHOT);
