import { type Command, InvalidArgumentError } from 'commander';
import { finish, logLevelOption } from './options.ts';

/** `sluice demo`. */
export function registerDemo(program: Command): void {
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
}

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
