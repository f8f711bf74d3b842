import { afterEach, beforeEach, expect, test } from 'vitest';
import { type EngineClient, type EngineUnderTest, startEngine } from '#test/support/standinEngine.ts';

let engine: EngineUnderTest;
let sa: EngineClient;

beforeEach(async () => {
  engine = startEngine();
  sa = await engine.connect();
  await sa.run(
    'CREATE TABLE dbo.T (ID int NOT NULL PRIMARY KEY, A int NULL, B varchar(9) NULL DEFAULT ($$d$$))'.replaceAll(
      '$$',
      "'",
    ),
  );
  await sa.run('INSERT dbo.T (ID, A) VALUES (1, 10), (2, 20), (3, 30)');
});
afterEach(() => engine.close());

const ids = async (): Promise<unknown[]> => (await sa.rows('SELECT ID FROM dbo.T ORDER BY ID')).map(({ ID }) => ID);

test('INSERT TOP inserts that many rows of its source', async () => {
  await sa.run('INSERT TOP (2) INTO dbo.T (ID) SELECT ID + 10 FROM dbo.T ORDER BY ID');
  expect(await ids()).toEqual([1, 2, 3, 11, 12]);
  await sa.run('DECLARE @n int = 1; INSERT TOP (@n) dbo.T (ID) VALUES (21), (22)');
  expect(await ids()).toEqual([1, 2, 3, 11, 12, 21]);
});

test('SET ROWCOUNT limits what later statements return and change, until it is 0 again', async () => {
  await sa.run('SET ROWCOUNT 2');
  expect(await sa.rows('SELECT ID FROM dbo.T ORDER BY ID DESC')).toEqual([{ ID: 3 }, { ID: 2 }]);
  expect((await sa.run('UPDATE dbo.T SET A = 0')).counts).toEqual([2]);
  expect((await sa.run('INSERT dbo.T (ID) VALUES (4), (5), (6)')).counts).toEqual([2]);
  expect((await sa.run('DELETE dbo.T')).counts).toEqual([2]);
  await sa.run('SET ROWCOUNT 0');
  expect(await ids()).toEqual([3, 4, 5]);
});

test('RETURN with a value, BREAK and CONTINUE are refused where they make no sense', async () => {
  expect(await sa.errorOf('RETURN 1')).toBe(178);
  expect(await sa.errorOf("EXEC ('RETURN 1')")).toBe(178);
  expect(await sa.errorOf('CREATE TRIGGER dbo.TR ON dbo.T AFTER INSERT AS RETURN 1')).toBe(178);
  expect(await sa.errorOf('BREAK')).toBe(135);
  expect(await sa.errorOf('IF 1 = 1 CONTINUE')).toBe(136);
  expect(await sa.errorOf('WHILE 1 = 1 BEGIN IF 1 = 1 BREAK END')).toBe(0);
  expect(await sa.errorOf('CREATE PROCEDURE dbo.P AS RETURN 3')).toBe(0);
  expect(await sa.rows('DECLARE @r int; EXEC @r = dbo.P; SELECT @r AS R')).toEqual([{ R: 3 }]);
});

test('a parameter of a table type must be READONLY, and no other may', async () => {
  await sa.run('CREATE TYPE dbo.Ids AS TABLE (ID int)');
  expect(await sa.errorOf('CREATE PROCEDURE dbo.P @t dbo.Ids AS RETURN 0')).toBe(352);
  expect(await sa.errorOf('CREATE PROCEDURE dbo.P @t int READONLY AS RETURN 0')).toBe(346);
  expect(await sa.errorOf('CREATE PROCEDURE dbo.P @t dbo.Ids READONLY AS RETURN 0')).toBe(0);
});

test('rows are inserted, updated and deleted through a view of one table', async () => {
  await sa.run('CREATE VIEW dbo.V AS SELECT ID, A AS AMOUNT, A * 2 AS TWICE FROM dbo.T WHERE ID < 100');
  expect(await sa.errorOf('INSERT dbo.V (ID, AMOUNT) VALUES (7, 70)')).toBe(0);
  expect(await sa.rows('SELECT ID, A, B FROM dbo.T WHERE ID = 7')).toEqual([{ ID: 7, A: 70, B: 'd' }]);
  expect((await sa.run('UPDATE dbo.V SET AMOUNT = AMOUNT + 1 WHERE TWICE >= 60')).counts).toEqual([2]);
  expect(
    (await sa.run('UPDATE x SET AMOUNT = 5 FROM dbo.V x JOIN dbo.T t ON t.ID = x.ID WHERE t.ID = 1')).counts,
  ).toEqual([1]);
  expect((await sa.run('DELETE FROM dbo.V WHERE AMOUNT = 5')).counts).toEqual([1]);
  expect(await sa.rows('SELECT ID, A FROM dbo.T ORDER BY ID')).toEqual([
    { ID: 2, A: 20 },
    { ID: 3, A: 31 },
    { ID: 7, A: 71 },
  ]);
  expect(await sa.errorOf('UPDATE dbo.V SET TWICE = 1')).toBe(4406);
  expect(await sa.errorOf('INSERT dbo.V VALUES (8, 80, 160)')).toBe(4406);
});

test('a user changes rows through a view with rights on the view alone', async () => {
  await sa.run('CREATE VIEW dbo.V AS SELECT ID, A FROM dbo.T');
  await sa.run("CREATE LOGIN clerk WITH PASSWORD = 'Shop-Password-1'");
  await sa.run('CREATE USER clerk FOR LOGIN clerk');
  const clerk = await engine.connect('clerk', 'Shop-Password-1');
  expect(await clerk.errorOf('UPDATE dbo.V SET A = 1 WHERE ID = 1')).toBe(229);
  await sa.run('GRANT SELECT, INSERT, UPDATE, DELETE ON dbo.V TO clerk');
  expect(await clerk.errorOf('UPDATE dbo.V SET A = 1 WHERE ID = 1')).toBe(0);
  expect(await clerk.errorOf('INSERT dbo.V VALUES (4, 4)')).toBe(0);
  expect(await clerk.errorOf('DELETE dbo.V WHERE ID = 4')).toBe(0);
  expect(await clerk.errorOf('UPDATE dbo.T SET A = 1')).toBe(229);
});
