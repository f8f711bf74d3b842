import { afterEach, beforeEach, expect, test } from 'vitest';
import { type EngineClient, type EngineUnderTest, startEngine } from '#test/support/standinEngine.ts';

let engine: EngineUnderTest;
let sa: EngineClient;

beforeEach(async () => {
  engine = startEngine();
  sa = await engine.connect();
  for (const sql of [
    'CREATE TABLE dbo.T (ID int NOT NULL CONSTRAINT PK_T PRIMARY KEY, A varchar(10) NULL)',
    "INSERT dbo.T VALUES (1, 'one'), (2, 'two')",
    'CREATE PROCEDURE dbo.P AS SELECT 1 AS N',
    'CREATE VIEW dbo.V AS SELECT ID FROM dbo.T',
    'CREATE USER clerk WITHOUT LOGIN',
  ])
    expect((await sa.run(sql)).errors).toEqual([]);
});
afterEach(() => engine.close());

/** Runs statements, each a batch of its own, in a transaction that is rolled back; none may fail. */
async function rolledBack(...statements: string[]): Promise<void> {
  for (const sql of ['BEGIN TRAN', ...statements, 'ROLLBACK']) expect((await sa.run(sql)).errors).toEqual([]);
}

const rowsOfT = (): Promise<unknown> => sa.rows('SELECT * FROM dbo.T ORDER BY ID');
const ORIGINAL = [
  { ID: 1, A: 'one' },
  { ID: 2, A: 'two' },
];

test('tables made in the transaction are gone, dropped ones are back with rows, keys and rights', async () => {
  await sa.run('CREATE TABLE dbo.CHILD (ID int REFERENCES dbo.T (ID))');
  await sa.run('GRANT SELECT ON dbo.CHILD TO clerk');
  await sa.run('INSERT dbo.CHILD VALUES (1)');
  await rolledBack(
    'CREATE TABLE dbo.N (X int)',
    'INSERT dbo.N VALUES (1)',
    'DROP TABLE dbo.CHILD',
    'SELECT 1 AS X INTO dbo.S',
  );
  expect(await sa.errorOf('SELECT * FROM dbo.N')).toBe(208);
  expect(await sa.errorOf('SELECT * FROM dbo.S')).toBe(208);
  expect(await sa.rows('SELECT * FROM dbo.CHILD')).toEqual([{ ID: 1 }]);
  expect(await sa.errorOf('DELETE dbo.T WHERE ID = 1')).toBe(547);
  expect(
    await sa.rows("SELECT permission_name AS P FROM sys.database_permissions WHERE major_id = OBJECT_ID('dbo.CHILD')"),
  ).toEqual([{ P: 'SELECT' }]);
});

test('ALTER TABLE is taken back with the rows it rewrote and those changed around it', async () => {
  await rolledBack(
    "UPDATE dbo.T SET A = 'x' WHERE ID = 1",
    'ALTER TABLE dbo.T ADD B int NOT NULL DEFAULT 7',
    'UPDATE dbo.T SET B = 8',
    "INSERT dbo.T VALUES (3, 'three', 9)",
    'ALTER TABLE dbo.T ALTER COLUMN A nvarchar(100) NOT NULL',
    'ALTER TABLE dbo.T DROP CONSTRAINT PK_T',
    "INSERT dbo.T VALUES (3, 'again', 9)",
  );
  expect(await rowsOfT()).toEqual(ORIGINAL);
  expect(await sa.errorOf("INSERT dbo.T VALUES (1, 'dup')")).toBe(2627);
  await sa.run("INSERT dbo.T VALUES (3, 'three')");
  expect(await sa.rows("SELECT COUNT(*) AS N FROM dbo.T WHERE ID = 3 AND A = 'three'")).toEqual([{ N: 1 }]);
  expect(await sa.rows("SELECT COUNT(*) AS N FROM sys.columns WHERE object_id = OBJECT_ID('dbo.T')")).toEqual([
    { N: 2 },
  ]);
});

test('indexes, modules, principals and rights are taken back', async () => {
  await rolledBack(
    'CREATE UNIQUE INDEX UX ON dbo.T (A)',
    'ALTER PROCEDURE dbo.P AS SELECT 2 AS N',
    'DROP VIEW dbo.V',
    'CREATE SCHEMA extra',
    'CREATE ROLE readers',
    'ALTER ROLE db_datareader ADD MEMBER clerk',
    'GRANT SELECT ON dbo.T TO clerk',
    "EXEC sp_rename 'dbo.T', 'T2'",
  );
  expect(await sa.errorOf("INSERT dbo.T VALUES (3, 'one')")).toBe(0);
  expect(await sa.rows('EXEC dbo.P')).toEqual([{ N: 1 }]);
  expect(await sa.errorOf('SELECT * FROM dbo.V')).toBe(0);
  expect(await sa.rows("SELECT SCHEMA_ID('extra') AS S, DATABASE_PRINCIPAL_ID('readers') AS R")).toEqual([
    { S: null, R: null },
  ]);
  expect(await sa.rows("SELECT IS_ROLEMEMBER('db_datareader', 'clerk') AS M")).toEqual([{ M: 0 }]);
  expect(
    await sa.rows("SELECT COUNT(*) AS N FROM sys.database_permissions WHERE major_id = OBJECT_ID('dbo.T')"),
  ).toEqual([{ N: 0 }]);
});

test('a rollback to a savepoint takes back what was defined after it', async () => {
  await sa.run(
    'BEGIN TRAN; CREATE TABLE dbo.KEPT (X int); SAVE TRAN s; CREATE TABLE dbo.LOST (X int); ROLLBACK TRAN s; COMMIT',
  );
  expect(await sa.errorOf('SELECT * FROM dbo.KEPT')).toBe(0);
  expect(await sa.errorOf('SELECT * FROM dbo.LOST')).toBe(208);
});

test('CDC that was enabled in the transaction is off again, and CDC that was disabled goes on', async () => {
  await rolledBack('EXEC sys.sp_cdc_enable_db');
  expect(await sa.rows("SELECT is_cdc_enabled AS C FROM sys.databases WHERE name = 'SHOP'")).toEqual([{ C: 0 }]);
  await sa.run('EXEC sys.sp_cdc_enable_db');
  const enable = "EXEC sys.sp_cdc_enable_table @source_schema = 'dbo', @source_name = 'T', @role_name = NULL";
  await rolledBack(enable);
  expect(await sa.rows("SELECT is_tracked_by_cdc AS C FROM sys.tables WHERE name = 'T'")).toEqual([{ C: 0 }]);
  await sa.run(enable);
  await rolledBack(
    "EXEC sys.sp_cdc_disable_table @source_schema = 'dbo', @source_name = 'T', @capture_instance = 'all'",
  );
  await rolledBack('DROP TABLE dbo.T');
  expect(await sa.rows("SELECT is_tracked_by_cdc AS C FROM sys.tables WHERE name = 'T'")).toEqual([{ C: 1 }]);
  expect(await sa.rows('SELECT capture_instance AS C FROM cdc.change_tables')).toEqual([{ C: 'dbo_T' }]);
});

test('temporary tables of the transaction go with it', async () => {
  await rolledBack('CREATE TABLE #T (X int)');
  expect(await sa.errorOf('SELECT * FROM #T')).toBe(208);
});

test('definitions of other sessions wait for the transaction, and so do readers of a table it made', async () => {
  const other = await engine.connect();
  await sa.run('BEGIN TRAN; CREATE TABLE dbo.N (X int)');
  await other.run('SET LOCK_TIMEOUT 0');
  expect(await other.errorOf('CREATE TABLE dbo.M (X int)')).toBe(1222);
  expect(await other.errorOf('SELECT * FROM dbo.N')).toBe(1222);
  expect(await other.errorOf('SELECT * FROM dbo.T')).toBe(0);
  await sa.run('COMMIT');
  expect(await other.errorOf('CREATE TABLE dbo.M (X int)')).toBe(0);
});

test('databases are not made, changed or dropped inside a transaction', async () => {
  await sa.run('BEGIN TRAN');
  expect(await sa.errorOf('CREATE DATABASE D2')).toBe(226);
  expect(await sa.errorOf('ALTER DATABASE SHOP SET READ_COMMITTED_SNAPSHOT ON')).toBe(226);
  await sa.run('ROLLBACK');
});
