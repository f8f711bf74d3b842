import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import type { Change } from '#consumers/runner/changes.ts';
import { ledgerKey } from '#consumers/runner/ledger.ts';
import { forgetLevels } from '#consumers/stock/forgetLevels.ts';
import { writeStock } from '#consumers/stock/stockHandler.ts';
import { goneKey, skuKey, skuTag } from '#consumers/stock/stockKeys.ts';
import type { IncomingMessage, KafkaClient } from '#infra/kafka/types.ts';
import { command, RedisClient } from '#infra/redis/client.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { createMemoryKafka } from '#test/support/kafka/memoryClient.ts';

const HOUR_MS = 3_600_000;
const { signal } = new AbortController();
let redis: RedisClient;
let kafka: KafkaClient;
let nowMs: number;
let position = 0;

beforeAll(() => {
  redis = new RedisClient({
    url: inject('stack').redis!.url,
    keyPrefix: `fl${randomBytes(4).toString('hex')}:`,
    name: 'test',
    log: silentLogger,
  });
});
beforeEach(async () => {
  nowMs = 1000 * HOUR_MS;
  kafka = createMemoryKafka();
  await kafka.ensureTopics([{ topic: 'stock', partitions: 1, replicationFactor: 1 }]);
  await redis.send(command('HSET', ledgerKey(redis, 'g.stock'), 'id', 'life', 'stock/0', '0'));
});
afterAll(async () => {
  for await (const keys of redis.scan(redis.key('*'))) await redis.send(command('DEL', ...keys));
  await redis.close();
});

/** Writes levels; null deletes. */
async function write(sku: string, onHand: number | null): Promise<void> {
  const key = { sku, location: '1' };
  const change: Change = {
    table: 'dbo.STOCK',
    key,
    position: `${(++position).toString(16).padStart(48, '0')}2`,
    op: onHand === null ? 'd' : 'u',
    before: null,
    after: onHand === null ? null : { ...key, onHand },
    sourceTsMs: 1,
  };
  const definition = {
    table: 'dbo.STOCK',
    project: (row: object) => ({ ...(row as { sku: string; location: string; onHand: number }), reserved: 0 }),
  };
  const records = [{ value: change, message: {} as IncomingMessage }];
  const control = { signal, reject: () => expect.unreachable() };
  await writeStock({ redis, definition, now: () => nowMs }, { topic: '', partition: 0, records }, control);
}

const forget = () =>
  forgetLevels(
    {
      kafka,
      redis,
      groupPrefix: 'g',
      groupId: 'g.stock',
      topics: ['stock'],
      keepMs: HOUR_MS,
      log: silentLogger,
      clock: { now: () => nowMs, sleep: async () => undefined },
    },
    signal,
  );
const stored = async (sku: string): Promise<number> =>
  (await redis.send(command('EXISTS', skuKey(redis, sku)))) as number;

describe('levels that were taken away', () => {
  it('are forgotten when they are old enough, and not those that are stocked again', async () => {
    await write('GONE', 5);
    await write('GONE', null);
    await write('NEVER', null);
    await write('AGAIN', null);
    await write('AGAIN', 3);
    nowMs += HOUR_MS / 2;
    await write('LATER', null);
    expect(await forget()).toBe(0);
    nowMs += HOUR_MS / 2 + 1;
    expect(await forget()).toBe(2);
    expect(await Promise.all(['GONE', 'NEVER', 'AGAIN', 'LATER'].map(stored))).toEqual([0, 0, 1, 1]);
    expect(await redis.send(command('ZSCORE', goneKey(redis, skuTag('AGAIN')), 'AGAIN\t1'))).toBeNull();
    nowMs += HOUR_MS;
    expect(await forget()).toBe(1);
  });

  it('are remembered while the group is behind, or the store is being filled again', async () => {
    await write('KEPT', null);
    nowMs += 2 * HOUR_MS;
    await redis.send(command('HSET', ledgerKey(redis, 'g.stock'), 'stock/0/until', '7'));
    expect(await forget()).toBeNull();
    await redis.send(command('HDEL', ledgerKey(redis, 'g.stock'), 'stock/0/until'));
    const producer = await kafka.producer();
    await producer.send('stock', 0, [{ key: Buffer.from('k'), value: Buffer.from('v') }]);
    expect(await forget()).toBeNull();
    await kafka.commitOffsets('g.stock', new Map([['stock', new Map([[0, 1n]])]]));
    expect(await forget()).toBe(1);
    expect(await stored('KEPT')).toBe(0);
  });
});
