import { LagReader, type PartitionLag } from '#infra/ops/lag.ts';
import { worstLagState } from '#infra/ops/lagEvaluator.ts';
import { systemClock } from '#infra/runtime/clock.ts';
import { isAbort } from '#infra/runtime/errors.ts';
import { consumerGroups, webhookGroups } from '../consumerGroups.ts';
import { EXIT } from '../exitCodes.ts';
import { formatTable, print, printJson } from '../output.ts';
import { withKafka } from '../withKafka.ts';

const WATCH_INTERVAL_MS = 2000;
/** Two looks this far apart tell a moving consumer from a stuck one. */
const SECOND_LOOK_MS = 500;

/** Prints how far each consumer group is behind. Exit code 4 when a partition is stuck or went back. */
export async function lag(options: { config: string; json: boolean; watch: boolean }): Promise<number> {
  return withKafka(options.config, async ({ kafka, config, signal }) => {
    try {
      const reader = new LagReader(kafka, [...consumerGroups(config), ...webhookGroups(config)]);
      await reader.read();
      await systemClock.sleep(SECOND_LOOK_MS, signal);
      for (;;) {
        const rows = await reader.read();
        show(rows, options);
        if (!options.watch) return worstLagState(rows.map((row) => row.state)) === 'OK' ? EXIT.ok : EXIT.unhealthy;
        await systemClock.sleep(WATCH_INTERVAL_MS, signal);
      }
    } catch (error) {
      if (isAbort(error) && signal.aborted) return EXIT.ok;
      throw error;
    }
  });
}

function show(rows: readonly PartitionLag[], options: { json: boolean; watch: boolean }): void {
  if (options.json) {
    printJson(rows);
    return;
  }
  if (options.watch && process.stdout.isTTY) process.stdout.write('\u001b[2J\u001b[H');
  const seconds = (value: number | null): string => (value === null ? '0 s' : `${value.toFixed(1)} s`);
  print(
    formatTable([
      ['group', 'topic', 'partition', 'committed', 'end', 'lag', 'time lag', 'state'],
      ...rows.map((row) => [
        row.groupId,
        row.topic,
        row.partition,
        row.committedOffset === null ? '–' : String(row.committedOffset),
        String(row.logEndOffset),
        String(row.lag),
        seconds(row.timeLagSeconds),
        row.state,
      ]),
    ]),
  );
}
