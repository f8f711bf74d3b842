import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { describeError, errorFields } from '#infra/runtime/errors.ts';
import { EXIT } from './exitCodes.ts';
import { printError } from './output.ts';
import { ROLE_NAMES, type RoleName } from './roles/role.ts';

/** The `sluice` command. Each sub-command's module is loaded when it is called, so that none pays for the others' libraries. */
const program = new Command('sluice')
  .description(
    "Keeps a storefront's copies of a SQL Server right, and lets orders back in through a small guarded door.",
  )
  .version('0.1.0')
  .exitOverride()
  .configureHelp({ sortSubcommands: true });

const configOption = (): Option =>
  new Option('-c, --config <file>', 'configuration to use').default('sluice.config.ts').env('SLUICE_CONFIG');
const jsonOption = (): Option => new Option('--json', 'print JSON instead of text').default(false);
const logLevelOption = (fallback: string): Option =>
  new Option('--log-level <level>', 'least severe level to log')
    .choices(['debug', 'info', 'warn', 'error', 'silent'])
    .default(fallback)
    .env('SLUICE_LOG_LEVEL');

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
    finish(await (await import('./commands/up.ts')).up(options)),
  );

program
  .command('check')
  .description('check the configuration and everything it names: source, rights, Kafka, registry, Elasticsearch, Redis')
  .addOption(configOption())
  .addOption(jsonOption())
  .action(async (options: { config: string; json: boolean }) =>
    finish(await (await import('./commands/check.ts')).check(options)),
  );

program
  .command('lag')
  .description('how far each consumer group is behind, in messages and in seconds')
  .addOption(configOption())
  .addOption(jsonOption())
  .option('-w, --watch', 'refresh every two seconds until Ctrl-C', false)
  .action(async (options: { config: string; json: boolean; watch: boolean }) =>
    finish(await (await import('./commands/lag.ts')).lag(options)),
  );

const stack = program
  .command('stack')
  .description('the local Kafka, Elasticsearch, registry, Redis and SQL Server stand-in');
stack
  .command('up')
  .description('start the stack and print its addresses')
  .option('-d, --detach', 'leave it running in the background', false)
  .action(async (options: { detach: boolean }) => finish(await (await import('./commands/stack.ts')).up(options)));
stack
  .command('down')
  .description('stop a stack started with --detach')
  .action(async () => finish(await (await import('./commands/stack.ts')).down()));
stack
  .command('status')
  .description('what runs, and where')
  .addOption(jsonOption())
  .action(async (options: { json: boolean }) => finish(await (await import('./commands/stack.ts')).status(options)));

program
  .command('standin')
  .description('run the SQL Server stand-in alone; `sluice standin --help` lists its options')
  .allowUnknownOption()
  .helpOption(false)
  .argument('[options...]')
  .action(async (args: string[]) => finish(await (await import('./commands/standin.ts')).standin(args)));

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
      finish(await (await import('./commands/keys.ts')).create(options)),
  );

program
  .command('sql')
  .description('print the scripts a DBA reads and runs: schema storefront, procedures, logins, grants')
  .addOption(
    new Option('--variant <shop>', 'which of the demo databases they are for')
      .choices(['epos', 'adventureworks'])
      .default('epos'),
  )
  .action(async (options: { variant: 'epos' | 'adventureworks' }) =>
    finish((await import('./commands/sql.ts')).sql(options)),
  );

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
    const { schemasGenerate } = await import('./commands/schemasGenerate.ts');
    finish((await schemasGenerate(options, new AbortController().signal)) ? EXIT.ok : EXIT.unhealthy);
  });

program
  .command('demo')
  .description('the whole pipeline on a local stack with live traffic, until Ctrl-C')
  .option('--once', 'run to a checked end, print a report and exit', false)
  .option('--data <dir>', 'load the AdventureWorks files in this folder instead of the generated shop')
  .option('--rate <changes>', 'source changes per second', positiveNumber, 40)
  .option('--seconds <n>', 'seconds of traffic before the checks of --once', positiveNumber, 30)
  .option('--products <n>', 'products in the generated shop', positiveNumber, 5000)
  .option('--chaos', 'with --once: kill -9 the capture and the consumers in the middle of the traffic', false)
  .addOption(logLevelOption('warn'))
  .action(async (options: DemoOptions) => finish(await (await import('#infra/demo/runDemo.ts')).runDemo(options)));

interface DemoOptions {
  once: boolean;
  data?: string;
  rate: number;
  seconds: number;
  products: number;
  chaos: boolean;
  logLevel: 'info';
}

function positiveNumber(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new InvalidArgumentError(`expected a number above 0, found ${text}`);
  return value;
}

/** Every command closes what it opened; a handle that is left all the same must not keep the process. */
const LINGER_MS = 3000;

function finish(code: number): void {
  process.exitCode = code;
  setTimeout(() => process.exit(), LINGER_MS).unref();
}

// A reader that has seen enough (head, less) closes the pipe: that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) =>
  process.exit(error.code === 'EPIPE' ? EXIT.ok : EXIT.fault),
);

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  } else {
    printError(describeError(error));
    if (process.env['SLUICE_LOG_LEVEL'] === 'debug') printError(JSON.stringify(errorFields(error)));
    process.exitCode = EXIT.fault;
  }
}
