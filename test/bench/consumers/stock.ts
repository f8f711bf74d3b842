import { RedisClient, type RedisScript, script } from '#infra/redis/client.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import type { ShopTables } from '#test/support/consumers/shopTables.ts';
import type { Sample } from './documents.ts';
import { type BenchStage, cpuBetween } from './stage.ts';

/** Keeps each level unless a newer position is stored: the least that has to be done. KEYS[1] one sku; ARGV, three per level. */
const KEEP_NEWEST: RedisScript = {
  name: 'BenchKeepNewest',
  keys: 1,
  lua: `
for i = 1, #ARGV, 3 do
  local cur = redis.call('HGET', KEYS[1], ARGV[i])
  if not cur or string.sub(cur, 1, 49) < ARGV[i+1] then redis.call('HSET', KEYS[1], ARGV[i], ARGV[i+1] .. ARGV[i+2]) end
end`,
};

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
  await stage.untilRead('stock', stage.shop.feed.topic('dbo.STOCK'), levels * round);
  const seconds = (performance.now() - startedAt) / 1000;
  return { perSecond: levels / seconds, cpu: cpuBetween(cpu, stage.cpu()) };
}

/** The same levels by one script call a sku in bare pipelines, two in flight. */
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
      KEEP_NEWEST,
      redis.key('stock', `{P${sku}}`),
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
