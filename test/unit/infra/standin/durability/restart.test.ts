import { cpSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { DataDirectoryError } from '#infra/standin/durability/dataDirectory.ts';
import { createServer, type StandinServer } from '#infra/standin/engine/server.ts';
import { eventually } from '#test/support/eventually.ts';
import { tempFolder } from '#test/support/tempFolder.ts';
import { openSession, type ScriptSession } from '../engine/scriptSession.ts';

const open: StandinServer[] = [];

afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

function start(directory: string): StandinServer {
  const onFailure = (error: Error): never => {
    throw error;
  };
  const server = createServer({
    saPassword: 'Secret-1',
    captureIntervalMs: 10,
    databases: ['T'],
    data: { directory, onFailure },
  });
  open.push(server);
  return server;
}

async function first(): Promise<{ directory: string; session: ScriptSession }> {
  const directory = tempFolder();
  const server = start(directory);
  await server.markInitialised();
  return { directory, session: await openSession(server) };
}

/** What a crash at this moment would leave: the files as they are, without the lock. */
function crashCopy(directory: string): string {
  const copy = tempFolder();
  for (const name of readdirSync(directory)) if (name.endsWith('.log')) cpSync(join(directory, name), join(copy, name));
  return copy;
}

async function afterCrash(directory: string): Promise<ScriptSession> {
  const server = start(crashCopy(directory));
  expect(server.fresh).toBe(false);
  return openSession(server);
}

async function ok(session: ScriptSession, sql: string): Promise<string[]> {
  const { errors, rows } = await session.run(sql);
  expect(errors).toEqual([]);
  return rows;
}

const CATALOG = [
  'SELECT name, database_id, compatibility_level, snapshot_isolation_state, is_cdc_enabled FROM sys.databases WHERE database_id > 4',
  'SELECT name, object_id, schema_id, type, parent_object_id, is_ms_shipped FROM sys.objects ORDER BY object_id',
  'SELECT object_id, name, column_id, system_type_id, max_length, precision, scale, is_nullable, is_identity, is_computed FROM sys.columns ORDER BY 1, 3',
  'SELECT object_id, name, index_id, type, is_unique, is_primary_key FROM sys.indexes ORDER BY 1, 3',
  'SELECT object_id, index_id, index_column_id, column_id, is_descending_key, is_included_column FROM sys.index_columns ORDER BY 1, 2, 3',
  'SELECT object_id, name, definition FROM sys.default_constraints ORDER BY 1',
  'SELECT object_id, name, definition, is_disabled, is_not_trusted FROM sys.check_constraints ORDER BY 1',
  'SELECT object_id, name, parent_object_id, referenced_object_id, is_disabled FROM sys.foreign_keys ORDER BY 1',
  'SELECT object_id, name, parent_id, is_disabled FROM sys.triggers ORDER BY 1',
  'SELECT object_id, definition FROM sys.sql_modules ORDER BY 1',
  'SELECT name, schema_id, principal_id FROM sys.schemas ORDER BY 2',
  'SELECT name, principal_id, type, default_schema_name FROM sys.database_principals ORDER BY 2',
  'SELECT class, major_id, minor_id, grantee_principal_id, type, state FROM sys.database_permissions ORDER BY 1, 2, 3, 4, 5',
  'SELECT name, principal_id, default_database_name, is_disabled FROM sys.server_principals ORDER BY 2',
  'SELECT name, user_type_id, schema_id, is_table_type, is_nullable FROM sys.types ORDER BY 2',
  'SELECT name, object_id, start_value, increment, current_value FROM sys.sequences ORDER BY 2',
];

const CDC = [
  'SELECT * FROM cdc.change_tables',
  'SELECT * FROM cdc.captured_columns',
  'SELECT * FROM cdc.index_columns',
  'SELECT * FROM cdc.ddl_history',
  'SELECT * FROM cdc.lsn_time_mapping',
  'EXEC sys.sp_cdc_help_jobs',
];

async function dump(session: ScriptSession, queries: readonly string[]): Promise<string[]> {
  const all: string[] = [];
  for (const query of queries) all.push(`-- ${query}`, ...(await ok(session, query)));
  return all;
}

const SCHEMA = [
  'CREATE SCHEMA shop',
  "CREATE LOGIN reader WITH PASSWORD = 'Reader-1'; CREATE USER reader FOR LOGIN reader; CREATE ROLE buyers; ALTER ROLE buyers ADD MEMBER reader",
  'CREATE TYPE shop.CODE FROM varchar(12) NOT NULL',
  'CREATE TYPE shop.LINES AS TABLE (NO int NOT NULL PRIMARY KEY, QTY int CHECK (QTY > 0))',
  'CREATE SEQUENCE shop.NUMBERS AS bigint START WITH 100 INCREMENT BY 5',
  `CREATE TABLE shop.ITEM (ID int IDENTITY(10, 3) PRIMARY KEY, CODE shop.CODE, PRICE money DEFAULT (1.5), MADE datetime2(7) DEFAULT SYSUTCDATETIME(),
     BIG decimal(38, 10), BIN varbinary(max), TXT ntext, G uniqueidentifier DEFAULT NEWID(), O datetimeoffset(3), V sql_variant, RV rowversion,
     TWICE AS PRICE * 2 PERSISTED, CONSTRAINT CK_PRICE CHECK (PRICE >= 0))`,
  'CREATE TABLE dbo.LINE (ITEM int NOT NULL REFERENCES shop.ITEM(ID) ON DELETE CASCADE, NO smallint, NOTE varchar(20), CONSTRAINT UQ UNIQUE (ITEM, NO))',
  'CREATE INDEX IX_CODE ON shop.ITEM (CODE DESC) INCLUDE (PRICE)',
  'CREATE VIEW shop.CHEAP AS SELECT ID, PRICE FROM shop.ITEM WHERE PRICE < 5',
  'CREATE PROCEDURE shop.AddItem @code varchar(12) AS INSERT shop.ITEM (CODE) VALUES (@code); SELECT SCOPE_IDENTITY() AS id',
  'CREATE FUNCTION dbo.Half (@x money) RETURNS money AS BEGIN RETURN @x / 2 END',
  'CREATE TRIGGER shop.OnItem ON shop.ITEM AFTER INSERT AS INSERT dbo.LINE SELECT ID, 1, CODE FROM inserted',
  'CREATE SYNONYM dbo.THING FOR shop.ITEM',
  'GRANT SELECT ON shop.ITEM TO buyers; DENY SELECT ON shop.ITEM (PRICE) TO reader; GRANT EXECUTE ON SCHEMA::shop TO reader; USE master; GRANT VIEW SERVER STATE TO reader; USE T',
  'ALTER DATABASE T SET ALLOW_SNAPSHOT_ISOLATION ON',
];

const ROWS = [
  `INSERT shop.ITEM (CODE, BIG, BIN, TXT, O, V) VALUES ('a', 12345678901234567890.0123456789, 0x00FF10, N'ünï', '2024-02-29T12:00:00.123+05:30', CAST(7 AS bigint))`,
  "EXEC shop.AddItem 'b'",
  "EXEC shop.AddItem 'c'",
  "UPDATE shop.ITEM SET PRICE = 3, CODE = 'bb' WHERE CODE = 'b'",
  "DELETE shop.ITEM WHERE CODE = 'c'",
  'SELECT NEXT VALUE FOR shop.NUMBERS; SELECT NEXT VALUE FOR shop.NUMBERS',
];

const DATA = [
  'SELECT * FROM shop.ITEM ORDER BY ID',
  'SELECT * FROM dbo.LINE ORDER BY ITEM',
  'SELECT * FROM shop.CHEAP',
];

describe('a stand-in with a data directory', () => {
  it('comes back with all definitions, rights and rows', async () => {
    const { directory, session } = await first();
    for (const sql of [...SCHEMA, ...ROWS]) await ok(session, sql);
    const before = await dump(session, [...CATALOG, ...DATA]);
    const again = await afterCrash(directory);
    expect(await dump(again, [...CATALOG, ...DATA])).toEqual(before);
    expect(before.length).toBeGreaterThan(80);
  });

  it('goes on counting identities, sequences and rowversions, and keeps constraints, triggers and cascades alive', async () => {
    const { directory, session } = await first();
    for (const sql of [...SCHEMA, ...ROWS]) await ok(session, sql);
    const [rowversion] = await ok(session, 'SELECT @@DBTS');
    const again = await afterCrash(directory);
    expect(await ok(again, "EXEC shop.AddItem 'd'")).toEqual(['19']);
    expect(await ok(again, 'SELECT NEXT VALUE FOR shop.NUMBERS')).toEqual(['110']);
    const [next] = await ok(again, 'SELECT MAX(RV) FROM shop.ITEM');
    expect(next! > rowversion!).toBe(true);
    expect(await ok(again, 'SELECT NOTE FROM dbo.LINE WHERE ITEM = 19')).toEqual(['d']);
    expect((await again.run('UPDATE shop.ITEM SET PRICE = -1')).errors[0]?.number).toBe(547);
    await ok(again, 'DELETE shop.ITEM');
    expect(await ok(again, 'SELECT COUNT(*) FROM dbo.LINE')).toEqual(['0']);
  });

  it('keeps committed transactions whole and forgets those that were open or rolled back', async () => {
    const { directory, session } = await first();
    await ok(session, 'CREATE TABLE dbo.A (ID int PRIMARY KEY, N int); CREATE TABLE dbo.B (ID int PRIMARY KEY)');
    await ok(
      session,
      'BEGIN TRAN; INSERT dbo.A VALUES (1, 1); INSERT dbo.B VALUES (1); SAVE TRAN s; INSERT dbo.A VALUES (2, 2); ROLLBACK TRAN s; COMMIT',
    );
    await ok(session, 'BEGIN TRAN; INSERT dbo.A VALUES (3, 3); ROLLBACK');
    const other = await session.another();
    await ok(other, 'BEGIN TRAN; UPDATE dbo.A SET N = 9; INSERT dbo.B VALUES (2)');
    const again = await afterCrash(directory);
    expect(await ok(again, 'SELECT * FROM dbo.A')).toEqual(['1|1']);
    expect(await ok(again, 'SELECT * FROM dbo.B')).toEqual(['1']);
    await ok(other, 'ROLLBACK');
  });

  it('keeps definitions of committed transactions only', async () => {
    const { directory, session } = await first();
    await ok(session, 'BEGIN TRAN; CREATE TABLE dbo.KEPT (ID int PRIMARY KEY); INSERT dbo.KEPT VALUES (1); COMMIT');
    await ok(session, 'BEGIN TRAN; CREATE TABLE dbo.UNDONE (ID int); ROLLBACK');
    const other = await session.another();
    await ok(other, 'BEGIN TRAN; CREATE TABLE dbo.UNDECIDED (ID int); INSERT dbo.UNDECIDED VALUES (1)');
    await ok(session, 'INSERT dbo.KEPT VALUES (2)');
    const again = await afterCrash(directory);
    expect(await ok(again, 'SELECT name FROM sys.tables WHERE schema_id = 1')).toEqual(['KEPT']);
    expect(await ok(again, 'SELECT ID FROM dbo.KEPT')).toEqual(['1', '2']);
    await ok(other, 'COMMIT');
    const later = await afterCrash(directory);
    expect(await ok(later, 'SELECT ID FROM dbo.UNDECIDED')).toEqual(['1']);
  });

  it('follows ALTER TABLE, DROP, TRUNCATE, renames and SELECT INTO', async () => {
    const { directory, session } = await first();
    for (const sql of [
      'CREATE TABLE dbo.A (ID int IDENTITY PRIMARY KEY, N int, X int)',
      'INSERT dbo.A (N, X) VALUES (1, 1), (2, 2)',
      'ALTER TABLE dbo.A ADD G uniqueidentifier NOT NULL DEFAULT NEWID(), M varchar(5) NULL',
      'ALTER TABLE dbo.A DROP COLUMN X',
      'ALTER TABLE dbo.A ALTER COLUMN N bigint NOT NULL',
      "INSERT dbo.A (N, M) VALUES (3, 'x')",
      'SELECT * INTO dbo.COPY FROM dbo.A',
      'CREATE UNIQUE INDEX UX ON dbo.COPY (N)',
      'CREATE TABLE dbo.GONE (ID int); INSERT dbo.GONE VALUES (1); DROP TABLE dbo.GONE',
      'CREATE TABLE dbo.EMPTIED (ID int IDENTITY); INSERT dbo.EMPTIED DEFAULT VALUES; TRUNCATE TABLE dbo.EMPTIED',
      "EXEC sp_rename 'dbo.COPY', 'KOPIE'",
      'CREATE DATABASE OTHER',
      'CREATE DATABASE GONE2; DROP DATABASE GONE2',
    ])
      await ok(session, sql);
    const queries = [...CATALOG, 'SELECT * FROM dbo.A', 'SELECT * FROM dbo.KOPIE', 'SELECT * FROM dbo.EMPTIED'];
    const before = await dump(session, queries);
    const again = await afterCrash(directory);
    expect(await dump(again, queries)).toEqual(before);
    expect(await ok(again, 'INSERT dbo.EMPTIED DEFAULT VALUES; SELECT ID FROM dbo.EMPTIED')).toEqual(['1']);
  });

  it('goes on capturing: change tables, times, low-water marks and places in the log', async () => {
    const { directory, session } = await first();
    await ok(
      session,
      'EXEC sys.sp_cdc_enable_db; CREATE TABLE dbo.A (ID int PRIMARY KEY, N varchar(10), B varbinary(max))',
    );
    await ok(session, "EXEC sys.sp_cdc_enable_table 'dbo', 'A', @role_name = NULL, @supports_net_changes = 1");
    await ok(
      session,
      "INSERT dbo.A VALUES (1, 'a', 0x01), (2, 'b', NULL); UPDATE dbo.A SET N = 'c' WHERE ID = 1; UPDATE dbo.A SET ID = 3 WHERE ID = 2",
    );
    const changes = 'SELECT * FROM cdc.dbo_A_CT ORDER BY __$start_lsn, __$command_id, __$seqval, __$operation';
    await eventually(async () => expect(await ok(session, changes)).toHaveLength(6), { timeoutMs: 5000 });
    await ok(session, "EXEC sys.sp_cdc_stop_job N'capture'");
    await ok(session, 'DELETE dbo.A WHERE ID = 1');
    const before = await dump(session, [...CDC, changes]);
    const [max] = await ok(session, 'SELECT sys.fn_cdc_get_max_lsn()');
    const again = await afterCrash(directory);
    expect(await dump(again, [...CDC, changes])).toEqual(before);
    await ok(again, "EXEC sys.sp_cdc_start_job N'capture'; INSERT dbo.A VALUES (9, 'z', NULL)");
    await eventually(async () => expect(await ok(again, changes)).toHaveLength(8), { timeoutMs: 5000 });
    const later = await ok(
      again,
      `SELECT __$operation, ID FROM cdc.dbo_A_CT WHERE __$start_lsn > ${max} ORDER BY __$start_lsn`,
    );
    expect(later).toEqual(['1|1', '2|9']);
    const mark = '(SELECT MAX(start_lsn) FROM cdc.lsn_time_mapping WHERE tran_id <> 0x00)';
    await ok(again, `DECLARE @l binary(10) = ${mark}; EXEC sys.sp_cdc_cleanup_change_table 'dbo_A', @l, 5000`);
    expect(await ok(again, changes)).toHaveLength(1);
  });

  it('begins anew when the first start did not finish its scripts, and remembers a finished one', async () => {
    const directory = tempFolder();
    const server = start(directory);
    const session = await openSession(server);
    await ok(session, 'CREATE TABLE dbo.HALF (ID int)');
    const second = start(crashCopy(directory));
    expect(second.fresh).toBe(true);
    expect(await ok(await openSession(second), "SELECT OBJECT_ID('dbo.HALF')")).toEqual(['NULL']);
  });

  it('refuses a directory that another server uses', () => {
    const directory = tempFolder();
    start(directory);
    expect(() => start(directory)).toThrow(DataDirectoryError);
  });
});
