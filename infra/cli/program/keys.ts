import { type Command, Option } from 'commander';
import { finish, jsonOption } from './options.ts';

/** `sluice keys`. */
export function registerKeys(program: Command): void {
  program
    .command('keys')
    .description('API keys of the command API')
    .command('create')
    .description('make a key; it is printed once, its entry goes into the list that commands.keys reads')
    .requiredOption('--id <caller>', 'name of the caller in audit records')
    .addOption(
      new Option('--scope <scope...>', 'what the key may do')
        .choices(['orders:write', 'orders:cancel'])
        .makeOptionMandatory(),
    )
    .option('--expires <time>', 'ISO 8601 moment after which the key is dead')
    .addOption(jsonOption())
    .action(
      async (options: { id: string; scope: ('orders:write' | 'orders:cancel')[]; expires?: string; json: boolean }) =>
        finish(await (await import('../commands/keys.ts')).create(options)),
    );
}
