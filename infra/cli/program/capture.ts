import type { Command } from 'commander';
import type { SignalOptions, StatusOptions } from '../commands/capture.ts';
import { configOption, finish, jsonOption, wholeNumber } from './options.ts';

const commands = () => import('../commands/capture.ts');

/** `sluice capture`. */
export function registerCapture(program: Command): void {
  const capture = program.command('capture').description('the running capture: how it stands, and what it is to do');
  capture
    .command('status')
    .description('position, tables, snapshots and source; exit code 4 when something needs a person')
    .addOption(configOption())
    .addOption(jsonOption())
    .action(async (options: StatusOptions) => finish(await (await commands()).captureStatus(options)));

  verb(capture, 'pause', 'stop reading until resume; the source is still watched');
  verb(capture, 'resume', 'go on after pause');
  const snapshot = signalling(
    capture.command('snapshot <table>').description('read a table again, or some of its rows, while changes go on'),
  )
    .option('--where <filter>', 'only these rows, for example "STATUS = \'A\' AND QTY > 0"')
    .option('--from-key <value...>', 'only keys after this one, one value a key column')
    .option('--to-key <value...>', 'only keys up to this one')
    .option('--id <name>', 'name of this snapshot for pause, resume and stop');
  snapshot.action(
    async (table: string, { where, fromKey, toKey, id, ...options }: SignalOptions & Record<string, unknown>) =>
      finish(await (await commands()).captureSignal({ type: 'snapshot', table, where, fromKey, toKey, id }, options)),
  );
  for (const [name, text] of [
    ['pause-snapshot', 'leave a snapshot, or all, where they are'],
    ['resume-snapshot', 'go on with a snapshot, or all'],
    ['stop-snapshot', 'give a snapshot up, or all that were asked for'],
  ] as const) {
    signalling(capture.command(`${name} [id]`).description(text)).action(
      async (id: string | undefined, options: SignalOptions) =>
        finish(await (await commands()).captureSignal({ type: name, id }, options)),
    );
  }
  signalling(capture.command('resume-table <table>').description('let a stopped table go on'))
    .option('--how <way>', 'catch-up: from where it stopped; snapshot: read it again', 'catch-up')
    .action(async (table: string, { how, ...options }: SignalOptions & { how: string }) =>
      finish(await (await commands()).captureSignal({ type: 'resume-table', table, how }, options)),
    );
  signalling(capture.command('log <message>').description('write a line into the log of the capture')).action(
    async (message: string, options: SignalOptions) =>
      finish(await (await commands()).captureSignal({ type: 'log', message }, options)),
  );
}

function verb(capture: Command, name: 'pause' | 'resume', text: string): void {
  signalling(capture.command(name).description(text)).action(async (options: SignalOptions) =>
    finish(await (await commands()).captureSignal({ type: name }, options)),
  );
}

function signalling(command: Command): Command {
  return command
    .addOption(configOption())
    .addOption(jsonOption())
    .option('--capture <name>', 'which capture, where there are several databases')
    .option('--timeout <seconds>', 'how long to wait for its answer', wholeNumber(1), 30)
    .option('--execute', 'do it; without, only what would be done is printed', false);
}
