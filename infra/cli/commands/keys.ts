import { createKey } from '#connectors/commands/callers/keys.ts';
import type { Scope } from '#connectors/commands/model/defineCommand.ts';
import { EXIT } from '../exitCodes.ts';
import { print, printError, printJson } from '../output.ts';

export interface CreateKeyOptions {
  readonly id: string;
  readonly scope: readonly Scope[];
  readonly expires?: string;
  readonly json: boolean;
}

/** `sluice keys create`: makes an API key. The key itself is printed once and kept nowhere; the entry goes into the list of keys. */
export async function create(options: CreateKeyOptions): Promise<number> {
  const { id, scope, expires } = options;
  const made = await createKey({ id, scopes: scope, ...(expires === undefined ? {} : { expiresAt: expires }) });
  if (options.json) {
    printJson(made);
    return EXIT.ok;
  }
  printError('The key, shown only now; give it to the caller:');
  print(made.key);
  printError('Its entry for the JSON list that commands.keys reads:');
  print(JSON.stringify(made.entry));
  return EXIT.ok;
}
