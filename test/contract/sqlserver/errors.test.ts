import { type SqlCase, sqlCases } from './support/cases.ts';
import { useContractServer } from './support/server.ts';

const server = useContractServer([
  'CREATE TABLE dbo.T (id int NOT NULL CONSTRAINT PK_T PRIMARY KEY, v int NOT NULL)',
  'INSERT INTO dbo.T VALUES (1, 1)',
  'CREATE PROCEDURE dbo.TwoInserts AS BEGIN INSERT INTO dbo.T VALUES (1, 1); INSERT INTO dbo.T VALUES (2, 2); RETURN 5 END',
  'CREATE PROCEDURE dbo.OpensTran AS BEGIN TRAN',
  "CREATE PROCEDURE dbo.Thrower AS THROW 50404, 'not there', 7",
  'CREATE PROCEDURE dbo.Missing AS SELECT * FROM dbo.NOT_THERE',
]);

const XACT = 'SELECT XACT_STATE(), @@TRANCOUNT';

const CONTINUE: readonly SqlCase[] = [
  {
    name: 'a duplicate key ends only its statement',
    source: 'SET XACT_ABORT (Transact-SQL)',
    batch: "INSERT INTO dbo.T VALUES (1, 1); SELECT @@ERROR; SELECT 'on'",
    errors: [2627],
    rows: [[2627], ['on']],
  },
  {
    name: 'and leaves the transaction usable',
    source: 'SET XACT_ABORT (Transact-SQL)',
    batch: `BEGIN TRAN; INSERT INTO dbo.T VALUES (3, 3); INSERT INTO dbo.T VALUES (1, 1); ${XACT}; ROLLBACK`,
    errors: [2627],
    rows: [[1, 1]],
  },
  {
    name: 'a procedure goes on after it, and returns what it says',
    source: 'SET XACT_ABORT (Transact-SQL)',
    batch: 'BEGIN TRAN; DECLARE @rc int; EXEC @rc = dbo.TwoInserts; SELECT @rc, COUNT(*) FROM dbo.T; ROLLBACK',
    errors: [2627],
    rows: [[5, 2]],
  },
  {
    name: 'division by zero ends only its statement',
    source: 'SET ARITHABORT; SET ANSI_WARNINGS (Transact-SQL)',
    batch: "DECLARE @x int; SELECT @x = 1 / 0; SELECT @@ERROR, @x; SELECT 'on'",
    errors: [8134],
    rows: [[8134, null], ['on']],
  },
  {
    name: 'a conversion error ends the batch',
    source: 'measured: 245 is batch-aborting',
    batch: "SELECT 'before'; SELECT CAST('x' AS int); SELECT 'after'",
    errors: [245],
    rows: [['before']],
  },
  {
    name: 'and rolls back the transaction',
    source: 'measured: 245 is batch-aborting',
    batch: "BEGIN TRAN; INSERT INTO dbo.T VALUES (4, 4); DECLARE @x int = 'x'; SELECT 'never'",
    errors: [245],
    rows: [],
    after: { batch: 'SELECT @@TRANCOUNT, (SELECT COUNT(*) FROM dbo.T WHERE id = 4)', rows: [[0, 0]] },
  },
  {
    name: 'a table that is not there ends the batch but not the transaction',
    source: 'measured: 208 is batch-aborting',
    given: ['BEGIN TRAN'],
    batch: "SELECT 'before'; SELECT * FROM dbo.NOT_THERE; SELECT 'after'",
    errors: [208],
    rows: [['before']],
    text: "Invalid object name 'dbo.NOT_THERE'.",
    after: { batch: 'SELECT @@TRANCOUNT; ROLLBACK', rows: [[1]] },
  },
  {
    name: 'a procedure that is not there ends only its statement',
    source: 'measured: 2812 is statement-terminating',
    batch: "EXEC dbo.NO_SUCH; SELECT 'after'",
    errors: [2812],
    rows: [['after']],
    text: "Could not find stored procedure 'dbo.NO_SUCH'.",
  },
  {
    name: 'a syntax error runs nothing of the batch',
    source: 'Batches of SQL statements',
    batch: "SELECT 'before'; SELEC 1 FROM",
    errors: [102],
    rows: [],
  },
  {
    name: 'RAISERROR of severity 16 ends nothing, not even with XACT_ABORT',
    source: 'RAISERROR (Transact-SQL)',
    batch:
      "SET XACT_ABORT ON; BEGIN TRAN; RAISERROR('oops %d %s', 16, 3, 42, 'x'); SELECT @@ERROR; SELECT @@TRANCOUNT; ROLLBACK",
    errors: [50000],
    text: 'oops 42 x',
    rows: [[50000], [1]],
  },
  {
    name: 'RAISERROR of severity 10 is a message',
    source: 'RAISERROR (Transact-SQL)',
    batch: "RAISERROR('note', 10, 1); SELECT @@ERROR; PRINT 'p'",
    rows: [[0]],
    messages: ['note', 'p'],
  },
  {
    name: 'THROW outside TRY ends the batch',
    source: 'THROW (Transact-SQL)',
    batch: "SELECT 'before'; THROW 50001, 'mine', 2; SELECT 'after'",
    errors: [50001],
    text: 'mine',
    rows: [['before']],
  },
  {
    name: 'THROW under a number of 50000 is error 35100',
    source: 'THROW (Transact-SQL)',
    batch: "THROW 40000, 'x', 1",
    errors: [35100],
  },
];

const ABORT: readonly SqlCase[] = [
  {
    name: 'with XACT_ABORT any run-time error ends the batch',
    source: 'SET XACT_ABORT (Transact-SQL)',
    batch: "SET XACT_ABORT ON; BEGIN TRAN; INSERT INTO dbo.T VALUES (1, 1); SELECT 'never'",
    errors: [2627],
    rows: [],
    after: { batch: 'SELECT @@TRANCOUNT', rows: [[0]] },
  },
  {
    name: 'and rolls the transaction back',
    source: 'SET XACT_ABORT (Transact-SQL)',
    batch: 'SET XACT_ABORT ON; BEGIN TRAN; INSERT INTO dbo.T VALUES (8, 8); SELECT 1 / 0',
    errors: [8134],
    after: { batch: 'SELECT @@TRANCOUNT, (SELECT COUNT(*) FROM dbo.T WHERE id = 8)', rows: [[0, 0]] },
  },
  {
    name: 'XACT_ABORT and TRY leave a doomed transaction: writes are 3930',
    source: 'XACT_STATE; TRY...CATCH (Transact-SQL): uncommittable transactions',
    batch: `SET XACT_ABORT ON; BEGIN TRY BEGIN TRAN; INSERT INTO dbo.T VALUES (1, 1) END TRY BEGIN CATCH ${XACT};
      BEGIN TRY UPDATE dbo.T SET v = 2 END TRY BEGIN CATCH SELECT ERROR_NUMBER() END CATCH;
      SELECT v FROM dbo.T; ROLLBACK; ${XACT} END CATCH`,
    rows: [[-1, 1], [3930], [1], [0, 0]],
  },
  {
    name: 'a doomed transaction cannot be committed',
    source: 'TRY...CATCH (Transact-SQL): uncommittable transactions',
    batch: `SET XACT_ABORT ON; BEGIN TRY BEGIN TRAN; SELECT 1 / 0 END TRY BEGIN CATCH
      BEGIN TRY COMMIT END TRY BEGIN CATCH SELECT ERROR_NUMBER() END CATCH; ROLLBACK END CATCH`,
    rows: [[3930]],
  },
  {
    name: 'nor rolled back to a savepoint',
    source: 'SAVE TRANSACTION (Transact-SQL)',
    batch: `SET XACT_ABORT ON; BEGIN TRY BEGIN TRAN; SAVE TRAN s; SELECT 1 / 0 END TRY BEGIN CATCH
      BEGIN TRY ROLLBACK TRAN s END TRY BEGIN CATCH SELECT ERROR_NUMBER() END CATCH; ROLLBACK END CATCH`,
    rows: [[3931]],
  },
  {
    name: 'a batch that ends doomed is rolled back with 3998',
    source: 'TRY...CATCH (Transact-SQL): uncommittable transactions',
    batch: `SET XACT_ABORT ON; BEGIN TRAN; BEGIN TRY INSERT INTO dbo.T VALUES (1, 1) END TRY BEGIN CATCH PRINT 'caught' END CATCH`,
    errors: [3998],
    messages: ['caught'],
  },
  {
    name: 'without XACT_ABORT a caught 2627 leaves it committable',
    source: 'XACT_STATE (Transact-SQL)',
    batch: `BEGIN TRY BEGIN TRAN; INSERT INTO dbo.T VALUES (1, 1) END TRY BEGIN CATCH ${XACT}; ROLLBACK END CATCH`,
    rows: [[1, 1]],
  },
  {
    name: 'but a caught conversion error dooms it',
    source: 'measured: 245 in TRY gives XACT_STATE -1',
    batch: `BEGIN TRY BEGIN TRAN; DECLARE @x int = 'x' END TRY BEGIN CATCH ${XACT}; ROLLBACK END CATCH`,
    rows: [[-1, 1]],
  },
  {
    name: 'THROW in TRY with XACT_ABORT dooms it, without it does not',
    source: 'THROW (Transact-SQL); SET XACT_ABORT (Transact-SQL)',
    batch: `BEGIN TRY BEGIN TRAN; EXEC dbo.Thrower END TRY BEGIN CATCH ${XACT}; ROLLBACK END CATCH;
      SET XACT_ABORT ON; BEGIN TRY BEGIN TRAN; EXEC dbo.Thrower END TRY BEGIN CATCH ${XACT}; ROLLBACK END CATCH`,
    rows: [
      [1, 1],
      [-1, 1],
    ],
  },
  {
    name: 'a transaction that a procedure leaves open is 266',
    source: 'MSSQLSERVER_266',
    batch: 'EXEC dbo.OpensTran; SELECT @@TRANCOUNT; ROLLBACK',
    errors: [266],
    rows: [[1]],
    text: 'Transaction count after EXECUTE indicates a mismatching number of BEGIN and COMMIT statements. Previous count = 0, current count = 1.',
  },
];

const CATCHING: readonly SqlCase[] = [
  {
    name: 'CATCH knows number, severity, state, procedure, line and text',
    source: 'ERROR_NUMBER … ERROR_MESSAGE (Transact-SQL)',
    batch: `BEGIN TRY EXEC dbo.Thrower END TRY BEGIN CATCH
      SELECT ERROR_NUMBER(), ERROR_SEVERITY(), ERROR_STATE(), RIGHT(ERROR_PROCEDURE(), 7), ERROR_LINE(), ERROR_MESSAGE() END CATCH; SELECT ERROR_NUMBER()`,
    rows: [[50404, 16, 7, 'Thrower', 1, 'not there'], [null]],
  },
  {
    name: 'a bare THROW sends the caught error on, number and all',
    source: 'THROW (Transact-SQL)',
    batch: "BEGIN TRY INSERT INTO dbo.T VALUES (1, 1) END TRY BEGIN CATCH THROW END CATCH; SELECT 'after'",
    errors: [2627],
    rows: [],
  },
  {
    name: 'a bare THROW outside CATCH is error 10704',
    source: 'THROW (Transact-SQL)',
    batch: 'THROW',
    errors: [10704],
  },
  {
    name: 'TRY does not see a missing table of its own level, but that of a procedure',
    source: 'TRY...CATCH (Transact-SQL): errors unaffected by TRY...CATCH',
    batch: `BEGIN TRY EXEC dbo.Missing END TRY BEGIN CATCH SELECT ERROR_NUMBER() END CATCH;
      BEGIN TRY SELECT * FROM dbo.NOT_THERE END TRY BEGIN CATCH SELECT 'no' END CATCH`,
    rows: [[208]],
    errors: [208],
  },
  {
    name: 'errors in CATCH go to the TRY around it',
    source: 'TRY...CATCH (Transact-SQL): nested',
    batch: `BEGIN TRY BEGIN TRY SELECT 1 / 0 END TRY BEGIN CATCH SELECT CAST('x' AS int) END CATCH END TRY
      BEGIN CATCH SELECT ERROR_NUMBER() END CATCH`,
    rows: [[245]],
  },
  {
    name: 'XACT_ABORT does not reach a THROW that is caught outside a transaction',
    source: 'THROW (Transact-SQL)',
    batch: `SET XACT_ABORT ON; BEGIN TRY EXEC dbo.Thrower END TRY BEGIN CATCH ${XACT} END CATCH`,
    rows: [[0, 0]],
  },
  {
    name: '@@ERROR and @@ROWCOUNT are of the statement before',
    source: '@@ERROR; @@ROWCOUNT (Transact-SQL)',
    batch:
      'DECLARE @n int; SELECT @n = v FROM (VALUES (1), (2), (3)) AS t(v); SELECT @@ROWCOUNT; IF 1 = 1 SELECT @@ROWCOUNT; SET @n = 1; SELECT @@ROWCOUNT',
    rows: [[3], [0], [1]],
  },
];

sqlCases(server, 'errors that end a statement or a batch', CONTINUE);
sqlCases(server, 'XACT_ABORT and doomed transactions', ABORT);
sqlCases(server, 'TRY and CATCH', CATCHING);
