import { type Command, Option } from 'commander';
import type { SchemasGenerateOptions } from '../commands/schemasGenerate.ts';
import { configOption, finish, jsonOption } from './options.ts';

/** `sluice schemas`. */
export function registerSchemas(program: Command): void {
  program
    .command('schemas')
    .description('types of the captured rows')
    .command('generate')
    .description('write the TypeScript types of the rows of the captured tables')
    .addOption(configOption())
    .addOption(jsonOption())
    .requiredOption('--out <file>', 'file to write')
    .requiredOption('--group <Name>', 'first part of the names of the maps, for example Epos')
    .addOption(
      new Option(
        '--from <origin>',
        'the schema registry, where a capture has put them, or the source database, before the first capture',
      )
        .choices(['registry', 'source'])
        .default('registry'),
    )
    .option('--check', 'write nothing; print what differs, exit code 4 when the file is not up to date', false)
    .action(async (options: SchemasGenerateOptions) => {
      const { schemasGenerate } = await import('../commands/schemasGenerate.ts');
      finish(await schemasGenerate(options, new AbortController().signal));
    });
}
