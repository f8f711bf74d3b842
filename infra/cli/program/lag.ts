import type { Command } from 'commander';
import { configOption, finish, jsonOption } from './options.ts';

/** `sluice lag`. */
export function registerLag(program: Command): void {
  program
    .command('lag')
    .description('how far each consumer group is behind, in messages and in seconds')
    .addOption(configOption())
    .addOption(jsonOption())
    .option('-w, --watch', 'refresh every two seconds until Ctrl-C', false)
    .action(async (options: { config: string; json: boolean; watch: boolean }) =>
      finish(await (await import('../commands/lag.ts')).lag(options)),
    );
}
