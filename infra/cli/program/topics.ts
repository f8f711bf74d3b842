import type { Command } from 'commander';
import type { TailCommandOptions } from '../commands/topicsTail.ts';
import { configOption, finish, jsonOption, wholeNumber } from './options.ts';

/** `sluice topics`. */
export function registerTopics(program: Command): void {
  program
    .command('topics')
    .description('what stands in the topics')
    .command('tail <topic>')
    .description('print committed records, decoded; a table (dbo.PRODUCT) names its topic')
    .addOption(configOption())
    .addOption(jsonOption())
    .option(
      '--from <point>',
      'beginning, end, offset:<n>, lsn:<hex> or an ISO 8601 moment (default: the newest records)',
    )
    .option('--partition <n>', 'only this partition', wholeNumber(0))
    .option('--key <json>', 'only the row with this key, for example \'{"PROD_CODE":"A100"}\'')
    .option('-n, --limit <n>', 'most records to print (default 10; no limit with --follow)', wholeNumber(0))
    .option('-f, --follow', 'go on with what comes, until Ctrl-C', false)
    .action(async (topic: string, options: TailCommandOptions) =>
      finish(await (await import('../commands/topicsTail.ts')).topicsTail(topic, options)),
    );
}
