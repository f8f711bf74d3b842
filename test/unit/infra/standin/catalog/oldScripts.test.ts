import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EngineClient, type EngineUnderTest, startEngine } from '#test/support/standinEngine.ts';

describe('what scripts of SQL Server 2000 and before use', () => {
  let engine: EngineUnderTest;
  let client: EngineClient;
  beforeAll(async () => {
    engine = startEngine();
    client = await engine.connect();
  });
  afterAll(() => engine.close());

  it('finds objects in sysobjects without a schema, under dbo and under sys', async () => {
    await client.run('CREATE TABLE dbo.Old (Id int NOT NULL PRIMARY KEY, Name varchar(10) NULL)');
    for (const name of ['sysobjects', 'dbo.sysobjects', 'sys.sysobjects', 'SHOP..sysobjects']) {
      const rows = await client.rows(
        `SELECT name, xtype, sysstat & 0xf AS kind FROM ${name} WHERE id = OBJECT_ID('dbo.Old')`,
      );
      expect(rows).toEqual([{ name: 'Old', xtype: 'U ', kind: 3 }]);
    }
  });

  it('joins syscolumns with systypes', async () => {
    const rows = await client.rows(
      `SELECT c.name, t.name AS type, c.length, c.isnullable FROM syscolumns c JOIN systypes t ON t.xusertype = c.xusertype
       WHERE c.id = OBJECT_ID('dbo.Old') ORDER BY c.colid`,
    );
    expect(rows).toEqual([
      { name: 'Id', type: 'int', length: 4, isnullable: 0 },
      { name: 'Name', type: 'varchar', length: 10, isnullable: 1 },
    ]);
  });

  it('finds databases in sysdatabases of master, and users in sysusers', async () => {
    expect(await client.rows(`SELECT name FROM master.dbo.sysdatabases WHERE name = N'SHOP'`)).toHaveLength(1);
    expect(await client.rows(`SELECT uid, issqlrole FROM sysusers WHERE name = 'dbo'`)).toEqual([
      { uid: 1, issqlrole: 0 },
    ]);
  });

  it('makes a type with sp_addtype', async () => {
    expect(await client.errorOf(`EXECUTE sp_addtype tid, 'varchar(6)', 'NOT NULL'`)).toBe(0);
    await client.run('CREATE TABLE dbo.Typed (t tid)');
    expect(await client.errorOf(`INSERT INTO dbo.Typed VALUES ('1234567')`)).toBe(2628);
    expect(await client.errorOf('INSERT INTO dbo.Typed VALUES (NULL)')).toBe(515);
    expect(await client.errorOf(`EXEC sp_addtype bad, 'int; DROP TABLE dbo.Old'`)).toBe(40517);
  });

  it('takes UPDATE STATISTICS and extended properties, which change nothing', async () => {
    const text = `UPDATE STATISTICS dbo.Old
      UPDATE STATISTICS dbo.Old (Id) WITH FULLSCAN, NORECOMPUTE
      UPDATE STATISTICS Old PK WITH SAMPLE 50 PERCENT
      EXEC sys.sp_addextendedproperty N'MS_Description', N'Old', N'SCHEMA', [dbo], N'TABLE', [Old], NULL, NULL
      SELECT 1 AS done`;
    expect(await client.rows(text)).toEqual([{ done: 1 }]);
  });

  it('counts the columns of a list of values against their names', async () => {
    expect(await client.errorOf('SELECT * FROM (VALUES (1, 2)) AS v (a)')).toBe(8158);
    expect(await client.errorOf('SELECT * FROM (VALUES (1)) AS v (a, b)')).toBe(8159);
    expect(await client.errorOf('SELECT * FROM (SELECT 1 AS a, 2 AS b) AS d (x)')).toBe(8158);
  });
});
