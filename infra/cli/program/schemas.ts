import type { Command } from 'commander';
import { EXIT } from '../exitCodes.ts';
import { configOption, finish } from './options.ts';

/** `sluice schemas`. */
export function registerSchemas(program: Command): void {
  program
    .command('schemas')
    .description('types of the captured rows')
    .command('generate')
    .description('write the TypeScript types of the captured tables as the source has them now')
    .addOption(configOption())
    .requiredOption('--out <file>', 'file to write')
    .requiredOption('--group <Name>', 'first part of the names of the maps, for example Epos')
    .option('--check', 'write nothing; exit code 4 when the file is not up to date', false)
    .action(async (options: { config: string; out: string; group: string; check: boolean }) => {
      const { schemasGenerate } = await import('../commands/schemasGenerate.ts');
      finish((await schemasGenerate(options, new AbortController().signal)) ? EXIT.ok : EXIT.unhealthy);
    });
}
