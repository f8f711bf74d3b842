import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type StandinProcess, startStandin } from '#test/support/standinProcess.ts';
import { tempFolder } from '#test/support/tempFolder.ts';
import { EXPECTED } from './clientContract.ts';
import { besideClients, type ProgramResult, requireOnPath, runProgram, Unavailable } from './foreignProgram.ts';

/** `tsql` prints what it gets as it is: this looks for the lines that matter. */
describe("FreeTDS' tsql", { timeout: 60_000 }, () => {
  let standin: StandinProcess;
  let tsql: string | undefined;
  let missing = '';

  beforeAll(async () => {
    try {
      tsql = requireOnPath('tsql', "install FreeTDS' programs (Debian: freetds-bin)");
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      missing = error.message;
      return;
    }
    standin = await startStandin({ scripts: [readFileSync(besideClients('fixture.sql'), 'utf8')] });
  });

  afterAll(() => standin?.stop());

  function run(encryption: 'off' | 'require', password: string, input: string): Promise<ProgramResult> {
    const settings = join(tempFolder(), 'freetds.conf');
    writeFileSync(settings, `[global]\ntds version = 7.4\nclient charset = UTF-8\nencryption = ${encryption}\n`);
    const args = ['-H', '127.0.0.1', '-p', String(standin.port), '-U', 'sa', '-P', password, '-D', 'Depot', '-o', 'q'];
    return runProgram({ command: tsql!, args: [], env: { FREETDSCONF: settings, LC_ALL: 'C.UTF-8' } }, args, input);
  }

  for (const encryption of ['off', 'require'] as const) {
    it(`sees values, outputs and error numbers as of a SQL Server with encryption = ${encryption}`, async (ctx) => {
      if (!tsql) return ctx.skip(missing);
      const result = await run(
        encryption,
        standin.saPassword,
        readFileSync(besideClients('freetds/program.sql'), 'utf8'),
      );
      const lines = result.stdout.split('\n');
      expect(lines).toContain(`encrypted=${encryption === 'require' ? 'TRUE' : 'FALSE'}`);
      expect(lines).toContain(`query=${EXPECTED['query']!.replace('00ff10', '00FF10')}`);
      expect(lines).toContain(`procedure=${EXPECTED['procedure']}`);
      expect(lines).toContain('3\t3.375\tż');
      expect(lines).toContain('plain\t0.500\tNULL\t\t-1');
      expect(lines).toContain('afterRollback=0');
      expect(lines).toContain('usable=1');
      expect(result.stderr.match(/Msg \d+ \(severity \d+/g)).toEqual([
        'Msg 2627 (severity 14',
        'Msg 3621 (severity 0',
        'Msg 50042 (severity 16',
      ]);
    });
  }

  it('is refused with a wrong password', async (ctx) => {
    if (!tsql) return ctx.skip(missing);
    const { stderr } = await run('off', 'wrong', '');
    expect(stderr).toContain('Msg 18456');
  });
});
