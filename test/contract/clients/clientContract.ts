import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type StandinProcess, startStandin } from '#test/support/standinProcess.ts';
import { besideClients, type ForeignProgram, runProgram, Unavailable } from './foreignProgram.ts';

export type ClientMode = 'plain' | 'tls';

/** One foreign client: how to get it and what its program takes. */
export interface ForeignClient {
  readonly name: string;
  /** Fetches and builds the program. Throws `Unavailable` when this machine has no toolchain for it. */
  readonly prepare: () => Promise<ForeignProgram>;
  /** The program's arguments for a server on this port. */
  readonly args: (port: number, mode: ClientMode) => readonly string[];
  /** Checks that the client has no means for. */
  readonly without?: readonly string[];
}

/** What every program has to print, `check=result`, in this order; the values are those of fixture.sql. */
export const EXPECTED: Readonly<Record<string, string>> = {
  query:
    '1|Łódź ☂|123456789.125|2024-02-29 23:59:59.1234567|6F9619FF-8B86-D011-B42D-00C04FC964FF|00ff10|9007199254740993',
  parameters: '4|é☂|-12345678901234567890.1234|00ff|null',
  procedure: '7|2|Łódź ☂',
  table: '3|3.375|ż',
  transaction: '1|0|1',
  duplicate: '2627',
  raised: '50042',
  usable: '1',
  login: '18456',
};

/** Runs the client's program against a stand-in, in plain text and encrypted, and compares what it saw. */
export function describeClient(client: ForeignClient): void {
  describe(client.name, { timeout: 60_000 }, () => {
    let standin: StandinProcess | undefined;
    let program: ForeignProgram | undefined;
    let missing = '';

    beforeAll(async () => {
      try {
        program = await client.prepare();
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error;
        missing = error.message;
        return;
      }
      standin = await startStandin({ scripts: [readFileSync(besideClients('fixture.sql'), 'utf8')] });
    }, 600_000);

    afterAll(() => standin?.stop());

    for (const mode of ['plain', 'tls'] as const) {
      const how = mode === 'tls' ? 'over TLS' : 'over a plain connection';
      it(`sees values, outputs, transactions and error numbers as of a SQL Server ${how}`, async (ctx) => {
        if (!standin || !program) return ctx.skip(missing);
        const withPassword = { ...program, env: { ...program.env, CLIENT_PASSWORD: standin.saPassword } };
        const { code, stdout, stderr } = await runProgram(withPassword, client.args(standin.port, mode));
        expect(readChecks(stdout), stderr.slice(-2000)).toEqual(expectedOf(client, mode));
        expect(code).toBe(0);
      });
    }
  });
}

function expectedOf({ without = [] }: ForeignClient, mode: ClientMode): Record<string, string> {
  const checks = { encrypted: mode === 'tls' ? 'TRUE' : 'FALSE', ...EXPECTED };
  return Object.fromEntries(Object.entries(checks).filter(([check]) => !without.includes(check)));
}

function readChecks(stdout: string): Record<string, string> {
  const lines = stdout.split(/\r?\n/).filter((line) => line.includes('='));
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}
