import { type Command, InvalidArgumentError, Option } from 'commander';
import { SCOPES } from '#connectors/commands/model/defineCommand.ts';
import type { CreateKeyOptions, ListKeysOptions, RevokeKeyOptions, RotateKeyOptions } from '../commands/keys.ts';
import { finish, jsonOption } from './options.ts';

const EXECUTE = ['--execute', 'do it; without this only what would be done is told', false] as const;
const FILE = ['--file <path>', 'list of keys that commands.keys reads with secretFile()'] as const;
const DEFAULT_OVERLAP_HOURS = 24;

/** `sluice keys`. */
export function registerKeys(program: Command): void {
  const keys = program.command('keys').description('API keys of the command API');
  const load = () => import('../commands/keys.ts');
  keys
    .command('create')
    .description('make a key; it is printed once, only its hash goes into the list')
    .requiredOption('--id <caller>', 'name of the caller in audit records')
    .addOption(new Option('--scope <scope...>', 'what the key may do').choices([...SCOPES]).makeOptionMandatory())
    .option('--expires <time>', 'ISO 8601 moment after which the key is dead')
    .option(...FILE)
    .option(...EXECUTE)
    .addOption(jsonOption())
    .action(async (options: CreateKeyOptions) => finish(await (await load()).create(options)));
  keys
    .command('list')
    .description('who has which key, and which of them work')
    .requiredOption(...FILE)
    .addOption(jsonOption())
    .action(async (options: ListKeysOptions) => finish(await (await load()).list(options)));
  keys
    .command('rotate')
    .description('make a new key for the same caller; the old one works on for a while')
    .requiredOption(...FILE)
    .requiredOption('--prefix <prefix>', 'the key to replace')
    .option('--overlap-hours <hours>', 'how long the old key still works', hours, DEFAULT_OVERLAP_HOURS)
    .option('--expires <time>', 'ISO 8601 moment after which the new key is dead')
    .option(...EXECUTE)
    .addOption(jsonOption())
    .action(async (options: RotateKeyOptions) => finish(await (await load()).rotate(options)));
  keys
    .command('revoke')
    .description('refuse a key from now on')
    .requiredOption(...FILE)
    .requiredOption('--prefix <prefix>', 'the key to refuse')
    .option(...EXECUTE)
    .addOption(jsonOption())
    .action(async (options: RevokeKeyOptions) => finish(await (await load()).revoke(options)));
}

function hours(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < 0)
    throw new InvalidArgumentError(`expected hours, found ${text}`);
  return value;
}
