import { type Command, Option } from 'commander';
import type { ActingOptions, LogOptions, ReplayOptions, WebhookOptions } from '../commands/webhooks.ts';
import { configOption, finish, jsonOption, moment, wholeNumber } from './options.ts';

const commands = () => import('../commands/webhooks.ts');

/** `sluice webhooks`: who is told of orders and stock, and what became of it. */
export function registerWebhooks(program: Command): void {
  const webhooks = program.command('webhooks').description('signed messages about orders and stock, and who gets them');
  common(webhooks.command('list').description('every endpoint with its state, and what waits for it')).action(
    async (options: WebhookOptions) => finish(await (await commands()).list(options)),
  );
  common(webhooks.command('log').description('attempts to deliver, the newest last'))
    .option('--endpoint <name>', 'to this endpoint only')
    .option('--event <id>', 'of this event only')
    .option('--failed', 'only what was not delivered', false)
    .addOption(new Option('--since <time>', 'at or after this ISO 8601 moment; default a day ago').argParser(moment))
    .option('--limit <n>', 'most lines to print', wholeNumber(1), 100)
    .action(async (options: LogOptions) => finish(await (await commands()).log(options)));
  acting(webhooks.command('replay <endpoint>').description('deliver kept events to an endpoint once more'))
    .option('--event <id...>', 'these events')
    .addOption(new Option('--from <time>', 'of changes committed at or after this moment').argParser(moment))
    .addOption(new Option('--to <time>', 'of changes committed before this moment').argParser(moment))
    .action(async (name: string, options: ReplayOptions) => finish(await (await commands()).replay(name, options)));
  acting(
    webhooks.command('enable <endpoint>').description('let an endpoint get its events again, those that wait first'),
  )
    .option('--reason <text>', 'why; kept with the state', 'enabled by hand')
    .option('--skip', 'leave out what waits: only changes from now on', false)
    .action(async (name: string, options: ActingOptions & { reason: string; skip: boolean }) =>
      finish(await (await commands()).enable(name, options)),
    );
  acting(webhooks.command('disable <endpoint>').description('let an endpoint get nothing; its events wait'))
    .option('--reason <text>', 'why; kept with the state', 'disabled by hand')
    .action(async (name: string, options: ActingOptions & { reason: string }) =>
      finish(await (await commands()).disable(name, options)),
    );
  acting(webhooks.command('test <endpoint>').description('send one signed message of type webhook.test')).action(
    async (name: string, options: ActingOptions) => finish(await (await commands()).test(name, options)),
  );
}

function common(command: Command): Command {
  return command.addOption(configOption()).addOption(jsonOption());
}

function acting(command: Command): Command {
  return common(command).option('--execute', 'do it; without, only what would be done is printed', false);
}
