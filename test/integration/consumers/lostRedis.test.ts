import { copyFileSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { CopyLedger, copyState } from '#consumers/runner/ledger.ts';
import { command, RedisClient } from '#infra/redis/client.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { ensureInstalled } from '#infra/stack/install.ts';
import { startRedis } from '#infra/stack/local/redis.ts';
import { Watchdog } from '#infra/stack/watchdog.ts';
import { BreakableServer } from '#test/reliability/readModels/servers.ts';
import { type RunningConsumers, TestShop } from '#test/support/consumers/running.ts';
import type { ShopTables } from '#test/support/consumers/shopTables.ts';
import { storedLevels } from '#test/support/consumers/storedCopies.ts';
import { eventually } from '#test/support/eventually.ts';

const PRODUCTS = 600;
type Product = ShopTables['dbo.PRODUCT'];
const product = (number: number, price: number): Product => ({
  CODE: `P${number}`,
  NAME: `Thing ${number}`,
  LONG_DESC: `All there is to say of ${number} at ${price}`,
  CAT: number % 3 === 0 ? 'A' : 'B',
  VAT: 'S',
  PRICE: `${price}.00`,
  SEQ: BigInt(number),
  LIVE: 'Y',
});
const products = (price: number): Product[] => Array.from({ length: PRODUCTS }, (_, i) => product(i, price));
const levels = (quantity: number): ShopTables['dbo.STOCK'][] =>
  Array.from({ length: PRODUCTS }, (_, i) => ({ CODE: `P${i}`, BRANCH: 1, QTY: quantity + i, ALLOC: 0 }));

describe('consumers that keep running while Redis loses data', () => {
  let folder: string;
  let watchdog: Watchdog;
  let server: BreakableServer;
  let url: string;
  let shop: TestShop;
  let redis: RedisClient;
  const running = new Set<RunningConsumers>();

  beforeAll(async () => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'sluice-redis-')));
    watchdog = new Watchdog([folder]);
    server = new BreakableServer('redis', folder, watchdog);
    const addresses = await server.open(startRedis, await ensureInstalled({ parts: ['redis'] }));
    url = addresses.redis!.url;
  });

  afterAll(async () => {
    await server.signal('SIGKILL');
    watchdog.done();
    rmSync(folder, { recursive: true, force: true });
  });

  beforeEach(async () => {
    await server.start();
    shop = await new TestShop({ ...inject('stack'), redis: { url } }, { maxBatchRecords: 50 }).open();
    redis = new RedisClient({ ...shop.config.redis, name: 'test', log: silentLogger });
    await shop.feed.put('dbo.CATEGORY', [
      { CAT: 'A', NAME: 'First', GRP: 1 },
      { CAT: 'B', NAME: 'Second', GRP: 1 },
    ]);
    await shop.feed.put('dbo.CAT_GROUP', [{ GRP: 1, TITLE: 'All' }]);
    await shop.feed.put('dbo.PRODUCT', products(1));
    await shop.feed.put('dbo.STOCK', levels(1));
  });

  afterEach(async () => {
    await server.start();
    for (const consumers of running) await consumers.stop();
    running.clear();
    await redis.close();
    await shop.close();
  });

  const start = async (): Promise<RunningConsumers> => {
    const consumers = await shop.start();
    running.add(consumers);
    return consumers;
  };
  const documentsConverged = (): Promise<void> =>
    eventually(async () => expect(await shop.actual()).toEqual(shop.expected()), { timeoutMs: 60_000, everyMs: 250 });
  const stockConverged = (): Promise<void> =>
    eventually(
      async () => {
        const found: unknown[] = [];
        for await (const { sku, location, onHand } of storedLevels(shop.config.redis))
          found.push([sku, location, onHand]);
        const wanted = shop.feed.rows('dbo.STOCK').map((row) => [row['CODE'], String(row['BRANCH']), row['QTY']]);
        expect(found.sort()).toEqual(wanted.sort());
      },
      { timeoutMs: 60_000, everyMs: 250 },
    );
  const converged = async (): Promise<void> => {
    await documentsConverged();
    await stockConverged();
  };
  const whole = (): Promise<void> =>
    eventually(
      async () => {
        for (const group of ['rows', 'stock', 'orders'])
          expect((await copyState(redis, `${shop.id}.${group}`)).state).toBe('complete');
      },
      { timeoutMs: 60_000 },
    );

  it('read their topics again by themselves, and never show half a document meanwhile', async () => {
    await start();
    await start();
    await converged();
    await redis.send(command('FLUSHALL'));
    // Values that do not travel with the change: they must come from the replay, not from nothing.
    await shop.feed.put('dbo.PRODUCT', products(2), { unavailable: ['LONG_DESC'] });
    for (const row of shop.feed.rows('dbo.PRODUCT')) row['LONG_DESC'] = product(Number(row['SEQ']), 1).LONG_DESC;
    await shop.feed.put('dbo.STOCK', levels(100));
    let looks = 0;
    await eventually(
      async () => {
        const found = await shop.actual();
        looks += 1;
        expect(found.size, `documents at look ${looks}`).toBe(PRODUCTS);
        for (const document of found.values())
          if ((document as { category: string | null; group: string | null }).group === null)
            throw new Error('a document lost what is joined to it');
        expect(found).toEqual(shop.expected());
      },
      { timeoutMs: 60_000, everyMs: 100 },
    );
    await stockConverged();
    await whole();
  });

  it('do so when nothing changes any more', async () => {
    await start();
    await converged();
    await whole();
    await redis.send(command('FLUSHALL'));
    await stockConverged();
    await whole();
  });

  it('read everything again from a Redis that was killed and came back without its file', async () => {
    const consumers = await start();
    await converged();
    await server.signal('SIGKILL');
    await shop.feed.put('dbo.CATEGORY', [{ CAT: 'A', NAME: 'While Redis was away', GRP: 1 }]);
    rmSync(join(server.dir, 'appendonly.aof'), { force: true });
    await server.start();
    await converged();
    await whole();
    expect(consumers.status('rows')['deadLetters']).toBe(0);
  });

  it('read nothing again from a Redis that was killed and kept its file', async () => {
    const consumers = await start();
    await converged();
    await whole();
    const before = Number(consumers.status('stock')['records']);
    // The file is forced to disk once a second; the operating system has every write, and it survives.
    await server.signal('SIGKILL');
    await server.start();
    await shop.feed.put('dbo.STOCK', [{ CODE: 'P1', BRANCH: 1, QTY: 5000, ALLOC: 0 }]);
    await converged();
    // Once more when it is written before the new server process was noticed.
    expect(Number(consumers.status('stock')['records']) - before).toBeOneOf([1, 2]);
  });

  it('take a Redis that came back for whole only when each owner has looked at it', async () => {
    const ledger = new CopyLedger(redis, 'group');
    const [first, second] = [0, 1].map((partition) => ({
      ...{ topic: 't', partition, begin: 0n },
      ...{ believed: 0n, outdated: null, goal: 0n },
    }));
    const stands = (state: string): Promise<void> =>
      eventually(async () => expect((await copyState(redis, 'group')).state).toBe(state));
    await ledger.open([first!, second!], [first!]);
    await ledger.open([first!, second!], [second!]);
    await stands('complete');
    await server.signal('SIGKILL');
    await server.start();
    await stands('rebuilding');
    await ledger.open([first!, second!], [first!]);
    await stands('rebuilding');
    await ledger.open([first!, second!], [second!]);
    await stands('complete');
  });

  it('read the lost window again from a Redis that came back as it was some time before', async () => {
    const consumers = await start();
    await converged();
    await whole();
    const file = join(server.dir, 'appendonly.aof');
    copyFileSync(file, join(folder, 'older.aof'));
    await shop.feed.put('dbo.PRODUCT', products(2).slice(0, 100));
    await shop.feed.put('dbo.STOCK', levels(100).slice(0, 100));
    await converged();
    const before = Number(consumers.status('rows')['records']);
    await server.signal('SIGKILL');
    copyFileSync(join(folder, 'older.aof'), file);
    await server.start();
    // Values that did not travel must not be completed from the older rows.
    await shop.feed.put('dbo.PRODUCT', products(3).slice(0, 100), { unavailable: ['LONG_DESC'] });
    for (const row of shop.feed.rows('dbo.PRODUCT').slice(0, 100))
      row['LONG_DESC'] = product(Number(row['SEQ']), 2).LONG_DESC;
    await converged();
    await whole();
    const again = Number(consumers.status('rows')['records']) - before;
    expect(again).toBeGreaterThanOrEqual(200);
    expect(again).toBeLessThan(PRODUCTS);
  });
});
