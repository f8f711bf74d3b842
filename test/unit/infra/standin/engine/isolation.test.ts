import { afterEach, beforeEach, expect, test } from 'vitest';
import { type EngineClient, type EngineUnderTest, startEngine } from '#test/support/standinEngine.ts';

let engine: EngineUnderTest;
let a: EngineClient;
let b: EngineClient;
let bystander: EngineClient;

beforeEach(async () => {
  engine = startEngine();
  a = await engine.connect();
  b = await engine.connect();
  bystander = await engine.connect();
  await a.run('CREATE TABLE dbo.ITEM (ID int NOT NULL PRIMARY KEY, QTY int NOT NULL, NAME varchar(20) NULL)');
  await a.run("INSERT dbo.ITEM VALUES (1, 10, 'one'), (2, 20, 'two'), (5, 50, 'five')");
});
afterEach(() => engine.close());

/** Whether a request is still waiting after other sessions have had their turn. */
async function isPending(request: Promise<unknown>): Promise<boolean> {
  let done = false;
  request.finally(() => {
    done = true;
  });
  for (let i = 0; i < 3; i++) await bystander.run('SELECT 1');
  return !done;
}

test('with READ_COMMITTED_SNAPSHOT readers of the default level see the last committed state and do not wait', async () => {
  await a.run('ALTER DATABASE SHOP SET READ_COMMITTED_SNAPSHOT ON');
  await a.run('BEGIN TRAN; UPDATE dbo.ITEM SET QTY = 11 WHERE ID = 1');
  expect(await b.rows('SELECT QTY FROM dbo.ITEM WHERE ID = 1')).toEqual([{ QTY: 10 }]);
  expect(await a.rows('SELECT QTY FROM dbo.ITEM WHERE ID = 1')).toEqual([{ QTY: 11 }]);
  await a.run('ROLLBACK');
  expect(await b.rows('SELECT SUM(QTY) AS S FROM dbo.ITEM')).toEqual([{ S: 80 }]);
});

test('with READ_COMMITTED_SNAPSHOT off readers wait for writers, unless they ask for dirty reads', async () => {
  await a.run('ALTER DATABASE SHOP SET READ_COMMITTED_SNAPSHOT OFF');
  await a.run('BEGIN TRAN; UPDATE dbo.ITEM SET QTY = 11 WHERE ID = 1');
  expect(await b.rows('SELECT QTY FROM dbo.ITEM WITH (NOLOCK) WHERE ID = 1')).toEqual([{ QTY: 11 }]);
  expect(await b.rows('SELECT QTY FROM dbo.ITEM WHERE ID = 2')).toEqual([{ QTY: 20 }]);
  const waiting = b.rows('SELECT QTY FROM dbo.ITEM WHERE ID = 1');
  expect(await isPending(waiting)).toBe(true);
  await a.run('UPDATE dbo.ITEM SET QTY = 12 WHERE ID = 1; COMMIT');
  expect(await waiting).toEqual([{ QTY: 12 }]);
});

test('LOCK_TIMEOUT ends a wait with 1222 and leaves the transaction open', async () => {
  await a.run('BEGIN TRAN; UPDATE dbo.ITEM SET QTY = 11 WHERE ID = 1');
  await b.run('SET LOCK_TIMEOUT 0; BEGIN TRAN');
  expect(await b.errorOf('UPDATE dbo.ITEM SET QTY = 0 WHERE ID = 1')).toBe(1222);
  expect(await b.rows('SELECT @@TRANCOUNT AS T')).toEqual([{ T: 1 }]);
  expect(await b.rows('SELECT QTY FROM dbo.ITEM WITH (READPAST) WHERE ID < 3')).toEqual([{ QTY: 20 }]);
});

test('an update waits for the row and then works on what the other left behind', async () => {
  await a.run('BEGIN TRAN; UPDATE dbo.ITEM SET QTY = QTY - 7 WHERE ID = 1');
  const other = b.run('UPDATE dbo.ITEM SET QTY = QTY - 7 WHERE ID = 1 AND QTY >= 7');
  expect(await isPending(other)).toBe(true);
  await a.run('COMMIT');
  expect((await other).counts).toEqual([0]);
  expect(await a.rows('SELECT QTY FROM dbo.ITEM WHERE ID = 1')).toEqual([{ QTY: 3 }]);
});

test('two sessions that wait for each other: one is chosen as victim with 1205, the other goes on', async () => {
  await a.run('BEGIN TRAN; UPDATE dbo.ITEM SET QTY = 1 WHERE ID = 1; UPDATE dbo.ITEM SET QTY = 5 WHERE ID = 5');
  await b.run('BEGIN TRAN; UPDATE dbo.ITEM SET QTY = 2 WHERE ID = 2');
  const first = a.run('UPDATE dbo.ITEM SET QTY = 1 WHERE ID = 2');
  const second = b.run('UPDATE dbo.ITEM SET QTY = 2 WHERE ID = 1');
  expect((await second).errors.map((error) => error.number)).toEqual([1205]);
  expect((await first).errors).toEqual([]);
  expect(await b.rows('SELECT @@TRANCOUNT AS T')).toEqual([{ T: 0 }]);
  await a.run('COMMIT');
  expect(await b.rows('SELECT ID, QTY FROM dbo.ITEM')).toEqual([
    { ID: 1, QTY: 1 },
    { ID: 2, QTY: 1 },
    { ID: 5, QTY: 5 },
  ]);
});

test('DEADLOCK_PRIORITY decides who is the victim', async () => {
  await a.run('SET DEADLOCK_PRIORITY LOW; BEGIN TRAN; UPDATE dbo.ITEM SET QTY = 1 WHERE ID = 1');
  await b.run('BEGIN TRAN; UPDATE dbo.ITEM SET QTY = 2 WHERE ID = 2');
  const first = a.run('UPDATE dbo.ITEM SET QTY = 1 WHERE ID = 2');
  const second = b.run('UPDATE dbo.ITEM SET QTY = 2 WHERE ID = 1; COMMIT');
  expect((await first).errors.map((error) => error.number)).toEqual([1205]);
  expect((await second).errors).toEqual([]);
});

test('a deadlock inside TRY is caught, and the transaction can only be rolled back', async () => {
  await a.run('BEGIN TRAN; UPDATE dbo.ITEM SET QTY = 1 WHERE ID = 1; UPDATE dbo.ITEM SET QTY = 5 WHERE ID = 5');
  await b.run('BEGIN TRAN; UPDATE dbo.ITEM SET QTY = 2 WHERE ID = 2');
  const first = a.run('UPDATE dbo.ITEM SET QTY = 1 WHERE ID = 2; COMMIT');
  const caught = await b.rows(
    'BEGIN TRY UPDATE dbo.ITEM SET QTY = 2 WHERE ID = 1 END TRY BEGIN CATCH SELECT ERROR_NUMBER() AS N, XACT_STATE() AS X; ROLLBACK END CATCH',
  );
  expect(caught).toEqual([{ N: 1205, X: -1 }]);
  expect((await first).errors).toEqual([]);
});

test('UPDLOCK, HOLDLOCK on an absent key keeps others from inserting it', async () => {
  await a.run('BEGIN TRAN; SELECT * FROM dbo.ITEM WITH (UPDLOCK, HOLDLOCK) WHERE ID = 3');
  const other = b.run("INSERT dbo.ITEM VALUES (3, 30, 'theirs')");
  expect(await isPending(other)).toBe(true);
  await a.run("INSERT dbo.ITEM VALUES (3, 30, 'mine'); COMMIT");
  expect((await other).errors.map((error) => error.number)).toEqual([2627]);
});

test('SERIALIZABLE keeps a range as it was read', async () => {
  await a.run(
    'SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; BEGIN TRAN; SELECT COUNT(*) FROM dbo.ITEM WHERE ID BETWEEN 1 AND 4',
  );
  expect((await b.run("INSERT dbo.ITEM VALUES (9, 9, 'outside')")).errors).toEqual([]);
  const inside = b.run("INSERT dbo.ITEM VALUES (4, 4, 'inside')");
  expect(await isPending(inside)).toBe(true);
  await a.run('COMMIT');
  expect((await inside).errors).toEqual([]);
});

test('REPEATABLE READ keeps rows from changing, yet lets new ones in', async () => {
  await a.run('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; BEGIN TRAN; SELECT * FROM dbo.ITEM WHERE ID = 1');
  await b.run('SET LOCK_TIMEOUT 0');
  expect(await b.errorOf('UPDATE dbo.ITEM SET QTY = 0 WHERE ID = 1')).toBe(1222);
  expect(await b.errorOf("INSERT dbo.ITEM VALUES (3, 3, 'new')")).toBe(0);
});

test('TABLOCKX keeps writers out of the table until the transaction or the savepoint before it is rolled back', async () => {
  await a.run('BEGIN TRAN; SAVE TRAN before_locks; SELECT TOP (0) * FROM dbo.ITEM WITH (TABLOCKX)');
  await b.run('SET LOCK_TIMEOUT 0');
  expect(await b.errorOf('UPDATE dbo.ITEM SET QTY = 0 WHERE ID = 1')).toBe(1222);
  await a.run('ROLLBACK TRAN before_locks');
  expect(await b.errorOf('UPDATE dbo.ITEM SET QTY = 0 WHERE ID = 1')).toBe(0);
});

test('a SNAPSHOT transaction sees one moment, and may not write what has changed since (3960)', async () => {
  await a.run('ALTER DATABASE SHOP SET ALLOW_SNAPSHOT_ISOLATION ON');
  await a.run('SET TRANSACTION ISOLATION LEVEL SNAPSHOT; BEGIN TRAN; SELECT COUNT(*) FROM dbo.ITEM');
  await b.run(
    "UPDATE dbo.ITEM SET QTY = 99 WHERE ID = 1; DELETE dbo.ITEM WHERE ID = 2; INSERT dbo.ITEM VALUES (3, 3, 'new')",
  );
  expect(await a.rows('SELECT ID, QTY FROM dbo.ITEM')).toEqual([
    { ID: 1, QTY: 10 },
    { ID: 2, QTY: 20 },
    { ID: 5, QTY: 50 },
  ]);
  expect(await a.rows('SELECT QTY FROM dbo.ITEM WHERE ID = 2')).toEqual([{ QTY: 20 }]);
  expect(await a.errorOf('UPDATE dbo.ITEM SET QTY = 0 WHERE ID = 1')).toBe(3960);
  expect(await a.rows('SELECT @@TRANCOUNT AS T')).toEqual([{ T: 0 }]);
  expect(await a.rows('SELECT COUNT(*) AS N FROM dbo.ITEM')).toEqual([{ N: 3 }]);
});

test('SNAPSHOT must be allowed (3952), and cannot be switched to inside a transaction (3951)', async () => {
  await a.run('SET TRANSACTION ISOLATION LEVEL SNAPSHOT');
  expect(await a.errorOf('SELECT * FROM dbo.ITEM')).toBe(3952);
  await b.run('BEGIN TRAN');
  expect(await b.errorOf('SET TRANSACTION ISOLATION LEVEL SNAPSHOT')).toBe(3951);
});

test('a definition changed after the view of a SNAPSHOT transaction was fixed cannot be read (3961)', async () => {
  await a.run('ALTER DATABASE SHOP SET ALLOW_SNAPSHOT_ISOLATION ON; CREATE TABLE dbo.OTHER (X int)');
  await a.run('SET TRANSACTION ISOLATION LEVEL SNAPSHOT; BEGIN TRAN; SELECT * FROM dbo.OTHER');
  await b.run('ALTER TABLE dbo.ITEM ADD EXTRA int NULL; INSERT dbo.OTHER VALUES (1)');
  expect(await a.errorOf('SELECT * FROM dbo.ITEM')).toBe(3961);
});

test('application locks exclude each other and go with the transaction', async () => {
  const lock = (mode: string, ms: number): string =>
    `DECLARE @rc int; EXEC @rc = sp_getapplock @Resource = 'job', @LockMode = '${mode}', @LockTimeout = ${ms}; SELECT @rc AS RC`;
  await a.run('BEGIN TRAN');
  await b.run('BEGIN TRAN');
  expect(await a.rows(lock('Exclusive', 0))).toEqual([{ RC: 0 }]);
  expect(await b.rows(lock('Shared', 0))).toEqual([{ RC: -1 }]);
  const waiting = b.rows(lock('Shared', 10_000));
  expect(await isPending(waiting)).toBe(true);
  await a.run('COMMIT');
  expect(await waiting).toEqual([{ RC: 1 }]);
});

test('stock cannot be oversold by many sessions that take it at once', async () => {
  await a.run(`CREATE PROCEDURE dbo.Take @id int AS
    SET NOCOUNT ON; SET XACT_ABORT ON;
    BEGIN TRAN;
    DECLARE @q int;
    SELECT @q = QTY FROM dbo.ITEM WITH (UPDLOCK, HOLDLOCK) WHERE ID = @id;
    IF @q < 1 THROW 50409, 'sold out', 1;
    UPDATE dbo.ITEM SET QTY = @q - 1 WHERE ID = @id;
    COMMIT`);
  const clients = await Promise.all(Array.from({ length: 12 }, () => engine.connect()));
  const answers = await Promise.all(
    clients.flatMap((client) =>
      [client].map(async () => {
        const numbers: number[] = [];
        for (let i = 0; i < 3; i++) numbers.push(await client.errorOf('EXEC dbo.Take 1'));
        return numbers;
      }),
    ),
  );
  const all = answers.flat();
  expect(all.filter((number) => number === 0)).toHaveLength(10);
  expect(all.filter((number) => number === 50409)).toHaveLength(26);
  expect(await a.rows('SELECT QTY FROM dbo.ITEM WHERE ID = 1')).toEqual([{ QTY: 0 }]);
});
