import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { ledgerKey } from '#consumers/runner/ledger.ts';
import { claimKey } from '#consumers/runner/progress.ts';
import { levelText, skuKey } from '#consumers/stock/stockKeys.ts';
import { command, RedisClient } from '#infra/redis/client.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { sluice } from '#test/support/sluice.ts';

const CONFIG = fileURLToPath(new URL('../../support/configs/stock.config.ts', import.meta.url));
const keyPrefix = `get${randomBytes(4).toString('hex')}:`;
let redis: RedisClient;

beforeAll(async () => {
  redis = new RedisClient({ url: inject('stack').redis!.url, keyPrefix, name: 'test', log: silentLogger });
  const text = (level: Parameters<typeof levelText>[0]): string => `${'0'.repeat(48)}2${levelText(level)}`;
  await redis.sendAll([
    command('HSET', skuKey(redis, 'A'), '1', text({ onHand: 9, reserved: 2, safety: 3 }), '2', text(null)),
    command('HSET', ledgerKey(redis, 'shop.stock'), 'id', 'life'),
  ]);
});

afterAll(async () => {
  for await (const keys of redis.scan(redis.key('*'))) await redis.send(command('DEL', ...keys));
  await redis.close();
});

const get = (...args: string[]) =>
  sluice(['stock', 'get', ...args], {
    SLUICE_CONFIG: CONFIG,
    SLUICE_REDIS_URL: inject('stack').redis!.url,
    STOCK_PREFIX: keyPrefix,
    UNUSED: 'x',
  });

describe('sluice stock get', () => {
  it('shows levels and their age, and ends with 4 while they are of unknown age or unknown', async () => {
    const unknown = await get('A', 'NONE');
    expect(unknown.code).toBe(4);
    expect(unknown.stdout).toMatch(/^A\s+1\s+9\s+2\s+3\s+4$/m);
    expect(unknown.stdout).toContain('NONE: never stocked');
    expect(unknown.stdout).toContain('age not known');
    const claim = ['position', 'f'.repeat(49), 'time', String(Date.now()), 'store', 'life', 'index', ''];
    await redis.send(command('HSET', claimKey(redis, 'stock'), ...claim));
    const known = await get('A', '--json');
    expect(known.code).toBe(0);
    expect(JSON.parse(known.stdout)).toMatchObject({
      items: [{ sku: 'A', available: 4, stale: false, locations: [{ location: '1', safety: 3 }] }],
      unknown: [],
    });
  }, 60_000);
});
