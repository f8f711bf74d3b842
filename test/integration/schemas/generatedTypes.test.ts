import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { plainNeeds } from '#connectors/capture/preflightNeeds.ts';
import { NO_RULES } from '#connectors/capture/tableRules.ts';
import { loadTables } from '#connectors/capture/tables.ts';
import { rowTypesOf } from '#connectors/publish/rowTypes.ts';
import { openDatabase } from '#connectors/sqlserver/connection.ts';
import { preflight } from '#connectors/sqlserver/preflight.ts';
import { type SqlVariant, sqlScripts } from '#infra/sql/scripts.ts';
import { startStandin } from '#test/support/standinProcess.ts';

const PASSWORD = 'C4pture!Only';
const DATABASES = [
  { variant: 'epos', database: 'EPOS', group: 'Epos' },
  { variant: 'adventureworks', database: 'AdventureWorks', group: 'AdventureWorks' },
] as const;

const read = (path: string): Promise<string> => readFile(new URL(`../../../${path}`, import.meta.url), 'utf8');

/** Every script of a demo database in the order a DBA runs them. */
async function scriptsOf(variant: SqlVariant, database: string): Promise<string[]> {
  const variables = {
    SluiceDatabase: database,
    SluiceCapturePassword: PASSWORD,
    SluiceCommandsPassword: 'C0mmands!Only',
  };
  return [
    await read(`infra/demo/${variant}/schema.sql`),
    await read(`infra/demo/${variant}/cdc.sql`),
    ...sqlScripts(variant, variables).map(({ text }) => `USE ${database};\nGO\n${text}`),
  ];
}

describe.each(DATABASES)('the demo database $database', ({ variant, database, group }) => {
  test('passes preflight with the capture login, and its committed row types are what it generates', async () => {
    const standin = await startStandin({
      scripts: await scriptsOf(variant, database),
      args: ['--capture-interval', '20'],
    });
    const options = {
      server: '127.0.0.1',
      port: standin.port,
      database,
      user: 'sluice_capture',
      password: PASSWORD,
      encrypt: false,
      trustServerCertificate: true,
      connectTimeoutMs: 5000,
      requestTimeoutMs: 30_000,
    };
    try {
      const cdc = await read(`infra/demo/${variant}/cdc.sql`);
      const captured = [...cdc.matchAll(/@source_schema = N'(\w+)', @source_name = N'(\w+)'/g)].map(
        (m) => `${m[1]}.${m[2]}`,
      );
      const tables = [...captured, 'storefront.COMMAND'];
      expect((await preflight(options, plainNeeds(options.database, tables))).filter((result) => !result.ok)).toEqual(
        [],
      );
      const db = await openDatabase(options);
      const text = rowTypesOf(
        (await loadTables(db, { database, tables, rules: NO_RULES }, null, new AbortController().signal)).tables,
        variant,
        group,
      );
      await db.close();
      expect(text).toBe(await read(`schemas/generated/${variant}.ts`));
    } finally {
      await standin.stop();
    }
  });
});
