import type { Command } from 'commander';
import type { BuildOptions, IndexOptions } from '../commands/index.ts';
import { configOption, finish, jsonOption, logLevelOption } from './options.ts';

const commands = () => import('../commands/index.ts');

/** `sluice index`: a new search index beside the old one, swapped when it is right. */
export function registerIndex(program: Command): void {
  const index = program
    .command('index')
    .description('search indexes: build beside the live one, check, swap, roll back');
  const common = (command: Command): Command => command.addOption(configOption()).addOption(jsonOption());
  const acting = (command: Command): Command =>
    common(command).option('--execute', 'do it; without, only what would be done is printed', false);
  common(
    index.command('plan').description('the indexes of every document type and what the configuration asks for'),
  ).action(async (options: IndexOptions) => finish(await (await commands()).plan(options)));
  acting(
    index
      .command('build <type>')
      .description(
        'fill the index of the configured version and keep it up to date until it equals the rows; searches stay where they are',
      ),
  )
    .option('--swap', 'send searches to it when it is right', false)
    .option('--follow', 'keep it up to date until Ctrl-C', false)
    .addOption(logLevelOption('warn'))
    .action(async (type: string, options: BuildOptions) =>
      finish(await (await import('../commands/indexBuild.ts')).build(type, options)),
    );
  acting(index.command('swap <type>').description('send searches to the built index of the configured version'))
    .option('--no-check', 'without comparing it with the rows first, and even when no consumer keeps it up to date')
    .action(async (type: string, options: IndexOptions & { execute: boolean; check: boolean }) =>
      finish(await (await commands()).swap(type, options)),
    );
  acting(index.command('rollback <type>').description('send searches back to the index they left last'))
    .option('--no-check', 'even when no consumer keeps that index up to date')
    .action(async (type: string, options: IndexOptions & { execute: boolean; check: boolean }) =>
      finish(await (await commands()).rollback(type, options)),
    );
  acting(
    index
      .command('accept <type>')
      .description(
        'note that a changed definition still gives the documents its index has, so that nothing need be built',
      ),
  ).action(async (type: string, options: IndexOptions & { execute: boolean }) =>
    finish(await (await commands()).accept(type, options)),
  );
  acting(index.command('drop <type> <index>').description('delete an index that searches do not use')).action(
    async (type: string, name: string, options: IndexOptions & { execute: boolean }) =>
      finish(await (await commands()).drop(type, name, options)),
  );
}
