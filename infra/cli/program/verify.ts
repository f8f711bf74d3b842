import { type Command, InvalidArgumentError, Option } from 'commander';
import type { VerifyCommand } from '../commands/verify.ts';
import { configOption, finish, jsonOption, wholeNumber } from './options.ts';

/** `sluice verify`: are the copies what the source says, and if not, make them so. */
export function registerVerify(program: Command): void {
  program
    .command('verify')
    .description('compare row store, documents, stock and orders with the source while everything runs on')
    .addOption(configOption())
    .addOption(jsonOption())
    .option('--table <schema.table...>', 'only what is made of the rows of these tables')
    .option('--document <type...>', 'only documents of these types')
    .addOption(
      new Option(
        '--key <key...>',
        'only these rows of the one table, or the documents with these root rows; a JSON array for keys of several columns',
      ).argParser(keys),
    )
    .addOption(
      new Option('--sample <share>', 'compare only this share of the rows and documents, 0.1 for a tenth').argParser(
        share,
      ),
    )
    .option('--rate <rows>', "most rows a second from the source; without, the configuration's", wholeNumber(1))
    .option('--repair', 'say what would be read again or written to mend the differences', false)
    .option('--execute', 'with --repair: do it, then compare what was mended once more', false)
    .option('--limit <n>', 'most differences to print', wholeNumber(1), 50)
    .action(async (options: VerifyCommand) => finish(await (await import('../commands/verify.ts')).verify(options)));
}

function keys(text: string, before: readonly (readonly string[])[] = []): readonly (readonly string[])[] {
  if (!text.startsWith('[')) return [...before, [text]];
  let parts: unknown;
  try {
    parts = JSON.parse(text);
  } catch {
    parts = null;
  }
  if (!Array.isArray(parts))
    throw new InvalidArgumentError(`expected a key or a JSON array of its parts, found ${text}`);
  return [...before, parts.map(String)];
}

function share(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 1))
    throw new InvalidArgumentError(`expected a number above 0 and up to 1, found ${text}`);
  return value;
}
