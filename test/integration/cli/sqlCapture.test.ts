import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type Database, openDatabase } from '#connectors/sqlserver/connection.ts';
import type { DatabaseOptions } from '#connectors/sqlserver/poolConfig.ts';
import { type PreflightResult, preflight } from '#connectors/sqlserver/preflight.ts';
import { captureScript } from '#infra/sql/captureScript.ts';
import { splitBatches } from '#infra/sql/scripts.ts';
import { plainNeeds } from '#test/support/captureSettings.ts';
import { databaseOptions } from '#test/support/databaseOptions.ts';
import { eventually } from '#test/support/eventually.ts';
import { sluice } from '#test/support/sluice.ts';

const PASSWORD = "Capture'Only9";
const LOGIN = `cap ${randomUUID().slice(0, 8)}`;
const [SHOP, SECOND] = [`Script${randomUUID().slice(0, 8)}`, `Second${randomUUID().slice(0, 8)}`];
const server = inject('stack').sqlserver!;

const options = (user: string, password: string, database: string): DatabaseOptions =>
  databaseOptions(server, database, { user, password, connectTimeoutMs: 15_000, maxConnections: 1 });

let owner: Database;

async function run(text: string): Promise<void> {
  const filled = text.replaceAll('$(SluiceCapturePassword)', PASSWORD.replaceAll("'", "''"));
  for (const batch of splitBatches(filled)) await owner.batch(batch);
}

beforeAll(async () => {
  owner = await openDatabase(options('sa', server.saPassword, 'master'));
  for (const database of [SHOP, SECOND]) {
    await run(`CREATE DATABASE ${database}
GO
USE ${database}
GO
CREATE TABLE dbo.[PRICE LIST] (ID int NOT NULL PRIMARY KEY, NAME varchar(20) NULL DEFAULT 'x')
GO
CREATE TABLE dbo.STOCK (ID int NOT NULL PRIMARY KEY)
GO
CREATE TABLE dbo.CUSTOMER (ID int NOT NULL PRIMARY KEY)
GO
CREATE SCHEMA storefront
GO
CREATE PROCEDURE storefront.AcceptOrder AS SELECT 1 AS one
GO
USE master`);
  }
});

afterAll(async () => {
  await owner.batch('USE master');
  for (const database of [SHOP, SECOND]) await owner.batch(`DROP DATABASE ${database}`);
  await owner.batch(`DROP LOGIN [${LOGIN}]`);
  await owner.close();
});

const tables = ['dbo.PRICE LIST', 'dbo.STOCK'];
const script = (managesInstances = false): string =>
  captureScript({
    login: LOGIN,
    managesInstances,
    databases: [
      { database: SHOP, tables, patterns: [] },
      { database: SECOND, tables: ['dbo.STOCK'], patterns: ['web.*'] },
    ],
  });
const faults = (results: readonly PreflightResult[]): string[] => results.filter((r) => !r.ok).map((r) => r.check);
const check = (database = SHOP, wanted = tables) =>
  preflight(options(LOGIN, PASSWORD, database), plainNeeds(database, wanted));

describe('the script of sluice sql capture', () => {
  test('run twice, it leaves a database that sluice check finds right, and only once each instance', async () => {
    await run(script());
    await run(script());
    await eventually(async () => expect(faults(await check())).toEqual([]), { timeoutMs: 30_000 });
    expect(faults(await check(SECOND, ['dbo.STOCK']))).toEqual([]);
    await owner.batch(`USE ${SHOP}`);
    expect(await owner.rows('SELECT capture_instance FROM cdc.change_tables ORDER BY 1')).toEqual([
      ['dbo_PRICE LIST'],
      ['dbo_STOCK'],
    ]);
  });

  test('the login can read what it must, and nothing else', async () => {
    const login = await openDatabase(options(LOGIN, PASSWORD, SHOP));
    await login.rows('SELECT COUNT(*) FROM dbo.[PRICE LIST]');
    await login.rows('SELECT COUNT(*) FROM cdc.[dbo_STOCK_CT]');
    for (const refused of [
      'SELECT COUNT(*) FROM dbo.CUSTOMER',
      'INSERT INTO dbo.STOCK (ID) VALUES (1)',
      'DELETE FROM cdc.[dbo_STOCK_CT]',
      'EXEC storefront.AcceptOrder',
    ]) {
      await expect(login.rows(refused), refused).rejects.toMatchObject({ code: expect.stringMatching(/^SQL_/) });
    }
    await login.close();
  });

  test.each([
    ['EXECUTE on the order path', 'GRANT EXECUTE ON storefront.AcceptOrder TO', 'source: no way to act', 'AcceptOrder'],
    ['reading another table', 'GRANT SELECT ON dbo.CUSTOMER TO', 'source: other tables', 'CUSTOMER'],
    ['writing a captured table', 'GRANT UPDATE ON dbo.STOCK TO', 'source: no way to act', 'UPDATE on dbo.STOCK'],
    ['reading everything', 'GRANT SELECT TO', 'source: least privilege', 'database SELECT'],
  ])('sluice check notices %s', async (_what, grant, expected, named) => {
    await owner.batch(`USE ${SHOP}`);
    await owner.batch(`${grant} [${LOGIN}]`);
    try {
      const found = (await check()).find((r) => r.check === expected);
      expect(found).toMatchObject({ ok: false, actual: expect.stringContaining(named) });
    } finally {
      await owner.batch(`${grant.replace('GRANT', 'REVOKE').replace(/ TO$/, ' FROM')} [${LOGIN}]`);
    }
    expect(faults(await check())).toEqual([]);
  });

  test('sluice check names what the weaker snapshots are chosen for, and asks for db_owner only where it is needed', async () => {
    await owner.batch(`ALTER DATABASE ${SHOP} SET ALLOW_SNAPSHOT_ISOLATION OFF`);
    const weaker = await preflight(options(LOGIN, PASSWORD, SHOP), { ...plainNeeds(SHOP, tables), snapshot: 'auto' });
    await owner.batch(`ALTER DATABASE ${SHOP} SET ALLOW_SNAPSHOT_ISOLATION ON`);
    expect(faults(weaker)).toEqual([]);
    expect(weaker.find((r) => r.check === 'source: snapshot isolation')?.actual).toContain('weaker way');
    const managing = { ...plainNeeds(SHOP, tables), managesInstances: true };
    expect(faults(await preflight(options(LOGIN, PASSWORD, SHOP), managing))).toEqual(['source: db_owner']);
    await run(script(true));
    expect(faults(await preflight(options(LOGIN, PASSWORD, SHOP), managing))).toEqual([]);
  });

  test('sluice sql capture prints it for a configuration, without a connection and without a secret', async () => {
    const { code, stdout } = await sluice(
      ['sql', 'capture', '--config', fileURLToPath(new URL('../../support/configs/check.config.ts', import.meta.url))],
      {
        SLUICE_SQL_HOST: '127.0.0.1',
        SLUICE_SQL_PORT: '9',
        SLUICE_SQL_ENCRYPT: 'true',
        SLUICE_KAFKA_BROKERS: '127.0.0.1:9',
        SLUICE_REGISTRY_URL: 'http://127.0.0.1:9',
        SLUICE_ELASTICSEARCH_URL: 'http://127.0.0.1:9',
        SLUICE_REDIS_URL: 'redis://127.0.0.1:9',
        CHECK_USER: "o'hara",
        CHECK_PASSWORD: 'hunter2-secret',
        CHECK_DATABASE: 'SHOP',
        CHECK_TABLES: 'dbo.ITEM,OTHER.dbo.THING',
      },
    );
    expect(code).toBe(0);
    expect(stdout).toContain("name = N'o''hara'");
    expect(stdout).toContain('USE [OTHER];');
    expect(stdout).toContain("OBJECT_ID(N'[dbo].[ITEM]')");
    expect(stdout).not.toContain('hunter2');
  });
});
