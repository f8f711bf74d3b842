import { type Command, Option } from 'commander';
import type { LetterOptions } from '../commands/dlq.ts';
import { configOption, finish, jsonOption, moment, wholeNumber } from './options.ts';

const commands = () => import('../commands/dlq.ts');

/** `sluice dlq`: the records that could not be handled. */
export function registerDlq(program: Command): void {
  const dlq = program.command('dlq').description('dead letters: records that a consumer group could not handle');
  filtered(dlq.command('list').description('letters that are not settled, oldest first'))
    .option('--limit <n>', 'most letters to print', wholeNumber(1), 100)
    .action(async (options: LetterOptions & { limit: number }) => finish(await (await commands()).list(options)));
  dlq
    .command('show <id>')
    .description('one letter with its record, decoded; --json has every byte of it as base64 too')
    .addOption(configOption())
    .addOption(jsonOption())
    .action(async (id: string, options: LetterOptions) => finish(await (await commands()).show(id, options)));
  acting(
    dlq
      .command('redeliver [ids...]')
      .description('give letters to their group once more; they stay letters until it has handled them'),
  )
    .option('--timeout <seconds>', 'how long to wait for the outcome', wholeNumber(1), 30)
    .action(async (ids: string[], options: LetterOptions & { execute: boolean; timeout: number }) =>
      finish(await (await commands()).redeliver(ids, options)),
    );
  acting(dlq.command('discard [ids...]').description('take letters away without handling them'))
    .requiredOption('--reason <text>', 'why; kept in the audit topic')
    .action(async (ids: string[], options: LetterOptions & { execute: boolean; reason: string }) =>
      finish(await (await commands()).discard(ids, options)),
    );
}

function filtered(command: Command): Command {
  return command
    .addOption(configOption())
    .addOption(jsonOption())
    .option('--group <id>', 'of this consumer group only')
    .option('--topic <name>', 'from this topic only; the table is enough (dbo.PRODUCT)')
    .option('--code <code>', 'with this error code only')
    .option('--key <json>', 'with these columns in the key of the record only: \'{"CODE":"P00001"}\'')
    .addOption(new Option('--attempts <n>', 'tried at least so often').argParser(wholeNumber(1)))
    .addOption(new Option('--since <time>', 'last tried at or after this ISO 8601 moment').argParser(moment))
    .addOption(new Option('--until <time>', 'last tried before this ISO 8601 moment').argParser(moment));
}

function acting(command: Command): Command {
  return filtered(command)
    .option('--all', 'every letter, when no id and no filter is given', false)
    .option('--execute', 'do it; without, only what would be done is printed', false);
}
