import { writeFileSync } from 'node:fs';
import { clientSource } from '#connectors/commands/client/generate.ts';
import { commandsPage } from '#connectors/commands/openapi/docsPage.ts';
import { commandsWsdl } from '#connectors/commands/soap/wsdl.ts';
import { EXIT } from '../exitCodes.ts';
import { staleCommandFiles, writeCommandFiles } from '../generatedFiles.ts';
import { print } from '../output.ts';

/** `sluice commands client`. */
export function client({ out }: { readonly out: string }): number {
  if (out === '-') print(clientSource());
  else {
    writeFileSync(out, clientSource());
    print(`Written: ${out}`);
  }
  return EXIT.ok;
}

/** `sluice commands docs`. */
export function docs(): number {
  print(commandsPage().trimEnd());
  return EXIT.ok;
}

/** `sluice commands wsdl`. */
export function wsdl({ url }: { readonly url: string }): number {
  print(commandsWsdl(url));
  return EXIT.ok;
}

/** `sluice commands generate`. */
export function generate({ check }: { readonly check: boolean }): number {
  const paths = check ? staleCommandFiles() : writeCommandFiles();
  print(paths.length === 0 ? 'Everything is up to date.' : `${check ? 'Stale' : 'Written'}: ${paths.join(', ')}`);
  return check && paths.length > 0 ? EXIT.unhealthy : EXIT.ok;
}
