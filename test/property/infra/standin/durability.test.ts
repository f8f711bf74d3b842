import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createServer, type StandinServer } from '#infra/standin/engine/server.ts';
import { tempFolder } from '#test/support/tempFolder.ts';
import { openSession, type ScriptSession } from '../../../unit/infra/standin/engine/scriptSession.ts';

const RUNS = 25;

function start(directory: string): StandinServer {
  const onFailure = (error: Error): never => {
    throw error;
  };
  return createServer({
    saPassword: 'Secret-1',
    captureIntervalMs: 10,
    databases: ['T'],
    data: { directory, onFailure },
  });
}

function logIn(directory: string): string {
  return join(directory, readdirSync(directory).find((name) => name.endsWith('.log'))!);
}

const id = fc.integer({ min: 1, max: 12 });
const statement = fc.oneof(
  fc
    .tuple(id, fc.string({ maxLength: 8 }))
    .map(([n, text]) => `INSERT A (ID, V) VALUES (${n}, N'${text.replaceAll("'", "''")}')`),
  fc.tuple(id, fc.integer()).map(([n, v]) => `UPDATE A SET V = '${v}' WHERE ID >= ${n}`),
  fc.tuple(id, id).map(([from, to]) => `UPDATE A SET ID = ${to} WHERE ID = ${from}`),
  id.map((n) => `DELETE A WHERE ID = ${n}`),
  fc.constant('INSERT H SELECT ID FROM A'),
  fc.constant('TRUNCATE TABLE H'),
);
const step = fc.oneof(
  { weight: 6, arbitrary: statement },
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.array(statement, { minLength: 1, maxLength: 4 }), fc.boolean())
      .map(([list, keep]) => `BEGIN TRAN; ${list.join('; ')}; ${keep ? 'COMMIT' : 'ROLLBACK'}`),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      'ALTER TABLE A ADD X datetime NULL DEFAULT GETDATE() WITH VALUES',
      'CREATE INDEX IX ON A (V)',
      "EXEC sys.sp_cdc_enable_table 'dbo', 'A', @role_name = NULL",
      "EXEC sys.sp_cdc_disable_table 'dbo', 'A', 'all'",
      'ALTER TABLE A DROP COLUMN X',
      'EXEC sys.sp_cdc_scan',
    ),
  },
);

async function state(session: ScriptSession): Promise<string> {
  const parts: unknown[] = [];
  for (const query of [
    'SELECT * FROM A ORDER BY ID',
    'SELECT * FROM H ORDER BY ID',
    'SELECT name, object_id FROM sys.objects ORDER BY 2',
    'SELECT capture_instance, object_id FROM cdc.change_tables',
  ])
    parts.push((await session.run(query)).rows);
  return JSON.stringify(parts);
}

describe('a stand-in with a data directory', () => {
  it('is after a crash as it was after some acknowledged step, and with the whole log as after the last', {
    timeout: 120_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 12 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        async (steps, cut) => {
          const directory = tempFolder();
          const server = start(directory);
          const session = await openSession(server);
          await session.run(
            'CREATE TABLE A (ID int PRIMARY KEY, V nvarchar(20), RV rowversion); CREATE TABLE H (ID int); EXEC sys.sp_cdc_enable_db',
          );
          await session.run("EXEC sys.sp_cdc_stop_job 'capture'");
          await server.markInitialised();
          const whole = logIn(directory);
          const base = readFileSync(whole).length;
          const states: string[] = [await state(session)];
          // A failing statement of a batch does not undo those before it, so every batch may leave several states.
          for (const sql of steps) {
            await session.run(sql);
            states.push(await state(session));
          }
          const full = readFileSync(whole);
          await session.close();
          const reopen = async (bytes: Buffer): Promise<string> => {
            const copy = tempFolder();
            cpSync(whole, join(copy, 'standin-00000001.log'));
            writeFileSync(join(copy, 'standin-00000001.log'), bytes);
            const again = start(copy);
            const other = await openSession(again);
            const found = await state(other);
            await other.close();
            return found;
          };
          expect(await reopen(full)).toBe(states.at(-1));
          const length = base + Math.floor((full.length - base) * cut);
          expect(states).toContain(await reopen(full.subarray(0, length)));
        },
      ),
      { numRuns: RUNS },
    );
  });
});
