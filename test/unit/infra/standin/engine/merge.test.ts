import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSession, type ScriptSession, startServer } from './scriptSession.ts';

let session: ScriptSession;

beforeEach(async () => {
  session = await openSession(startServer());
  await session.run(`CREATE TABLE dbo.Stock (Sku varchar(10) PRIMARY KEY, N int NOT NULL, Note varchar(10) NOT NULL DEFAULT 'new')
    INSERT dbo.Stock (Sku, N) VALUES ('a', 1), ('b', 2), ('c', 3)`);
});
afterEach(() => session.close());

const rows = async (): Promise<string[]> => (await session.run('SELECT Sku, N, Note FROM dbo.Stock ORDER BY Sku')).rows;

describe('MERGE', () => {
  it('updates, deletes and inserts by the first clause that fits, and tells so in OUTPUT', async () => {
    const outcome = await session.run(`MERGE dbo.Stock WITH (HOLDLOCK) AS t
      USING (VALUES ('a', 10), ('b', 0), ('d', 40)) AS s (Sku, N) ON t.Sku = s.Sku
      WHEN MATCHED AND s.N = 0 THEN DELETE
      WHEN MATCHED THEN UPDATE SET N += s.N
      WHEN NOT MATCHED THEN INSERT (Sku, N) VALUES (s.Sku, s.N)
      WHEN NOT MATCHED BY SOURCE THEN UPDATE SET N = -1, Note = 'gone'
      OUTPUT $action, inserted.Sku, deleted.N, s.N;`);
    expect(outcome.rows.sort()).toEqual(['DELETE|NULL|2|0', 'INSERT|d|NULL|40', 'UPDATE|a|1|10', 'UPDATE|c|3|NULL']);
    expect(outcome.counts).toEqual([4]);
    expect(await rows()).toEqual(['a|11|new', 'c|-1|gone', 'd|40|new']);
  });

  it('refuses to change a row twice and then changes nothing', async () => {
    const outcome =
      await session.run(`MERGE dbo.Stock AS t USING (VALUES ('a', 5), ('b', 1), ('a', 6)) AS s (Sku, N) ON t.Sku = s.Sku
      WHEN MATCHED THEN UPDATE SET N = s.N;`);
    expect(outcome.errors.map((e) => e.number)).toEqual([8672]);
    expect(await rows()).toEqual(['a|1|new', 'b|2|new', 'c|3|new']);
  });

  it('checks what it writes', async () => {
    const insert = (value: string): string =>
      `MERGE dbo.Stock t USING (SELECT 'x' AS k) s ON t.Sku = s.k WHEN NOT MATCHED THEN INSERT (Sku, N) VALUES ('a', ${value});`;
    expect((await session.run(insert('1'))).errors.map((e) => e.number)).toEqual([2627]);
    expect((await session.run(insert('NULL'))).errors.map((e) => e.number)).toEqual([515]);
    expect(await rows()).toHaveLength(3);
  });

  it('takes a table variable as target and a query as source', async () => {
    const outcome = await session.run(`DECLARE @t TABLE (k int PRIMARY KEY, v int); INSERT @t VALUES (1, 1);
      WITH s AS (SELECT 1 AS k, 9 AS v UNION ALL SELECT 2, 8) MERGE INTO @t AS t USING s ON s.k = t.k
      WHEN MATCHED THEN UPDATE SET v = s.v WHEN NOT MATCHED THEN INSERT VALUES (s.k, s.v);
      SELECT * FROM @t ORDER BY k`);
    expect(outcome.rows).toEqual(['1|9', '2|8']);
  });

  it('needs its semicolon', async () => {
    const outcome = await session.run('MERGE dbo.Stock t USING dbo.Stock s ON s.Sku = t.Sku WHEN MATCHED THEN DELETE');
    expect(outcome.errors.map((e) => e.number)).toEqual([10_713]);
  });

  it('fires the triggers of each kind of change once', async () => {
    await session.run('CREATE TABLE dbo.Log (What varchar(20))');
    await session.run(`CREATE TRIGGER dbo.trStock ON dbo.Stock AFTER INSERT, UPDATE, DELETE AS
      INSERT dbo.Log SELECT CONCAT((SELECT COUNT(*) FROM inserted), '/', (SELECT COUNT(*) FROM deleted))`);
    await session.run(`MERGE dbo.Stock t USING (VALUES ('a', 5), ('z', 1)) s (Sku, N) ON t.Sku = s.Sku
      WHEN MATCHED THEN UPDATE SET N = s.N WHEN NOT MATCHED THEN INSERT (Sku, N) VALUES (s.Sku, s.N);`);
    expect((await session.run('SELECT What FROM dbo.Log ORDER BY What')).rows).toEqual(['1/0', '1/1']);
  });
});

describe('UPDATE and DELETE with joins', () => {
  it('change the right rows when the target is the hashed side of a join', async () => {
    await session.run(`CREATE TABLE dbo.Big (Id int PRIMARY KEY, G int, T varchar(10))
      INSERT dbo.Big SELECT value, value % 3, 'old' FROM GENERATE_SERIES(1, 2000)`);
    await session.run(
      `UPDATE b SET T = x.T FROM dbo.Big b JOIN (VALUES (0, 'zero'), (1, 'one')) x (G, T) ON x.G = b.G`,
    );
    const outcome = await session.run(
      'SELECT G, T, COUNT(*), COUNT(DISTINCT Id) FROM dbo.Big GROUP BY G, T ORDER BY G',
    );
    expect(outcome.rows).toEqual(['0|zero|666|666', '1|one|667|667', '2|old|667|667']);
    await session.run('DELETE b FROM (VALUES (2)) x (G) JOIN dbo.Big b ON b.G = x.G');
    expect((await session.run('SELECT COUNT(*), COUNT(DISTINCT G) FROM dbo.Big')).rows).toEqual(['1333|2']);
  });

  it('take one identity value for a row inserted into a table with triggers', async () => {
    await session.run('CREATE TABLE dbo.Ids (Id int IDENTITY PRIMARY KEY, A int)');
    await session.run('CREATE TRIGGER dbo.trIds ON dbo.Ids AFTER INSERT AS DECLARE @n int');
    const outcome = await session.run(
      'INSERT dbo.Ids (A) VALUES (1); INSERT dbo.Ids (A) VALUES (2); SELECT Id FROM dbo.Ids',
    );
    expect(outcome.rows).toEqual(['1', '2']);
  });
});

describe('changing a common table expression', () => {
  it('deletes the rows of the table behind it that a window function picked', async () => {
    await session.run("INSERT dbo.Stock VALUES ('d', 4, 'new'), ('e', 5, 'old')");
    const outcome = await session.run(
      'WITH x AS (SELECT *, ROW_NUMBER() OVER (PARTITION BY Note ORDER BY N DESC) AS rn FROM dbo.Stock) DELETE FROM x WHERE rn > 1 AND N < 3',
    );
    expect(outcome.counts).toEqual([2]);
    expect(await rows()).toEqual(['c|3|new', 'd|4|new', 'e|5|old']);
  });

  it('updates through its column names, TOP included', async () => {
    const outcome = await session.run(
      'WITH q AS (SELECT TOP (1) Sku AS Code, N AS Amount FROM dbo.Stock ORDER BY N DESC) UPDATE q SET Amount += 100 OUTPUT deleted.Sku, inserted.N',
    );
    expect(outcome.rows).toEqual(['c|103']);
  });

  it('changes a derived table likewise, joined to others', async () => {
    await session.run("DELETE d FROM (SELECT Sku AS k FROM dbo.Stock) d JOIN (VALUES ('b')) v (k) ON v.k = d.k");
    await session.run('UPDATE d SET d.N = d.Most FROM (SELECT N, MAX(N) OVER () AS Most FROM dbo.Stock) d');
    expect(await rows()).toEqual(['a|3|new', 'c|3|new']);
  });

  it('refuses a column that has no column of the table behind it', async () => {
    const outcome = await session.run('WITH q AS (SELECT Sku, N + 1 AS M FROM dbo.Stock) UPDATE q SET M = 1');
    expect(outcome.errors.map((e) => e.number)).toEqual([4406]);
  });
});
