import { KeyRing } from '#connectors/commands/callers/keyRing.ts';
import { parseKeyList } from '#connectors/commands/callers/keys.ts';
import { loginFaults } from '#connectors/commands/gateways/loginCheck.ts';
import { grantedProcedures } from '#connectors/commands/model/grants.ts';
import { openDatabase } from '#connectors/sqlserver/connection.ts';
import { readLoginRights } from '#connectors/sqlserver/loginRights.ts';
import type { PreflightResult } from '#connectors/sqlserver/preflight.ts';
import type { Config } from '#infra/runtime/config/config.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import { commandDatabaseOptions } from '../roles/commandDatabase.ts';

const SHOWN = 5;

/** What the command API needs: its list of keys, and a login that can run its procedures and nothing else. None without `commands`. */
export async function checkCommands(config: Config): Promise<PreflightResult[]> {
  const { commands } = config;
  if (commands === undefined) return [];
  const procedures = grantedProcedures(commands.dialect === 'sqlserver2005' ? '2005' : '2008');
  const rights = await attempt(async () => {
    const database = await openDatabase({ ...commandDatabaseOptions(config, commands), maxConnections: 1 });
    try {
      return loginFaults(await readLoginRights(database), procedures);
    } finally {
      await database.close();
    }
  });
  const keys = await attempt(async () => new KeyRing(parseKeyList(commands.keys.read())).size);
  return [
    {
      check: 'commands: login can run its procedures',
      expected: `${procedures.length} procedures of schema storefront for ${commands.user}`,
      hint: 'Run the scripts that `sluice sql` prints.',
      ...('fault' in rights ? failed(rights.fault) : found(rights.value.tooLittle, 'not allowed: ')),
    },
    {
      check: 'commands: login can do nothing else',
      expected: 'no other right and no role',
      hint: 'Take these rights away, or use the login that infra/sql/common/commandsLogin.sql makes.',
      ...('fault' in rights ? failed(rights.fault) : found(rights.value.tooMuch, '')),
    },
    {
      check: 'commands: API keys',
      expected: 'a readable list',
      hint: '`sluice keys` makes and keeps one.',
      ...('fault' in keys ? failed(keys.fault) : { ok: true, actual: `${keys.value} listed` }),
    },
  ];
}

async function attempt<T>(work: () => Promise<T>): Promise<{ readonly value: T } | { readonly fault: string }> {
  try {
    return { value: await work() };
  } catch (error) {
    return { fault: error instanceof SluiceError ? `${error.code}: ${error.message}` : String(error) };
  }
}

const failed = (fault: string) => ({ ok: false, actual: fault });

function found(faults: readonly string[], before: string): { readonly ok: boolean; readonly actual: string } {
  if (faults.length === 0) return { ok: true, actual: 'as it should be' };
  const rest = faults.length > SHOWN ? ` and ${faults.length - SHOWN} more` : '';
  return { ok: false, actual: `${before}${faults.slice(0, SHOWN).join(', ')}${rest}` };
}
