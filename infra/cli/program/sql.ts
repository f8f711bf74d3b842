import { type Command, Option } from 'commander';
import { finish } from './options.ts';

/** `sluice sql`. */
export function registerSql(program: Command): void {
  program
    .command('sql')
    .description('print the scripts a DBA reads and runs: schema storefront, procedures, logins, grants')
    .addOption(
      new Option('--variant <shop>', 'which of the demo databases they are for')
        .choices(['epos', 'adventureworks'])
        .default('epos'),
    )
    .action(async (options: { variant: 'epos' | 'adventureworks' }) =>
      finish((await import('../commands/sql.ts')).sql(options)),
    );
}
