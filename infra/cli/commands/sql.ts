import {
  commandGrantScripts,
  type SqlScript,
  type SqlServer,
  type SqlVariant,
  sqlScripts,
} from '#infra/sql/scripts.ts';
import { EXIT } from '../exitCodes.ts';
import { print } from '../output.ts';

/** `sluice sql`: prints the scripts a DBA reads and runs, in order, with their sqlcmd variables left in. */
export function sql(options: { readonly variant: SqlVariant; readonly server: SqlServer }): number {
  return printScripts(sqlScripts(options.variant, undefined, options.server));
}

/** `sluice sql commands`: the command API's login and its exact grants. */
export function sqlCommands(options: { readonly server: SqlServer }): number {
  return printScripts(commandGrantScripts(options.server));
}

function printScripts(scripts: readonly SqlScript[]): number {
  for (const script of scripts.filter(({ batches }) => batches.length > 0)) {
    print(`-- ===== ${script.name}`);
    print(script.text.trimEnd());
    print();
  }
  return EXIT.ok;
}
