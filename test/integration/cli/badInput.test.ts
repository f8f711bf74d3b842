import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type Database, openDatabase } from '#connectors/sqlserver/connection.ts';
import { databaseOptions } from '#test/support/databaseOptions.ts';
import { sluice } from '#test/support/sluice.ts';

const config = (name: string): string =>
  fileURLToPath(new URL(`../../support/configs/${name}.config.ts`, import.meta.url));
const CHECK = config('check');
const WITH_CDC = 'CheckWithCdc';
const WITHOUT_CDC = 'CheckWithoutCdc';

const stack = inject('stack');
const server = stack.sqlserver!;
const environment = {
  SLUICE_SQL_HOST: server.host,
  SLUICE_SQL_PORT: String(server.port),
  SLUICE_SQL_ENCRYPT: String(server.encrypt),
  SLUICE_KAFKA_BROKERS: stack.kafka!.brokers.join(','),
  SLUICE_REGISTRY_URL: stack.registry!.url,
  SLUICE_ELASTICSEARCH_URL: stack.elasticsearch!.url,
  SLUICE_REDIS_URL: stack.redis!.url,
  CHECK_USER: 'check_reader',
  CHECK_PASSWORD: 'Reader-0nly!',
  CHECK_DATABASE: WITH_CDC,
  CHECK_TABLES: 'dbo.ITEM',
};
const faults = (text: string): string[] => text.split('\n').filter((line) => line.startsWith('✗'));

let owner: Database;

beforeAll(async () => {
  owner = await openDatabase(databaseOptions(server, 'master', { connectTimeoutMs: 15_000, maxConnections: 1 }));
  await owner.batch("CREATE LOGIN check_reader WITH PASSWORD = 'Reader-0nly!'");
  await owner.batch('GRANT VIEW SERVER STATE TO check_reader');
  for (const name of [WITH_CDC, WITHOUT_CDC]) {
    await owner.batch(`CREATE DATABASE ${name}`);
    await owner.batch(`ALTER DATABASE ${name} SET ALLOW_SNAPSHOT_ISOLATION ON`);
    await owner.batch(`USE ${name}`);
    await owner.batch('CREATE TABLE dbo.ITEM (ID int NOT NULL PRIMARY KEY, NAME varchar(20) NULL)');
    await owner.batch('CREATE TABLE dbo.PLAIN (ID int NOT NULL PRIMARY KEY)');
    await owner.batch('CREATE USER check_reader FOR LOGIN check_reader');
    await owner.batch('GRANT SELECT ON dbo.ITEM TO check_reader');
    await owner.batch('GRANT VIEW DATABASE STATE TO check_reader');
    if (name === WITH_CDC) {
      await owner.batch('EXEC sys.sp_cdc_enable_db');
      await owner.batch(
        "EXEC sys.sp_cdc_enable_table @source_schema = N'dbo', @source_name = N'ITEM', @role_name = NULL",
      );
      await owner.batch('GRANT SELECT ON SCHEMA::cdc TO check_reader');
    }
  }
});

afterAll(async () => {
  await owner?.close();
});

describe('sluice check', () => {
  it('finds everything as expected where it is', async () => {
    const { code, stdout } = await sluice(['check', '--config', CHECK], environment);
    expect(stdout).toMatch(/\d+ checks, all as expected/);
    expect(code).toBe(0);
  });

  it('says that a login can do more than it needs', async () => {
    const { code, stdout } = await sluice(['check', '--config', CHECK], {
      ...environment,
      CHECK_USER: 'sa',
      CHECK_PASSWORD: server.saPassword,
    });
    expect(faults(stdout)).toEqual(['✗ source: least privilege', '✗ source: no way to act', '✗ source: other tables']);
    expect(code).toBe(4);
  });

  it('says that the login failed when the password is wrong, and does not print it', async () => {
    const { code, stdout, stderr } = await sluice(['check', '--config', CHECK], {
      ...environment,
      CHECK_PASSWORD: 'Wr0ng-hunter2',
    });
    expect(stdout).toContain('SQL_LOGIN_FAILED');
    expect(stdout + stderr).not.toContain('hunter2');
    expect(code).toBe(4);
  });

  it('says that the database is missing', async () => {
    const { code, stdout } = await sluice(['check', '--config', CHECK], {
      ...environment,
      CHECK_DATABASE: 'NoSuchDatabase',
    });
    expect(stdout).toContain('SQL_DATABASE_UNAVAILABLE');
    expect(code).toBe(4);
  });

  it('says that change data capture is off and how to switch it on', async () => {
    const { code, stdout } = await sluice(['check', '--config', CHECK], {
      ...environment,
      CHECK_DATABASE: WITHOUT_CDC,
    });
    expect(faults(stdout)).toContainEqual('✗ source: change data capture');
    expect(stdout).toContain('sp_cdc_enable_db');
    expect(code).toBe(4);
  });

  it('names the table that has no capture instance', async () => {
    const { code, stdout } = await sluice(['check', '--config', CHECK], {
      ...environment,
      CHECK_TABLES: 'dbo.ITEM,dbo.PLAIN',
    });
    expect(faults(stdout).join('\n')).toContain('dbo.PLAIN');
    expect(stdout).toContain('sp_cdc_enable_table');
    expect(code).toBe(4);
  });

  it('says which server does not answer', async () => {
    const { code, stdout } = await sluice(['check', '--config', CHECK, '--json'], {
      ...environment,
      SLUICE_REGISTRY_URL: 'http://127.0.0.1:1/apis/ccompat/v7',
    });
    const results = JSON.parse(stdout) as { check: string; ok: boolean; hint: string }[];
    expect(results.filter((result) => !result.ok)).toMatchObject([
      { check: 'schema registry', hint: expect.stringContaining('registry.url') },
    ]);
    expect(code).toBe(4);
  });
});

describe('sluice up', () => {
  it('prints every fault of a configuration at once, by path, and no secret', async () => {
    const { code, stderr } = await sluice(['up', '--config', config('faulty')]);
    for (const part of [
      'source.port',
      'source.password',
      'source.tables[0]',
      'kafka.brokers',
      'did you mean pollIntervalMs?',
    ])
      expect(stderr).toContain(part);
    expect(stderr).not.toContain('hunter2');
    expect(code).toBe(1);
  });

  it('ends with a clear reason when the database has no change data capture', async () => {
    const { code, stderr } = await sluice(['up', '--role', 'capture', '--config', CHECK], {
      ...environment,
      CHECK_DATABASE: WITHOUT_CDC,
    });
    expect(stderr).toContain('CDC_NOT_ENABLED');
    expect(code).toBe(1);
  });

  it('ends with a clear reason when a table is not captured', async () => {
    const { code, stderr } = await sluice(['up', '--role', 'capture', '--config', CHECK], {
      ...environment,
      CHECK_TABLES: 'dbo.PLAIN',
    });
    expect(stderr).toContain('CDC_TABLE_NOT_CAPTURED');
    expect(stderr).toContain('dbo.PLAIN');
    expect(code).toBe(1);
  });
});

describe('a command line that is not understood', () => {
  it('ends with code 2 and names what is wrong', async () => {
    const { code, stderr } = await sluice(['demo', '--rate', 'fast']);
    expect(stderr).toContain('expected a number above 0, found fast');
    expect(code).toBe(2);
  });
});
