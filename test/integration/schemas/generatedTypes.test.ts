import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, inject, test } from 'vitest';
import { openDatabase } from '#connectors/sqlserver/connection.ts';
import { preflight } from '#connectors/sqlserver/preflight.ts';
import { type SqlVariant, sqlScripts } from '#infra/sql/scripts.ts';
import { buildCapture, type CaptureSetup } from '#test/support/captureProcess.ts';
import { shopEnvironment } from '#test/support/captureRole.ts';
import { plainNeeds } from '#test/support/captureSettings.ts';
import { databaseOptions } from '#test/support/databaseOptions.ts';
import { eventually } from '#test/support/eventually.ts';
import { type Finished, sluice } from '#test/support/sluice.ts';
import { startStandin } from '#test/support/standinProcess.ts';
import { tempFolder } from '#test/support/tempFolder.ts';

const PASSWORD = 'C4pture!Only';
const PATIENCE = { timeoutMs: 60_000 };
const DATABASES = [
  { variant: 'epos', database: 'EPOS', group: 'Epos', changed: 'dbo.VAT_RATE' },
  { variant: 'adventureworks', database: 'AdventureWorks', group: 'AdventureWorks', changed: 'Production.Location' },
] as const;

const pathOf = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
const read = (path: string): Promise<string> => readFile(pathOf(path), 'utf8');

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

/** Captures into the registry until the work is done. */
async function whileCapturing(setup: CaptureSetup, work: () => Promise<void>): Promise<void> {
  const stop = new AbortController();
  const { capture, kafka } = buildCapture(setup);
  const done = capture.run(stop.signal).finally(() => kafka.close());
  done.catch(() => undefined);
  try {
    await eventually(
      () => expect(capture.status(), String(capture.status().lastError)).toMatchObject({ state: 'streaming' }),
      PATIENCE,
    );
    await work();
  } finally {
    stop.abort();
    await done;
  }
}

describe.each(DATABASES)('the demo database $database', ({ variant, database, group, changed }) => {
  test('passes preflight; its committed row types are what the source and the registry give, until a column is added', async () => {
    const standin = await startStandin({
      scripts: await scriptsOf(variant, database),
      args: ['--capture-interval', '20'],
    });
    const source = databaseOptions(standin, database, { user: 'sluice_capture', password: PASSWORD });
    const cdc = await read(`infra/demo/${variant}/cdc.sql`);
    const captured = [...cdc.matchAll(/@source_schema = N'(\w+)', @source_name = N'(\w+)'/g)].map(
      (m) => `${m[1]}.${m[2]}`,
    );
    const tables = [...captured, 'storefront.COMMAND'];
    const { kafka, registry } = inject('stack');
    const setup: CaptureSetup = {
      source,
      tables,
      brokers: kafka!.brokers,
      registryUrl: registry!.url,
      topicPrefix: `types-${randomUUID()}`,
      settings: { idleWriteMs: 200 },
    };
    const committed = pathOf(`schemas/generated/${variant}.ts`);
    /** Without `--from source` the process cannot know the source: neither its port nor the password. */
    const generate = (...args: string[]): Promise<Finished> => {
      const fromSource = args.includes('source');
      return sluice(['schemas', 'generate', '--group', group, ...args], {
        ...shopEnvironment(setup),
        SHOP_DATABASE: database,
        ...(!fromSource && { SLUICE_SQL_PORT: '9', SHOP_PASSWORD: '' }),
      });
    };
    try {
      expect((await preflight(source, plainNeeds(database, tables))).filter((result) => !result.ok)).toEqual([]);
      const [early, bySource] = await Promise.all([
        generate('--out', committed, '--check'),
        generate('--out', committed, '--check', '--from', 'source'),
      ]);
      expect(early).toMatchObject({ code: 1, stderr: expect.stringContaining('SCHEMA_NOT_PUBLISHED') });
      expect(early.stderr).toContain('--from source');
      expect(bySource).toMatchObject({ code: 0, stdout: expect.stringContaining('up to date with the source') });

      await whileCapturing(setup, async () => {
        const fresh = join(tempFolder(), 'types.ts');
        const [checked, written] = await Promise.all([
          generate('--out', committed, '--check'),
          generate('--out', fresh),
        ]);
        expect(checked).toMatchObject({ code: 0, stdout: expect.stringContaining('up to date with the registry') });
        expect(written, written.stderr).toMatchObject({ code: 0 });
        expect(await readFile(fresh, 'utf8')).toBe(await readFile(committed, 'utf8'));

        await addColumn({ ...source, user: 'sa', password: standin.saPassword }, changed);
        const stale = await eventually(async () => {
          const result = await generate('--out', fresh, '--check', '--json');
          expect(result.code, result.stderr).toBe(4);
          return result;
        }, PATIENCE);
        expect(JSON.parse(stale.stdout)).toEqual({
          file: fresh,
          upToDate: false,
          exists: true,
          differences: [
            {
              table: changed,
              column: 'ADDED_LATER',
              expected: 'string | null (decimal(7, 2) as exact text)',
              found: null,
            },
          ],
        });
        const text = await generate('--out', fresh, '--check');
        expect(text.code).toBe(4);
        expect(text.stdout).toMatch(/ADDED_LATER +string \| null \(decimal\(7, 2\) as exact text\) +\(none\)/);
      });
    } finally {
      await standin.stop();
    }
  });
});

/** As a DBA would: the column, and a second capture instance that has it. */
async function addColumn(owner: CaptureSetup['source'], table: string): Promise<void> {
  const [schema, name] = table.split('.');
  const db = await openDatabase(owner);
  await db.batch(`ALTER TABLE ${table} ADD ADDED_LATER decimal(7, 2) NULL`);
  await db.batch(
    `EXEC sys.sp_cdc_enable_table @source_schema = N'${schema}', @source_name = N'${name}', @role_name = N'sluice_cdc_reader', @supports_net_changes = 0, @capture_instance = N'${schema}_${name}_2'`,
  );
  await db.close();
}
