import { type SqlVariant, sqlScripts } from '#infra/sql/scripts.ts';
import { EXIT } from '../exitCodes.ts';
import { print } from '../output.ts';

/** `sluice sql`: prints the scripts a DBA reads and runs, in order, with their sqlcmd variables left in. */
export function sql(options: { readonly variant: SqlVariant }): number {
  for (const script of sqlScripts(options.variant)) {
    print(`-- ===== ${script.name}`);
    print(script.text.trimEnd());
    print();
  }
  return EXIT.ok;
}
