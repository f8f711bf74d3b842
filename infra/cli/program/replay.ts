import type { Command } from 'commander';
import type { OffsetOptions } from '../commands/offsets.ts';
import type { ReplayCommandOptions } from '../commands/replay.ts';
import { configOption, finish, jsonOption, wholeNumber } from './options.ts';

/** `sluice replay` and `sluice offsets`. */
export function registerReplay(program: Command): void {
  program
    .command('replay <group>')
    .description('give records of a topic to a running consumer group once more; nothing has to stop')
    .addOption(configOption())
    .addOption(jsonOption())
    .option('--topic <name>', 'only this topic of the group; the table is enough (dbo.PRODUCT)')
    .option('--partition <n>', 'only this partition', wholeNumber(0))
    .option('--from <point>', 'beginning, offset:<n>, lsn:<hex> or an ISO 8601 moment', 'beginning')
    .option('--key <json>', 'only the row with this key, for example \'{"PROD_CODE":"A100"}\'')
    .option('--rate <n>', 'most records a second', wholeNumber(1), 2000)
    .option('--execute', 'do it; without, only what would be done is printed', false)
    .action(async (group: string, options: ReplayCommandOptions) =>
      finish(await (await import('../commands/replay.ts')).replay(group, options)),
    );

  const offsets = program.command('offsets').description('committed offsets of the consumer groups');
  const moving = (command: Command): Command =>
    command
      .addOption(configOption())
      .addOption(jsonOption())
      .requiredOption('--to <point>', 'beginning, end, offset:<n>, lsn:<hex> or an ISO 8601 moment')
      .option('--topic <name>', 'only this topic of the group; the table is enough')
      .option('--partition <n>', 'only this partition', wholeNumber(0));
  moving(offsets.command('plan <group>').description('what moving a group would do: offsets before and after')).action(
    async (group: string, options: OffsetOptions) =>
      finish(await (await import('../commands/offsets.ts')).offsets(group, { ...options, execute: false })),
  );
  moving(offsets.command('apply <group>').description('move a group whose consumers are stopped'))
    .option('--execute', 'do it; without, only the plan is printed', false)
    .action(async (group: string, options: OffsetOptions & { execute: boolean }) =>
      finish(await (await import('../commands/offsets.ts')).offsets(group, options)),
    );
}
