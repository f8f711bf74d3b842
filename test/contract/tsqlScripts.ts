import { expect } from 'vitest';
import { onPath } from '#infra/stack/command.ts';
import { type StandinProcess, startStandin } from '#test/support/standinProcess.ts';
import { type ProgramResult, runProgram } from './clients/foreignProgram.ts';

/** FreeTDS' command line client; undefined where it is not installed (Debian: freetds-bin). */
export const TSQL = onPath('tsql');

/**
 * Runs a script on a fresh stand-in through FreeTDS, expects no error of severity above 10, and reads every table it made back. Returns how
 * many tables there are.
 */
export async function installAndReadBack(script: string): Promise<number> {
  const standin = await startStandin();
  try {
    const { stderr } = await tsql(standin, `${script}\nGO\n`);
    expect(errorsIn(stderr)).toEqual([]);
    const { stdout } = await tsql(standin, `${READ_BACK}\nGO\n`);
    const tables = stdout.split('\n').filter((line) => line.startsWith('table '));
    for (const table of tables) {
      const [, name, rows] = table.split('\t');
      const { stdout: read, stderr: refused } = await tsql(standin, `SELECT 'row' AS mark, * FROM ${name}\nGO\n`);
      expect(errorsIn(refused), name).toEqual([]);
      expect(read.split('\n').filter((line) => line.startsWith('row\t')).length, name).toBe(Number(rows));
    }
    return tables.length;
  } finally {
    await standin.stop();
  }
}

/** Every table of every database that the script made, with the number of its rows. */
const READ_BACK = `
DECLARE @text nvarchar(max) = N'';
SELECT @text += N'SELECT N''table '' AS kind, N''' + QUOTENAME(d.name) + N'.'' + QUOTENAME(SCHEMA_NAME(t.schema_id)) + N''.'' + QUOTENAME(t.name), p.row_count FROM '
  + QUOTENAME(d.name) + N'.sys.tables t JOIN ' + QUOTENAME(d.name) + N'.sys.dm_db_partition_stats p ON p.object_id = t.object_id AND p.index_id IN (0, 1);'
FROM sys.databases d WHERE d.database_id > 4;
EXEC sp_executesql @text;`;

function tsql(standin: StandinProcess, input: string): Promise<ProgramResult> {
  const args = ['-H', '127.0.0.1', '-p', String(standin.port), '-U', 'sa', '-P', standin.saPassword, '-o', 'q'];
  return runProgram({ command: TSQL!, args: [], env: { TDSVER: '7.4', LC_ALL: 'C.UTF-8' } }, args, input);
}

/** `Msg 208 (severity 16 …): text` of every error; messages of severity 10 and less are information. */
function errorsIn(stderr: string): string[] {
  const pattern = /Msg (\d+) \(severity (\d+), state \d+\) from [^\n]*\n\s*"([^\n]*)"/g;
  return [...stderr.matchAll(pattern)].filter((m) => Number(m[2]) > 10).map((m) => `${m[1]}: ${m[3]}`);
}
