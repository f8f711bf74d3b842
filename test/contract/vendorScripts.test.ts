import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { onPath } from '#infra/stack/command.ts';
import { startStandin } from '#test/support/standinProcess.ts';
import { runProgram } from './clients/foreignProgram.ts';

/** A folder with T-SQL scripts that nobody here wrote, such as vendors' sample databases. They are not ours to ship. */
const FOLDER = process.env['SLUICE_VENDOR_SQL'];
const SCRIPTS = FOLDER ? globSync('*.sql', { cwd: FOLDER }).sort() : [];
const TSQL = onPath('tsql');

describe.skipIf(SCRIPTS.length === 0 || TSQL === undefined)(
  "other people's scripts (needs FreeTDS' tsql, and SLUICE_VENDOR_SQL: a folder with .sql files)",
  () => {
    // describe.skipIf still collects its tests, and a suite without any is an error.
    for (const script of SCRIPTS.length === 0 ? ['none'] : SCRIPTS) {
      it(`install without an error and read back: ${basename(script)}`, { timeout: 300_000 }, async () => {
        const standin = await startStandin();
        try {
          const text = readFileSync(join(FOLDER!, script), 'utf8').replace(/^\uFEFF/, '');
          const { stderr } = await tsql(standin, `${text}\nGO\n`);
          expect(errorsIn(stderr)).toEqual([]);
          const { stdout } = await tsql(standin, `${READ_BACK}\nGO\n`);
          const tables = stdout.split('\n').filter((line) => line.startsWith('table '));
          expect(tables.length).toBeGreaterThan(0);
          for (const table of tables) {
            const [, name, rows] = table.split('\t');
            const { stdout: read, stderr: refused } = await tsql(standin, `SELECT 'row' AS mark, * FROM ${name}\nGO\n`);
            expect(errorsIn(refused), name).toEqual([]);
            expect(read.split('\n').filter((line) => line.startsWith('row\t')).length, name).toBe(Number(rows));
          }
        } finally {
          await standin.stop();
        }
      });
    }
  },
);

/** Every table of every database that the script made, with the number of its rows. */
const READ_BACK = `
DECLARE @text nvarchar(max) = N'';
SELECT @text += N'SELECT N''table '' AS kind, N''' + QUOTENAME(d.name) + N'.'' + QUOTENAME(SCHEMA_NAME(t.schema_id)) + N''.'' + QUOTENAME(t.name), p.row_count FROM '
  + QUOTENAME(d.name) + N'.sys.tables t JOIN ' + QUOTENAME(d.name) + N'.sys.dm_db_partition_stats p ON p.object_id = t.object_id AND p.index_id IN (0, 1);'
FROM sys.databases d WHERE d.database_id > 4;
EXEC sp_executesql @text;`;

function tsql(standin: { port: number; saPassword: string }, input: string) {
  const args = ['-H', '127.0.0.1', '-p', String(standin.port), '-U', 'sa', '-P', standin.saPassword, '-o', 'q'];
  return runProgram({ command: TSQL!, args: [], env: { TDSVER: '7.4', LC_ALL: 'C.UTF-8' } }, args, input);
}

/** `Msg 208 (severity 16 …): text` of every error; messages of severity 10 and less are information. */
function errorsIn(stderr: string): string[] {
  const pattern = /Msg (\d+) \(severity (\d+), state \d+\) from [^\n]*\n\s*"([^\n]*)"/g;
  return [...stderr.matchAll(pattern)].filter((m) => Number(m[2]) > 10).map((m) => `${m[1]}: ${m[3]}`);
}
