import sql from 'mssql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runStandin, type StandinProcess, startStandin } from '#test/support/standinProcess.ts';

const SCRIPT = `
USE SHOP
GO
CREATE TABLE dbo.ITEM (
  ID int NOT NULL CONSTRAINT PK_ITEM PRIMARY KEY,
  NAME nvarchar(50) NOT NULL,
  PRICE money NULL CONSTRAINT CK_ITEM_PRICE CHECK (PRICE >= 0),
  ROW_VER rowversion
)
GO
CREATE TABLE dbo.BIG (ID int NOT NULL PRIMARY KEY, NAME nvarchar(50) NULL, PRICE decimal(18, 4) NULL)
GO
CREATE TYPE dbo.ITEM_LIST AS TABLE (ID int NOT NULL, NAME nvarchar(50) NOT NULL, PRICE money NULL)
GO
CREATE PROCEDURE dbo.AddUp @a int, @b int = 10, @sum int OUTPUT, @text nvarchar(50) OUTPUT
AS
BEGIN
  SET NOCOUNT ON
  SET @sum = @a + @b
  SET @text = N'sum of ' + @text
  SELECT @a AS a, @b AS b
  RETURN 7
END
GO
CREATE PROCEDURE dbo.AddItems @items dbo.ITEM_LIST READONLY
AS
BEGIN
  INSERT INTO dbo.ITEM (ID, NAME, PRICE) SELECT ID, NAME, PRICE FROM @items
  SELECT COUNT(*) AS n FROM dbo.ITEM
END
GO
`;

let standin: StandinProcess;
const pools: sql.ConnectionPool[] = [];

beforeAll(async () => {
  standin = await startStandin({ scripts: [SCRIPT], args: ['--database', 'SHOP'] });
});

afterAll(async () => {
  for (const pool of pools) await pool.close();
  expect(await standin.stop()).toBe(0);
});

async function connect(encrypt: boolean, config: Partial<sql.config> = {}): Promise<sql.ConnectionPool> {
  const pool = new sql.ConnectionPool({
    server: '127.0.0.1',
    port: standin.port,
    user: 'sa',
    password: standin.saPassword,
    database: 'SHOP',
    options: { encrypt, trustServerCertificate: true },
    ...config,
  });
  await pool.connect();
  pools.push(pool);
  return pool;
}

describe.each([
  ['in plain text', false],
  ['over TLS', true],
])('the mssql driver %s', (_name, encrypt) => {
  let pool: sql.ConnectionPool;

  beforeAll(async () => {
    pool = await connect(encrypt);
    await pool.request().query('DELETE FROM dbo.ITEM; DELETE FROM dbo.BIG');
  });

  it('queries', async () => {
    const { recordset } = await pool
      .request()
      .query("SELECT DB_NAME() AS db, 1 + 1 AS two, N'né' AS text, NULL AS nothing");
    expect(recordset).toEqual([{ db: 'SHOP', two: 2, text: 'né', nothing: null }]);
  });

  const AT = new Date('2024-02-29T13:14:15.120Z');
  const LONG = 'long é '.repeat(3000);
  const GUID = '6F9619FF-8B86-D011-B42D-00C04FC964FF';
  it.each<[string, () => sql.ISqlType, unknown, unknown]>([
    ['bit', () => sql.Bit(), true, true],
    ['tinyint', () => sql.TinyInt(), 200, 200],
    ['smallint', () => sql.SmallInt(), -5, -5],
    ['int', () => sql.Int(), -5, -5],
    ['bigint', () => sql.BigInt(), '9223372036854775807', '9223372036854775807'],
    ['decimal', () => sql.Decimal(18, 4), -1.5, -1.5],
    ['money', () => sql.Money(), 12.34, 12.34],
    ['smallmoney', () => sql.SmallMoney(), -0.5, -0.5],
    ['float', () => sql.Float(), 0.1, 0.1],
    ['real', () => sql.Real(), 0.5, 0.5],
    ['char', () => sql.Char(5), 'ab', 'ab   '],
    ['varchar', () => sql.VarChar(20), 'naïve €', 'naïve €'],
    ['varchar(max)', () => sql.VarChar(sql.MAX), LONG, LONG],
    ['nchar', () => sql.NChar(4), '日本', '日本  '],
    ['nvarchar', () => sql.NVarChar(20), '日本', '日本'],
    ['nvarchar(max)', () => sql.NVarChar(sql.MAX), LONG, LONG],
    ['varbinary', () => sql.VarBinary(10), Buffer.of(1, 2), Buffer.of(1, 2)],
    ['varbinary(max)', () => sql.VarBinary(sql.MAX), Buffer.alloc(9000, 1), Buffer.alloc(9000, 1)],
    ['uniqueidentifier', () => sql.UniqueIdentifier(), GUID, GUID],
    ['date', () => sql.Date(), AT, new Date('2024-02-29T00:00:00Z')],
    ['time', () => sql.Time(3), AT, new Date('1970-01-01T13:14:15.120Z')],
    ['datetime', () => sql.DateTime(), AT, AT],
    ['smalldatetime', () => sql.SmallDateTime(), AT, new Date('2024-02-29T13:14:00Z')],
    ['datetime2', () => sql.DateTime2(7), AT, AT],
    ['datetimeoffset', () => sql.DateTimeOffset(7), AT, AT],
  ])('gets a parameter back as it was: %s', async (_type, type, value, expected) => {
    const request = pool.request().input('p', type(), value).input('none', type(), null);
    expect((await request.query('SELECT @p AS p, @none AS none')).recordset).toEqual([{ p: expected, none: null }]);
  });

  it('prepares a statement and executes it several times', async () => {
    const prepared = new sql.PreparedStatement(pool);
    prepared.input('a', sql.Int);
    prepared.input('t', sql.NVarChar(10));
    await prepared.prepare("SELECT @a * 2 AS twice, @t + N'!' AS loud");
    for (const a of [1, 2, 3])
      expect((await prepared.execute({ a, t: `n${a}` })).recordset).toEqual([{ twice: a * 2, loud: `n${a}!` }]);
    await prepared.unprepare();
  });

  it('calls a procedure with output values, a default and a return code', async () => {
    const request = pool.request().input('a', sql.Int, 5).output('sum', sql.Int).output('text', sql.NVarChar(50), 'it');
    const result = await request.execute('dbo.AddUp');
    expect(result.output).toEqual({ sum: 15, text: 'sum of it' });
    expect(result.returnValue).toBe(7);
    expect(result.recordset).toEqual([{ a: 5, b: 10 }]);
  });

  it('passes a table', async () => {
    const items = new sql.Table('dbo.ITEM_LIST');
    items.columns.add('ID', sql.Int, { nullable: false });
    items.columns.add('NAME', sql.NVarChar(50), { nullable: false });
    items.columns.add('PRICE', sql.Money, { nullable: true });
    for (let i = 1; i <= 500; i++) items.rows.add(i, `item ${i}`, i % 2 === 0 ? null : i / 4);
    const result = await pool.request().input('items', items).execute('dbo.AddItems');
    expect(result.recordset).toEqual([{ n: 500 }]);
    expect(result.rowsAffected).toEqual([500, 1]);
    const { recordset } = await pool.request().query('SELECT ID, NAME, PRICE FROM dbo.ITEM WHERE ID <= 2 ORDER BY ID');
    expect(recordset).toEqual([
      { ID: 1, NAME: 'item 1', PRICE: 0.25 },
      { ID: 2, NAME: 'item 2', PRICE: null },
    ]);
  });

  it('commits and rolls back', async () => {
    const count = async (): Promise<number> =>
      ((await pool.request().query('SELECT COUNT(*) AS n FROM dbo.ITEM WHERE ID > 1000')).recordset[0] as { n: number })
        .n;
    for (const end of ['rollback', 'commit'] as const) {
      const transaction = new sql.Transaction(pool);
      await transaction.begin();
      await new sql.Request(transaction).query("INSERT INTO dbo.ITEM (ID, NAME) VALUES (1001, N'x'), (1002, N'y')");
      await transaction[end]();
      expect(await count()).toBe(end === 'commit' ? 2 : 0);
    }
  });

  it.each([
    ["INSERT INTO dbo.ITEM (ID, NAME) VALUES (1, N'again')", 2627],
    ["INSERT INTO dbo.ITEM (ID, NAME, PRICE) VALUES (-1, N'cheap', -5)", 547],
    ['INSERT INTO dbo.ITEM (ID, NAME) VALUES (-1, NULL)', 515],
    ['SELECT 1 / 0', 8134],
    ['SELECT * FROM dbo.ABSENT', 208],
    ['SELECT ABSENT FROM dbo.ITEM', 207],
    ['EXEC dbo.ABSENT', 2812],
    ['SELECT 1 +', 102],
    ["THROW 50404, N'not here', 1", 50404],
    ["RAISERROR(N'ad hoc', 16, 1)", 50000],
  ])('reports the error of %s', async (text, number) => {
    await expect(pool.request().query(text)).rejects.toMatchObject({ number });
  });

  it('cancels a request that waits and uses the connection again', async () => {
    const one = await connect(encrypt, { pool: { max: 1 } });
    const request = one.request();
    const outcome = request.query("WAITFOR DELAY '00:05:00'").catch((error: sql.RequestError) => error.code);
    const timer = setInterval(() => request.cancel(), 20);
    expect(await outcome).toBe('ECANCEL');
    clearInterval(timer);
    expect((await one.request().query('SELECT 5 AS n')).recordset).toEqual([{ n: 5 }]);
  });

  it('rolls the transaction of a cancelled procedure back when the procedure had set XACT_ABORT, and only then', async () => {
    const one = await connect(encrypt, { pool: { max: 1 } });
    for (const setting of ['ON', 'OFF']) {
      const text = `CREATE OR ALTER PROCEDURE dbo.SLOW_${setting} AS
        BEGIN SET XACT_ABORT ${setting}; BEGIN TRY BEGIN TRANSACTION; WAITFOR DELAY '00:05:00'; COMMIT; END TRY BEGIN CATCH ROLLBACK; END CATCH; END`;
      await one.request().batch(text);
      const request = one.request();
      const outcome = request.execute(`dbo.SLOW_${setting}`).catch((error: sql.RequestError) => error.code);
      const timer = setInterval(() => request.cancel(), 20);
      expect(await outcome).toBe('ECANCEL');
      clearInterval(timer);
      const [left] = (await one.request().query<{ n: number }>('SELECT @@TRANCOUNT AS n')).recordset;
      expect([setting, left?.n]).toEqual([setting, setting === 'ON' ? 0 : 1]);
    }
    await one.request().batch('ROLLBACK');
  });

  it('loads 100,000 rows in bulk and streams them to a reader that pauses', async () => {
    const table = new sql.Table('dbo.BIG');
    table.columns.add('ID', sql.Int, { nullable: false });
    table.columns.add('NAME', sql.NVarChar(50), { nullable: true });
    table.columns.add('PRICE', sql.Decimal(18, 4), { nullable: true });
    for (let i = 1; i <= 100_000; i++) table.rows.add(i, i % 7 === 0 ? null : `name ${i}`, i / 4);
    expect((await pool.request().bulk(table)).rowsAffected).toBe(100_000);
    const request = pool.request();
    request.stream = true;
    let rows = 0;
    let sum = 0;
    const done = new Promise<void>((resolve, reject) => {
      request.on('error', reject);
      request.on('done', () => resolve());
    });
    request.on('row', (row: { ID: number }) => {
      rows++;
      sum += row.ID;
      if (rows % 10_000 !== 0) return;
      request.pause();
      setImmediate(() => request.resume());
    });
    request.query('SELECT ID, NAME, PRICE FROM dbo.BIG ORDER BY ID');
    await done;
    expect([rows, sum]).toEqual([100_000, 5_000_050_000]);
  });

  it('serves many requests from a few pooled connections', async () => {
    const few = await connect(encrypt, { pool: { max: 3 } });
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, i) => few.request().input('i', sql.Int, i).query('SELECT @i AS i')),
    );
    expect(answers.map(({ recordset }) => (recordset[0] as { i: number }).i)).toEqual(
      Array.from({ length: 60 }, (_, i) => i),
    );
  });

  it('refuses a wrong password and a database that is not there', async () => {
    await expect(connect(encrypt, { password: 'wrong' })).rejects.toMatchObject({ code: 'ELOGIN' });
    await expect(connect(encrypt, { database: 'ABSENT' })).rejects.toMatchObject({ code: 'ELOGIN' });
  });
});

describe('the stand-in program', () => {
  it('ends with 1 and one line that names file, line and number when an init script fails', async () => {
    const script = 'USE SHOP\nGO\nCREATE TABLE dbo.T (ID int)\nGO\n\nSELECT 1\nSELECT * FROM dbo.ABSENT\nGO\n';
    const { code, stderr } = await runStandin({ scripts: [script], args: ['--database', 'SHOP'] });
    expect(code).toBe(1);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stderr).toMatch(
      /init1\.sql: batch at line 5, line 3 of the batch: Msg 208, Level 16, State 1: .*dbo\.ABSENT/,
    );
  });

  it('ends with 1 when its port is taken or its command line makes no sense', async () => {
    expect(await runStandin({ args: ['--port', String(standin.port)] })).toMatchObject({ code: 1 });
    const { code, stderr } = await runStandin({ args: ['--prot', '1'] });
    expect([code, stderr]).toEqual([1, 'standin: unknown option "--prot" (--help lists the options)\n']);
  });
});
