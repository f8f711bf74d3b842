import { afterEach, beforeEach, expect, test } from 'vitest';
import { collect, type EngineClient, type EngineUnderTest, startEngine } from '#test/support/standinEngine.ts';

const PASSWORD = 'Shop-Password-1';
let engine: EngineUnderTest;
let sa: EngineClient;
let shop: EngineClient;

beforeEach(async () => {
  engine = startEngine();
  sa = await engine.connect();
  const scripts = [
    'CREATE SCHEMA api AUTHORIZATION dbo',
    'CREATE TABLE dbo.STOCK (ID int NOT NULL PRIMARY KEY, QTY int NOT NULL)',
    'INSERT dbo.STOCK VALUES (1, 10)',
    'CREATE TYPE api.Lines AS TABLE (ID int NOT NULL PRIMARY KEY, QTY int NOT NULL)',
    `CREATE PROCEDURE api.Take @lines api.Lines READONLY AS SET NOCOUNT ON;
      UPDATE s SET QTY = s.QTY - l.QTY FROM dbo.STOCK s JOIN @lines l ON l.ID = s.ID; SELECT QTY FROM dbo.STOCK`,
    "CREATE PROCEDURE api.Dynamic AS EXEC ('SELECT QTY FROM dbo.STOCK')",
    "CREATE PROCEDURE api.AsOwner WITH EXECUTE AS OWNER AS EXEC ('SELECT QTY, ORIGINAL_LOGIN() AS L FROM dbo.STOCK')",
    'CREATE PROCEDURE dbo.Other AS SELECT 1 AS X',
    `CREATE LOGIN shop WITH PASSWORD = '${PASSWORD}'`,
    'CREATE USER shop FOR LOGIN shop',
    'GRANT EXECUTE ON SCHEMA::api TO shop',
    'GRANT EXECUTE ON TYPE::api.Lines TO shop',
  ];
  for (const script of scripts) expect((await sa.run(script)).errors).toEqual([]);
  shop = await engine.connect('shop', PASSWORD);
});
afterEach(() => engine.close());

test('a login with EXECUTE alone reaches tables of the same owner through procedures, and nothing else', async () => {
  const answer = await collect(
    shop.session.rpc(
      'api.Take',
      [
        {
          kind: 'table',
          name: '@lines',
          useDefault: false,
          typeSchema: 'api',
          typeName: 'Lines',
          columns: [
            { name: 'ID', type: { k: 'int' } },
            { name: 'QTY', type: { k: 'int' } },
          ],
          rows: [[1, 3]],
        },
      ],
      { signal: new AbortController().signal },
    ),
  );
  expect(answer).toMatchObject({ errors: [], results: [[{ QTY: 7 }]] });
  expect(await shop.errorOf('SELECT * FROM dbo.STOCK')).toBe(229);
  expect(await shop.errorOf('UPDATE dbo.STOCK SET QTY = 0')).toBe(229);
  expect(await shop.errorOf('INSERT dbo.STOCK VALUES (2, 2)')).toBe(229);
  expect(await shop.errorOf('DELETE dbo.STOCK')).toBe(229);
  expect(await shop.errorOf('EXEC dbo.Other')).toBe(229);
  expect(await shop.errorOf('CREATE TABLE dbo.X (A int)')).toBe(262);
  expect(await shop.errorOf('SELECT * FROM sys.dm_server_services')).toBe(300);
});

test('dynamic SQL breaks the chain, EXECUTE AS OWNER mends it and keeps the original login known', async () => {
  expect(await shop.errorOf('EXEC api.Dynamic')).toBe(229);
  expect(await shop.rows('EXEC api.AsOwner')).toEqual([{ QTY: 10, L: 'shop' }]);
  expect(await shop.rows('SELECT USER_NAME() AS U')).toEqual([{ U: 'shop' }]);
});

test('the chain also breaks where the owner changes', async () => {
  await sa.run('CREATE USER clerk WITHOUT LOGIN');
  await sa.run('CREATE SCHEMA clerks AUTHORIZATION clerk');
  await sa.run('CREATE TABLE clerks.NOTES (A int)');
  await sa.run('CREATE PROCEDURE api.ReadNotes AS SELECT COUNT(*) AS N FROM clerks.NOTES');
  expect(await shop.errorOf('EXEC api.ReadNotes')).toBe(229);
  await sa.run('GRANT SELECT ON clerks.NOTES TO shop');
  expect(await shop.rows('EXEC api.ReadNotes')).toEqual([{ N: 0 }]);
});

test('a DENY wins over a GRANT, from the object, its schema or a role', async () => {
  await sa.run('GRANT SELECT ON dbo.STOCK TO shop');
  expect(await shop.errorOf('SELECT * FROM dbo.STOCK')).toBe(0);
  await sa.run('DENY SELECT ON SCHEMA::dbo TO public');
  expect(await shop.errorOf('SELECT * FROM dbo.STOCK')).toBe(229);
  await sa.run('REVOKE SELECT ON SCHEMA::dbo FROM public');
  await sa.run('ALTER ROLE db_denydatareader ADD MEMBER shop');
  expect(await shop.errorOf('SELECT * FROM dbo.STOCK')).toBe(229);
});

test('roles give what they are for: db_datareader reads, db_datawriter writes, db_owner does all', async () => {
  await sa.run('ALTER ROLE db_datareader ADD MEMBER shop');
  expect(await shop.errorOf('SELECT * FROM dbo.STOCK')).toBe(0);
  expect(await shop.errorOf('INSERT dbo.STOCK VALUES (2, 2)')).toBe(229);
  await sa.run('ALTER ROLE db_datawriter ADD MEMBER shop');
  expect(await shop.errorOf('INSERT dbo.STOCK VALUES (2, 2)')).toBe(0);
  await sa.run('ALTER ROLE db_owner ADD MEMBER shop');
  expect(await shop.errorOf('CREATE TABLE dbo.X (A int)')).toBe(0);
});

test('a view asks for rights on itself only when its tables have the same owner', async () => {
  await sa.run('CREATE VIEW api.Levels AS SELECT ID, QTY FROM dbo.STOCK');
  expect(await shop.errorOf('SELECT * FROM api.Levels')).toBe(229);
  await sa.run('GRANT SELECT ON api.Levels TO shop');
  expect(await shop.rows('SELECT * FROM api.Levels')).toEqual([{ ID: 1, QTY: 10 }]);
});

test('logging in: wrong password, disabled login, database without user or that is not there', async () => {
  await expect(engine.connect('shop', 'wrong')).rejects.toThrow('18456');
  await expect(engine.connect('nobody', PASSWORD)).rejects.toThrow('18456');
  await expect(engine.connect('shop', PASSWORD, 'NOWHERE')).rejects.toThrow('4060');
  await sa.run('CREATE DATABASE PRIVATE');
  await expect(engine.connect('shop', PASSWORD, 'PRIVATE')).rejects.toThrow('4060');
  expect(await shop.errorOf('USE PRIVATE')).toBe(916);
  await sa.run('ALTER LOGIN shop DISABLE');
  await expect(engine.connect('shop', PASSWORD)).rejects.toThrow('18456');
});

test('VIEW SERVER STATE is granted in master (4621 elsewhere) and opens the server views', async () => {
  expect(await sa.errorOf('GRANT VIEW SERVER STATE TO shop')).toBe(4621);
  await sa.run('USE master; GRANT VIEW SERVER STATE TO shop; USE SHOP');
  expect(await shop.errorOf('SELECT * FROM sys.dm_server_services')).toBe(0);
});

test('EXECUTE AS USER takes on the rights of a user until REVERT', async () => {
  expect(await sa.errorOf("EXECUTE AS USER = 'shop'; SELECT * FROM dbo.STOCK")).toBe(229);
  expect(await sa.rows('REVERT; SELECT QTY FROM dbo.STOCK')).toEqual([{ QTY: 10 }]);
  expect(await shop.errorOf("EXECUTE AS USER = 'dbo'")).toBe(15517);
});

test('the gating role and SELECT on the source decide who may use the functions of CDC', async () => {
  await sa.run(
    `EXEC sys.sp_cdc_enable_db; EXEC sys.sp_cdc_enable_table @source_schema = N'dbo', @source_name = N'STOCK', @role_name = N'readers'`,
  );
  expect(await shop.rows("SELECT sys.fn_cdc_get_min_lsn('dbo_STOCK') AS L")).toEqual([{ L: Buffer.alloc(10) }]);
  expect(await shop.errorOf("SELECT * FROM cdc.fn_cdc_get_all_changes_dbo_STOCK(0x01, 0x02, N'all')")).toBe(229);
  expect(await shop.errorOf('SELECT * FROM cdc.dbo_STOCK_CT')).toBe(229);
  await sa.run(
    'GRANT SELECT ON SCHEMA::cdc TO shop; GRANT SELECT ON dbo.STOCK TO shop; ALTER ROLE readers ADD MEMBER shop',
  );
  expect(await shop.errorOf('SELECT * FROM cdc.dbo_STOCK_CT')).toBe(0);
  const source = await shop.rows('EXEC sys.sp_cdc_help_change_data_capture');
  expect(source.map((row) => row['capture_instance'])).toEqual(['dbo_STOCK']);
});
