import { type Command, Option } from 'commander';
import { configOption, finish } from './options.ts';

const serverOption = (): Option =>
  new Option('--server <version>', 'the SQL Server they are for: 2008 and later, or 2005')
    .choices(['2008', '2005'])
    .default('2008');

/** `sluice sql`. */
export function registerSql(program: Command): void {
  const sql = program
    .command('sql')
    .description('print the scripts a DBA reads and runs: schema storefront, procedures, logins, grants')
    .addOption(
      new Option('--variant <shop>', 'which of the demo databases they are for')
        .choices(['epos', 'adventureworks'])
        .default('epos'),
    )
    .addOption(serverOption())
    .action(async (options: { variant: 'epos' | 'adventureworks'; server: '2008' | '2005' }) =>
      finish((await import('../commands/sql.ts')).sql(options)),
    );
  sql
    .command('commands')
    .description('print only the login of the command API and its exact grants, one a procedure')
    .addOption(serverOption())
    .action(async (_options: unknown, command: Command) =>
      finish((await import('../commands/sql.ts')).sqlCommands(command.optsWithGlobals())),
    );
  sql
    .command('capture')
    .description('print what a DBA has to run for the capture of this configuration; safe to run again')
    .addOption(configOption())
    .action(async (options: { config: string }) =>
      finish(await (await import('../commands/sqlCapture.ts')).sqlCapture(options)),
    );
}
