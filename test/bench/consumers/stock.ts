import { skuKey } from '#consumers/stock/stockKeys.ts';
import { WRITE_STOCK } from '#consumers/stock/stockScripts.ts';
import { RedisClient, script } from '#infra/redis/client.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import type { ShopTables } from '#test/support/consumers/shopTables.ts';
import type { Sample } from './documents.ts';
import { type BenchStage, cpuBetween } from './stage.ts';

const PER_PIPELINE = 1000;
const IN_FLIGHT = 2;

/** A change of every level through the consumer: from the moment the records can be read until the group has committed them all. */
export async function stockThroughConsumers(stage: BenchStage, levels: number, round: number): Promise<Sample> {
  const rows = Array.from({ length: levels }, (_, i) => ({
    CODE: `P${i >> 1}`,
    BRANCH: i & 1,
    QTY: i + round,
    ALLOC: 0,
  }));
  const before = (row: ShopTables['dbo.STOCK']) => (round === 1 ? null : { ...row, QTY: row.QTY - 1 });
  const backlog = await stage.feed.write('dbo.STOCK', rows, before);
  const cpu = stage.cpu();
  const startedAt = performance.now();
  await backlog.show();
  await stage.untilRead('stock', [stage.shop.feed.topic('dbo.STOCK')]);
  const seconds = (performance.now() - startedAt) / 1000;
  return { perSecond: levels / seconds, cpu: cpuBetween(cpu, stage.cpu()) };
}

/** The same levels by the same script in bare pipelines, two in flight. */
export async function stockRaw(stage: BenchStage, levels: number, round: number): Promise<Sample> {
  const redis = new RedisClient({
    url: stage.shop.config.redis.url,
    keyPrefix: `${stage.shop.id}-raw:`,
    name: 'bench',
    log: silentLogger,
  });
  await redis.ready();
  const position = (i: number): string =>
    `${round.toString(16).padStart(20, '0')}${'0'.repeat(8)}${i.toString(16).padStart(20, '0')}4`;
  const calls = Array.from({ length: levels >> 1 }, (_, sku) =>
    script(
      WRITE_STOCK,
      skuKey(redis, `P${sku}`),
      ...[0, 1].flatMap((branch) => [String(branch), position(sku * 2 + branch), `${sku * 2 + branch + round}|0`]),
    ),
  );
  const pipelines = Array.from({ length: Math.ceil(calls.length / PER_PIPELINE) }, (_, i) =>
    calls.slice(i * PER_PIPELINE, (i + 1) * PER_PIPELINE),
  );
  const cpu = stage.cpu();
  const startedAt = performance.now();
  const worker = async (): Promise<void> => {
    for (let next = pipelines.shift(); next !== undefined; next = pipelines.shift()) await redis.sendAll(next);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  const seconds = (performance.now() - startedAt) / 1000;
  const sample = { perSecond: levels / seconds, cpu: cpuBetween(cpu, stage.cpu()) };
  await redis.close();
  return sample;
}
