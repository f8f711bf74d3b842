import type { Command } from 'commander';
import { finish, jsonOption } from './options.ts';

/** `sluice stack` and `sluice standin`. */
export function registerStack(program: Command): void {
  const stack = program
    .command('stack')
    .description('the local Kafka, Elasticsearch, registry, Redis and SQL Server stand-in');
  stack
    .command('up')
    .description('start the stack and print its addresses')
    .option('-d, --detach', 'leave it running in the background', false)
    .action(async (options: { detach: boolean }) => finish(await (await import('../commands/stack.ts')).up(options)));
  stack
    .command('down')
    .description('stop a stack started with --detach')
    .action(async () => finish(await (await import('../commands/stack.ts')).down()));
  stack
    .command('status')
    .description('what runs, and where')
    .addOption(jsonOption())
    .action(async (options: { json: boolean }) => finish(await (await import('../commands/stack.ts')).status(options)));

  program
    .command('standin')
    .description('run the SQL Server stand-in alone; `sluice standin --help` lists its options')
    .allowUnknownOption()
    .helpOption(false)
    .argument('[options...]')
    .action(async (args: string[]) => finish(await (await import('../commands/standin.ts')).standin(args)));
}
