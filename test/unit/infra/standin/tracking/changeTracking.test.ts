import { cpSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createServer } from '#infra/standin/engine/server.ts';
import { tempFolder } from '#test/support/tempFolder.ts';
import { openSession, type ScriptSession, startServer } from '../engine/scriptSession.ts';

let session: ScriptSession;

beforeEach(async () => {
  session = await openSession(startServer());
});

afterEach(async () => {
  await session.close();
});

async function ok(sql: string, by = session): Promise<string[]> {
  const { errors, rows } = await by.run(sql);
  expect(errors).toEqual([]);
  return rows;
}

async function error(sql: string): Promise<number | undefined> {
  return (await session.run(sql)).errors[0]?.number;
}

const SETUP = `CREATE TABLE dbo.A (ID int PRIMARY KEY, N int, M varchar(10));
  INSERT dbo.A VALUES (1, 1, 'a'), (2, 2, 'b');
  ALTER DATABASE T SET CHANGE_TRACKING = ON (CHANGE_RETENTION = 3 HOURS, AUTO_CLEANUP = ON);
  ALTER TABLE dbo.A ENABLE CHANGE_TRACKING WITH (TRACK_COLUMNS_UPDATED = ON)`;

function changes(since: number | string): string {
  return `SELECT c.ID, c.SYS_CHANGE_OPERATION, c.SYS_CHANGE_VERSION, c.SYS_CHANGE_CREATION_VERSION
    FROM CHANGETABLE(CHANGES dbo.A, ${since}) AS c ORDER BY c.SYS_CHANGE_VERSION, c.ID`;
}

describe('change tracking', () => {
  it('is off until it is switched on, for the database and then the table', async () => {
    await ok('CREATE TABLE dbo.A (ID int PRIMARY KEY); CREATE TABLE dbo.NOKEY (ID int)');
    expect(await ok('SELECT CHANGE_TRACKING_CURRENT_VERSION()')).toEqual(['NULL']);
    expect(await error(changes(0))).toBe(22105);
    expect(await error('ALTER TABLE dbo.A ENABLE CHANGE_TRACKING')).toBe(5089);
    await ok('ALTER DATABASE T SET CHANGE_TRACKING = ON');
    expect(
      await ok(
        'SELECT retention_period, retention_period_units, is_auto_cleanup_on FROM sys.change_tracking_databases',
      ),
    ).toEqual(['2|3|1']);
    expect(await error('ALTER TABLE dbo.NOKEY ENABLE CHANGE_TRACKING')).toBe(4997);
    await ok('ALTER TABLE dbo.A ENABLE CHANGE_TRACKING');
    expect(await error('ALTER TABLE dbo.A ENABLE CHANGE_TRACKING')).toBe(4996);
    expect(await error('ALTER DATABASE T SET CHANGE_TRACKING = OFF')).toBe(22115);
    expect(await ok('SELECT OBJECT_NAME(object_id) FROM sys.change_tracking_tables')).toEqual(['A']);
    await ok('ALTER TABLE dbo.A DISABLE CHANGE_TRACKING; ALTER DATABASE T SET CHANGE_TRACKING = OFF');
  });

  it('shows the net change of each key after a version', async () => {
    await ok(SETUP);
    expect(await ok(changes(0))).toEqual([]);
    await ok("INSERT dbo.A VALUES (3, 3, 'c')");
    await ok('UPDATE dbo.A SET N = 9 WHERE ID IN (1, 3)');
    await ok('DELETE dbo.A WHERE ID = 2');
    expect(await ok('SELECT CHANGE_TRACKING_CURRENT_VERSION()')).toEqual(['3']);
    expect(await ok(changes(0))).toEqual(['1|U|2|NULL', '3|I|2|1', '2|D|3|NULL']);
    expect(await ok(changes(1))).toEqual(['1|U|2|NULL', '3|U|2|NULL', '2|D|3|NULL']);
    expect(await ok(changes('NULL'))).toHaveLength(3);
    expect(await ok(changes(3))).toEqual([]);
  });

  it('takes a key that is deleted and inserted again for updated, and a changed key for a delete and an insert', async () => {
    await ok(SETUP);
    await ok("BEGIN TRAN; DELETE dbo.A WHERE ID = 1; INSERT dbo.A VALUES (1, 5, 'z'); COMMIT");
    await ok('UPDATE dbo.A SET ID = 7 WHERE ID = 2');
    expect(await ok(changes(0))).toEqual(['1|U|1|NULL', '2|D|2|NULL', '7|I|2|2']);
  });

  it('gives versions at commit, none to what is rolled back', async () => {
    await ok(SETUP);
    const other = await session.another();
    await ok('BEGIN TRAN; UPDATE dbo.A SET N = 5 WHERE ID = 1', other);
    await ok('UPDATE dbo.A SET N = 5 WHERE ID = 2');
    await ok('COMMIT', other);
    await ok('BEGIN TRAN; DELETE dbo.A; ROLLBACK');
    expect(await ok(changes(0))).toEqual(['2|U|1|NULL', '1|U|2|NULL']);
  });

  it('tells which columns changed, and by whose context', async () => {
    await ok(SETUP);
    await ok(
      "DECLARE @me varbinary(128) = 0xCAFE; WITH CHANGE_TRACKING_CONTEXT (@me) UPDATE dbo.A SET M = 'x' WHERE ID = 1",
    );
    await ok('UPDATE dbo.A SET N = 8 WHERE ID = 2');
    const asked = ['N', 'M'].map(
      (name) =>
        `CHANGE_TRACKING_IS_COLUMN_IN_MASK(COLUMNPROPERTY(OBJECT_ID('dbo.A'), '${name}', 'ColumnId'), c.SYS_CHANGE_COLUMNS)`,
    );
    expect(
      await ok(`SELECT c.ID, ${asked.join(', ')}, c.SYS_CHANGE_CONTEXT FROM CHANGETABLE(CHANGES A, 0) AS c ORDER BY 1`),
    ).toEqual(['1|0|1|0xCAFE', '2|1|0|NULL']);
    expect(await ok('SELECT CHANGE_TRACKING_IS_COLUMN_IN_MASK(1, NULL)')).toEqual(['1']);
  });

  it('joins with the table, and tells the version of one row', async () => {
    await ok(SETUP);
    await ok('UPDATE dbo.A SET N = 8 WHERE ID = 2; DELETE dbo.A WHERE ID = 1');
    expect(
      await ok(
        'SELECT c.ID, c.SYS_CHANGE_OPERATION, a.N FROM CHANGETABLE(CHANGES dbo.A, 0) AS c LEFT JOIN dbo.A a ON a.ID = c.ID ORDER BY 1',
      ),
    ).toEqual(['1|D|NULL', '2|U|8']);
    expect(
      await ok(
        'SELECT a.ID, v.SYS_CHANGE_VERSION FROM dbo.A a CROSS APPLY CHANGETABLE(VERSION dbo.A, (ID), (a.ID)) AS v',
      ),
    ).toEqual(['2|1']);
  });

  it('reads as of its snapshot under SNAPSHOT isolation', async () => {
    await ok(`${SETUP}; ALTER DATABASE T SET ALLOW_SNAPSHOT_ISOLATION ON`);
    await ok('UPDATE dbo.A SET N = 8 WHERE ID = 2');
    const reader = await session.another();
    await ok('SET TRANSACTION ISOLATION LEVEL SNAPSHOT; BEGIN TRAN', reader);
    expect(await ok('SELECT CHANGE_TRACKING_CURRENT_VERSION()', reader)).toEqual(['1']);
    await ok('UPDATE dbo.A SET N = 9');
    expect(await ok('SELECT CHANGE_TRACKING_CURRENT_VERSION()', reader)).toEqual(['1']);
    expect(await ok(changes(0), reader)).toEqual(['2|U|1|NULL']);
    await ok('COMMIT', reader);
    expect(await ok(changes(0))).toEqual(['1|U|2|NULL', '2|U|2|NULL']);
  });

  it('asks readers to begin anew after TRUNCATE', async () => {
    await ok(SETUP);
    const valid = "SELECT CHANGE_TRACKING_MIN_VALID_VERSION(OBJECT_ID('dbo.A'))";
    expect(await ok(valid)).toEqual(['0']);
    await ok('UPDATE dbo.A SET N = 8; TRUNCATE TABLE dbo.A');
    expect(await ok(valid)).toEqual(['2']);
    expect(await ok(changes(0))).toEqual([]);
  });

  it('needs VIEW CHANGE TRACKING on the table and SELECT on its key', async () => {
    await ok(`${SETUP}; CREATE USER u WITHOUT LOGIN; GRANT SELECT ON dbo.A TO u`);
    const asU = `EXECUTE AS USER = 'u'; ${changes(0)}; REVERT`;
    expect(await error(asU)).toBe(229);
    await ok('REVERT; GRANT VIEW CHANGE TRACKING ON dbo.A TO u');
    await ok(asU);
  });

  it('goes on after a crash with a data directory', async () => {
    const directory = tempFolder();
    const options = { saPassword: 'Secret-1', captureIntervalMs: 10, databases: ['T'] };
    const onFailure = (): void => {};
    const server = createServer({ ...options, data: { directory, onFailure } });
    await server.markInitialised();
    const first = await openSession(server);
    await ok(SETUP, first);
    await ok("INSERT dbo.A VALUES (3, 3, 'c'); UPDATE dbo.A SET N = 1 WHERE ID = 2", first);
    const [before, copy] = [await ok(changes(0), first), tempFolder()];
    for (const name of readdirSync(directory))
      if (name.endsWith('.log')) cpSync(join(directory, name), join(copy, name));
    await first.close();
    for (let start = 0; start < 2; start++) {
      const again = await openSession(createServer({ ...options, data: { directory: copy, onFailure } }));
      expect(await ok(changes(0), again)).toEqual(before);
      expect(await ok('SELECT CHANGE_TRACKING_CURRENT_VERSION()', again)).toEqual(['2']);
      await again.close();
    }
  });
});
