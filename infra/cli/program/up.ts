import { type Command, Option } from 'commander';
import { ROLE_NAMES, type RoleName } from '../roles/role.ts';
import { configOption, finish, logLevelOption } from './options.ts';

/** `sluice up`. */
export function registerUp(program: Command): void {
  program
    .command('up')
    .description('run Sluice (all roles, or those named) until it is told to stop')
    .addOption(configOption())
    .addOption(
      new Option('-r, --role <name...>', 'roles to run in this process').choices(ROLE_NAMES).default([...ROLE_NAMES]),
    )
    .addOption(logLevelOption('info'))
    .addOption(
      new Option('--exit-with-stdin', 'stop when standard input ends: for a parent that may be killed')
        .default(false)
        .hideHelp(),
    )
    .action(async (options: { config: string; role: RoleName[]; logLevel: 'info'; exitWithStdin: boolean }) =>
      finish(await (await import('../commands/up.ts')).up(options)),
    );
}
