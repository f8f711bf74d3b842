import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSession, type ScriptSession, startServer } from './scriptSession.ts';

let session: ScriptSession;

beforeAll(async () => {
  session = await openSession(startServer());
  await session.run(
    'CREATE TABLE dbo.Item (Id int PRIMARY KEY, Tags varchar(50) NULL, Doc nvarchar(max) NULL); INSERT dbo.Item VALUES (1, \'a,b\', N\'[{"n":1},{"n":2}]\'), (2, NULL, NULL)',
  );
  await session.run(
    'CREATE FUNCTION dbo.Above (@n int, @m int = 1) RETURNS TABLE AS RETURN (SELECT Id, Id * @m AS Times FROM dbo.Item WHERE Id > @n)',
  );
  await session.run(`CREATE FUNCTION dbo.Fac (@n int) RETURNS bigint AS BEGIN
    DECLARE @r bigint = 1; WHILE @n > 1 BEGIN SET @r *= @n; SET @n -= 1 END; RETURN @r END`);
  await session.run(`CREATE FUNCTION dbo.CountFrom (@id int) RETURNS int AS BEGIN
    DECLARE @c int; SELECT @c = COUNT(*) FROM dbo.Item WHERE Id >= @id; IF @c > 5 RETURN 5; RETURN @c END`);
});
afterAll(() => session.close());

const rowsOf = async (sql: string): Promise<string[]> => {
  const outcome = await session.run(sql);
  expect(outcome.errors).toEqual([]);
  return outcome.rows;
};
const errorOf = async (sql: string): Promise<number | undefined> => (await session.run(sql)).errors[0]?.number;

describe('table functions', () => {
  it('STRING_SPLIT splits per row and leaves NULL out', async () => {
    expect(await rowsOf("SELECT i.Id, s.value FROM dbo.Item i CROSS APPLY STRING_SPLIT(i.Tags, ',') s")).toEqual([
      '1|a',
      '1|b',
    ]);
    expect(
      await rowsOf("SELECT i.Id, s.value FROM dbo.Item i OUTER APPLY STRING_SPLIT(i.Tags, ',') s WHERE Id = 2"),
    ).toEqual(['2|NULL']);
    expect(await rowsOf("SELECT value, ordinal FROM STRING_SPLIT('x y', ' ', 1) ORDER BY ordinal DESC")).toEqual([
      'y|2',
      'x|1',
    ]);
    expect(await errorOf("SELECT * FROM STRING_SPLIT('x', 'ab')")).toBe(214);
  });

  it('GENERATE_SERIES counts both ways', async () => {
    expect(await rowsOf('SELECT value FROM GENERATE_SERIES(1, 3)')).toEqual(['1', '2', '3']);
    expect(await rowsOf('SELECT value FROM GENERATE_SERIES(5, 1, -2)')).toEqual(['5', '3', '1']);
  });

  it('OPENJSON reads columns, defaults and correlated texts', async () => {
    expect(
      await rowsOf('SELECT i.Id, j.n FROM dbo.Item i OUTER APPLY OPENJSON(i.Doc) WITH (n int) j ORDER BY 1, 2'),
    ).toEqual(['1|1', '1|2', '2|NULL']);
    expect(
      await rowsOf(`DECLARE @d nvarchar(max) = N'{"lines":[{"sku":"x","p":0.10}]}';
      SELECT sku, p FROM OPENJSON(@d, '$.lines') WITH (sku varchar(5), p decimal(9,4) '$.p')`),
    ).toEqual(['x|0.1000']);
    expect(await rowsOf("SELECT [key], value, type FROM OPENJSON('[true]')")).toEqual(['0|true|3']);
    expect(await errorOf("SELECT * FROM OPENJSON('{bad')")).toBe(13_609);
  });

  it('FOR JSON PATH makes one column of one row and nests', async () => {
    const outcome = await session.run(
      "SELECT Id AS [a.id], (SELECT 1 AS x FOR JSON PATH) AS sub FROM dbo.Item ORDER BY Id FOR JSON PATH, ROOT('r')",
    );
    expect(outcome.columns).toEqual([['JSON_F52E2B61-18A1-11d1-B105-00805F49916B']]);
    expect(outcome.rows).toEqual(['{"r":[{"a":{"id":1},"sub":[{"x":1}]},{"a":{"id":2},"sub":[{"x":1}]}]}']);
    expect(await rowsOf('SELECT Id FROM dbo.Item WHERE Id > 9 FOR JSON PATH')).toEqual([]);
  });

  it('inline functions take arguments, defaults and rows of earlier sources', async () => {
    expect(await rowsOf('SELECT Id, Times FROM dbo.Above(1, DEFAULT)')).toEqual(['2|2']);
    expect(await rowsOf('SELECT i.Id, f.Times FROM dbo.Item i CROSS APPLY dbo.Above(i.Id, 10) f')).toEqual(['1|20']);
    expect(await errorOf('SELECT * FROM dbo.Above(1)')).toBe(313);
    expect(await errorOf('SELECT * FROM dbo.Above(1, 2, 3)')).toBe(8144);
    expect(await errorOf('SELECT * FROM dbo.Nowhere(1)')).toBe(208);
  });

  it('fn_my_permissions lists what the session may do', async () => {
    expect(
      await rowsOf(
        "SELECT permission_name FROM fn_my_permissions('dbo.Item', 'OBJECT') WHERE subentity_name = '' AND permission_name = 'SELECT'",
      ),
    ).toEqual(['SELECT']);
  });
});

describe('scalar functions of users', () => {
  it('run their statements, loops and queries for each row', async () => {
    expect(await rowsOf('SELECT dbo.Fac(20), dbo.Fac(NULL)')).toEqual(['2432902008176640000|1']);
    expect(await rowsOf('SELECT Id, dbo.CountFrom(Id) FROM dbo.Item ORDER BY Id')).toEqual(['1|2', '2|1']);
    expect(await rowsOf('SELECT Id FROM dbo.Item WHERE dbo.CountFrom(Id) = 1')).toEqual(['2']);
  });

  it('see the uncommitted rows of their own transaction', async () => {
    expect(
      await rowsOf(
        'BEGIN TRAN; INSERT dbo.Item (Id) VALUES (3); SELECT dbo.CountFrom(1); ROLLBACK; SELECT dbo.CountFrom(1)',
      ),
    ).toEqual(['3', '2']);
  });

  it('need their arguments and a schema', async () => {
    expect(await errorOf('SELECT dbo.Fac()')).toBe(313);
    expect(await errorOf('SELECT Fac(1)')).toBe(195);
    expect(await errorOf('SELECT dbo.NoSuch(1)')).toBe(4121);
  });

  it('pass on the errors of their statements', async () => {
    await session.run('CREATE FUNCTION dbo.Bad (@n int) RETURNS int AS BEGIN RETURN 1 / @n END');
    expect(await errorOf('SELECT dbo.Bad(0)')).toBe(8134);
  });
});
