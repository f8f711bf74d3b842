import { CopyLedger } from '#consumers/runner/ledger.ts';
import { applyOffsets, type OffsetPlan, planOffsets } from '#infra/ops/offsets.ts';
import { parseStartPoint } from '#infra/ops/startPoint.ts';
import { RedisClient } from '#infra/redis/client.ts';
import type { Config } from '#infra/runtime/config/config.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { groupNamed } from '../consumerGroups.ts';
import { EXIT } from '../exitCodes.ts';
import { formatTable, print, printJson } from '../output.ts';
import { withKafka } from '../withKafka.ts';

export interface OffsetOptions {
  readonly config: string;
  readonly json: boolean;
  readonly to: string;
  readonly topic?: string;
  readonly partition?: number;
}

/** Plans, and with `execute` carries out, the move of a group's offsets. Exit code 4 when the group is running, so that it cannot be moved. */
export async function offsets(group: string, options: OffsetOptions & { execute: boolean }): Promise<number> {
  const to = parseStartPoint(options.to);
  return withKafka(options.config, async ({ kafka, config, signal }) => {
    const plan = await planOffsets(kafka, groupNamed(config, group), to, options, signal);
    if (options.execute) {
      await applyOffsets(kafka, plan);
      await skipInStore(config, plan);
    }
    if (options.json) printJson({ ...plan, applied: options.execute });
    else show(plan, options.execute);
    return !options.execute && plan.members > 0 ? EXIT.unhealthy : EXIT.ok;
  });
}

/** Records that are skipped must count as taken in the store, too: the group would go back to them. */
async function skipInStore(config: Config, { groupId, moves }: OffsetPlan): Promise<void> {
  const redis = new RedisClient({ ...config.redis, name: 'sluice-offsets', log: silentLogger });
  try {
    await redis.ready();
    const entries = moves.map(({ topic, partition, after }) => ({ topic, partition, next: after }));
    await new CopyLedger(redis, groupId).skipTo(entries);
  } finally {
    await redis.close();
  }
}

function show(plan: OffsetPlan, applied: boolean): void {
  print(
    formatTable([
      ['topic', 'partition', 'before', 'after', 'handled again'],
      ...plan.moves.map((m) => [
        m.topic,
        m.partition,
        m.before === null ? '–' : String(m.before),
        String(m.after),
        String(m.again),
      ]),
    ]),
  );
  if (applied) print(`moved group ${plan.groupId}`);
  else if (plan.members > 0)
    print(`group ${plan.groupId} has ${plan.members} running members: stop them first, or use \`sluice replay\``);
  else print('dry run: `sluice offsets apply … --execute` moves the group');
}
