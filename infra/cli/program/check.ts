import type { Command } from 'commander';
import { configOption, finish, jsonOption } from './options.ts';

/** `sluice check`. */
export function registerCheck(program: Command): void {
  program
    .command('check')
    .description(
      'check the configuration and everything it names: source, rights, Kafka, registry, Elasticsearch, Redis',
    )
    .addOption(configOption())
    .addOption(jsonOption())
    .action(async (options: { config: string; json: boolean }) =>
      finish(await (await import('../commands/check.ts')).check(options)),
    );
}
