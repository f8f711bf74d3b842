import { afterEach, beforeEach, expect, test } from 'vitest';
import { type EngineClient, type EngineUnderTest, startEngine } from '#test/support/standinEngine.ts';

let engine: EngineUnderTest;
let db: EngineClient;

beforeEach(async () => {
  engine = startEngine();
  db = await engine.connect();
  await db.run(`CREATE TABLE dbo.PARENT (ID int NOT NULL PRIMARY KEY);
    CREATE TABLE dbo.ITEM (ID int NOT NULL PRIMARY KEY, NAME varchar(5) NOT NULL UNIQUE, QTY int NULL CHECK (QTY >= 0),
      PARENT int NULL REFERENCES dbo.PARENT (ID));
    INSERT dbo.PARENT VALUES (1); INSERT dbo.ITEM VALUES (1, 'one', 1, 1)`);
});
afterEach(() => engine.close());

async function numbers(sql: string): Promise<number[]> {
  return (await db.run(sql)).errors.map((error) => error.number);
}

test.each([
  [2627, "INSERT dbo.ITEM VALUES (1, 'two', 1, 1)"],
  [2627, "INSERT dbo.ITEM VALUES (2, 'ONE', 1, 1)"],
  [515, 'INSERT dbo.ITEM VALUES (2, NULL, 1, 1)'],
  [547, "INSERT dbo.ITEM VALUES (2, 'two', -1, 1)"],
  [547, "INSERT dbo.ITEM VALUES (2, 'two', 1, 9)"],
  [547, 'DELETE dbo.PARENT'],
  [2628, "INSERT dbo.ITEM VALUES (2, 'longer', 1, 1)"],
  [8134, 'UPDATE dbo.ITEM SET QTY = 1 / 0'],
  [8115, 'UPDATE dbo.ITEM SET QTY = CAST(99999999999 AS bigint)'],
])('error %i ends its statement alone: the next one runs', async (number, statement) => {
  const answer = await db.run(`${statement}; SELECT @@ERROR AS E, COUNT(*) AS N FROM dbo.ITEM`);
  expect(answer.errors.map((error) => error.number)).toEqual([number]);
  expect(answer.results.at(-1)).toEqual([{ E: number, N: 1 }]);
});

test('a failed statement leaves nothing behind, and the transaction goes on', async () => {
  const answer = await db.run(`BEGIN TRAN; INSERT dbo.ITEM VALUES (2, 'two', 1, 1);
    INSERT dbo.ITEM VALUES (3, 'three', 1, 1), (4, 'two', 1, 1); COMMIT; SELECT ID FROM dbo.ITEM`);
  expect(answer.errors.map((error) => error.number)).toEqual([2627]);
  expect(answer.results.at(-1)).toEqual([{ ID: 1 }, { ID: 2 }]);
});

test('XACT_ABORT rolls back and ends the batch', async () => {
  const answer = await db.run(`SET XACT_ABORT ON; BEGIN TRAN; INSERT dbo.ITEM VALUES (2, 'two', 1, 1);
    INSERT dbo.ITEM VALUES (1, 'x', 1, 1); SELECT 'not reached' AS X`);
  expect(answer.errors.map((error) => error.number)).toEqual([2627]);
  expect(answer.results).toEqual([]);
  expect(await db.rows('SELECT @@TRANCOUNT AS T, (SELECT COUNT(*) FROM dbo.ITEM) AS N')).toEqual([{ T: 0, N: 1 }]);
});

test('a conversion error ends the batch and rolls back whatever XACT_ABORT says', async () => {
  const answer = await db.run(`BEGIN TRAN; INSERT dbo.ITEM VALUES (2, 'two', 1, 1);
    UPDATE dbo.ITEM SET QTY = 'abc'; SELECT 'not reached' AS X`);
  expect(answer.errors.map((error) => error.number)).toEqual([245]);
  expect(answer.results).toEqual([]);
  expect(await db.rows('SELECT @@TRANCOUNT AS T, (SELECT COUNT(*) FROM dbo.ITEM) AS N')).toEqual([{ T: 0, N: 1 }]);
});

test('THROW ends the batch but not the transaction; RAISERROR does neither, and heeds no XACT_ABORT', async () => {
  const thrown = await db.run("BEGIN TRAN; THROW 50001, 'stop', 7; SELECT 'not reached' AS X");
  expect(thrown.errors[0]).toMatchObject({ number: 50001, text: 'stop', severity: 16, state: 7 });
  expect(thrown.results).toEqual([]);
  expect(await db.rows('SELECT @@TRANCOUNT AS T')).toEqual([{ T: 1 }]);
  const raised = await db.run("SET XACT_ABORT ON; RAISERROR('%s is %d', 16, 3, 'x', 5); SELECT @@TRANCOUNT AS T");
  expect(raised.errors[0]).toMatchObject({ number: 50000, text: 'x is 5', severity: 16, state: 3 });
  expect(raised.results).toEqual([[{ T: 1 }]]);
});

test('CATCH knows the error, and a bare THROW raises it again', async () => {
  const answer = await db.run(`BEGIN TRY
      INSERT dbo.ITEM VALUES (1, 'x', 1, 1);
      SELECT 'not reached' AS X;
    END TRY
    BEGIN CATCH
      SELECT ERROR_NUMBER() AS N, ERROR_SEVERITY() AS S, ERROR_LINE() AS L, XACT_STATE() AS X;
      THROW;
    END CATCH
    SELECT 'not reached' AS X`);
  expect(answer.results).toEqual([[{ N: 2627, S: 14, L: 2, X: 0 }]]);
  expect(answer.errors.map((error) => error.number)).toEqual([2627]);
});

test('under XACT_ABORT an error inside TRY dooms the transaction: only ROLLBACK is left (3930)', async () => {
  const answer = await db.run(`SET XACT_ABORT ON;
    BEGIN TRY BEGIN TRAN; INSERT dbo.ITEM VALUES (1, 'x', 1, 1); END TRY
    BEGIN CATCH
      SELECT XACT_STATE() AS X;
      BEGIN TRY INSERT dbo.PARENT VALUES (2) END TRY BEGIN CATCH SELECT ERROR_NUMBER() AS N END CATCH;
      ROLLBACK; SELECT XACT_STATE() AS X;
    END CATCH`);
  expect(answer.results).toEqual([[{ X: -1 }], [{ N: 3930 }], [{ X: 0 }]]);
});

test('a doomed transaction is rolled back at the end of the batch (3998)', async () => {
  expect(
    await numbers(
      `SET XACT_ABORT ON; BEGIN TRY BEGIN TRAN; SELECT 1/0 AS X; END TRY BEGIN CATCH SELECT 1 AS A END CATCH`,
    ),
  ).toEqual([3998]);
  expect(await db.rows('SELECT @@TRANCOUNT AS T')).toEqual([{ T: 0 }]);
});

test('an error in a procedure without TRY goes to the CATCH of its caller, with the procedure and its line', async () => {
  await db.run("CREATE PROCEDURE dbo.Inner1 AS\nSELECT 1 AS A\nINSERT dbo.ITEM VALUES (1, 'x', 1, 1)\nSELECT 2 AS B");
  const answer = await db.run(
    'BEGIN TRY EXEC dbo.Inner1 END TRY BEGIN CATCH SELECT ERROR_PROCEDURE() AS P, ERROR_LINE() AS L END CATCH',
  );
  expect(answer.results).toEqual([[{ A: 1 }], [{ P: 'Inner1', L: 3 }]]);
  expect(answer.errors).toEqual([]);
});

test('without TRY the procedure goes on after a failed statement, and so does its caller', async () => {
  await db.run("CREATE PROCEDURE dbo.Inner1 AS INSERT dbo.ITEM VALUES (1, 'x', 1, 1); SELECT 2 AS B; RETURN 4");
  const answer = await db.run('DECLARE @rc int; EXEC @rc = dbo.Inner1; SELECT @rc AS RC');
  expect(answer.results).toEqual([[{ B: 2 }], [{ RC: 4 }]]);
});

test('an unknown object is not caught in its own scope, but by the TRY around a call', async () => {
  expect(
    await numbers("BEGIN TRY SELECT * FROM dbo.NOWHERE END TRY BEGIN CATCH SELECT 'caught' AS X END CATCH"),
  ).toEqual([208]);
  await db.run('CREATE PROCEDURE dbo.Deferred AS SELECT * FROM dbo.NOWHERE');
  const answer = await db.run('BEGIN TRY EXEC dbo.Deferred END TRY BEGIN CATCH SELECT ERROR_NUMBER() AS N END CATCH');
  expect(answer.results).toEqual([[{ N: 208 }]]);
});

test('a syntax error keeps the whole batch from running', async () => {
  expect(await numbers('INSERT dbo.PARENT VALUES (2); SELEC 1')).toHaveLength(1);
  expect(await db.rows('SELECT COUNT(*) AS N FROM dbo.PARENT')).toEqual([{ N: 1 }]);
});

test('a procedure that leaves another transaction count is told so (266)', async () => {
  await db.run('CREATE PROCEDURE dbo.Opens AS BEGIN TRAN');
  const answer = await db.run('EXEC dbo.Opens; SELECT @@TRANCOUNT AS T; ROLLBACK');
  expect(answer.errors.map((error) => error.number)).toEqual([266]);
  expect(answer.results).toEqual([[{ T: 1 }]]);
});

test.each([
  [3902, 'COMMIT'],
  [3903, 'ROLLBACK'],
  [6401, 'BEGIN TRAN; ROLLBACK TRAN nowhere'],
  [2812, 'EXEC dbo.Nothing'],
  [137, 'SELECT @x'],
  [207, 'SELECT NOPE FROM dbo.ITEM'],
  [4104, 'SELECT z.ID FROM dbo.ITEM i'],
  [209, 'SELECT ID FROM dbo.ITEM a CROSS JOIN dbo.ITEM b'],
  [8120, 'SELECT NAME, COUNT(*) FROM dbo.ITEM'],
  [512, 'SELECT (SELECT n FROM (VALUES (1), (2)) v(n))'],
  [213, 'INSERT dbo.ITEM VALUES (1)'],
  [544, 'CREATE TABLE dbo.I (A int IDENTITY, B int); INSERT dbo.I (A, B) VALUES (1, 1)'],
  [2714, 'CREATE TABLE dbo.ITEM (A int)'],
  [3726, 'DROP TABLE dbo.PARENT'],
  [3701, 'DROP TABLE dbo.NOWHERE'],
  [911, 'USE NOWHERE'],
  [8144, "EXEC sp_executesql N'SELECT 1', N'@a int', 1, 2"],
  [8178, "EXEC sp_executesql N'SELECT @a', N'@a int'"],
])('error %i: %s', async (number, sql) => {
  expect(await numbers(sql)).toEqual([number]);
});

test('savepoints undo part of a transaction', async () => {
  const answer = await db.run(`BEGIN TRAN; INSERT dbo.PARENT VALUES (2); SAVE TRAN here; INSERT dbo.PARENT VALUES (3);
    ROLLBACK TRAN here; INSERT dbo.PARENT VALUES (4); COMMIT; SELECT ID FROM dbo.PARENT`);
  expect(answer.results.at(-1)).toEqual([{ ID: 1 }, { ID: 2 }, { ID: 4 }]);
});

test('table variables keep what they hold when the transaction is rolled back; temp tables do not', async () => {
  const answer = await db.run(`DECLARE @t TABLE (A int); CREATE TABLE #t (A int);
    BEGIN TRAN; INSERT @t VALUES (1); INSERT #t VALUES (1); ROLLBACK;
    SELECT (SELECT COUNT(*) FROM @t) AS V, (SELECT COUNT(*) FROM #t) AS T`);
  expect(answer.results).toEqual([[{ V: 1, T: 0 }]]);
});

test('IMPLICIT_TRANSACTIONS opens a transaction with the first statement that touches data', async () => {
  const answer = await db.run(
    'SET IMPLICIT_TRANSACTIONS ON; SELECT @@TRANCOUNT AS A; INSERT dbo.PARENT VALUES (2); SELECT @@TRANCOUNT AS B; ROLLBACK; SET IMPLICIT_TRANSACTIONS OFF; SELECT COUNT(*) AS N FROM dbo.PARENT',
  );
  expect(answer.results).toEqual([[{ A: 0 }], [{ B: 1 }], [{ N: 1 }]]);
});
