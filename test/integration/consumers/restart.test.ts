import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { highestVersion, listIndexes } from '#consumers/catalog/searchIndex.ts';
import { command, RedisClient } from '#infra/redis/client.ts';
import type { Config } from '#infra/runtime/config/config.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { type RunningConsumers, TestShop } from '#test/support/consumers/running.ts';
import { unreliableProxy } from '#test/support/consumers/unreliableProxy.ts';
import { eventually } from '#test/support/eventually.ts';

const PRODUCTS = 1500;
const product = (number: number, price: number) => ({
  CODE: `P${number}`,
  NAME: `Thing ${number}`,
  LONG_DESC: null,
  CAT: number % 3 === 0 ? 'A' : 'B',
  VAT: 'S',
  PRICE: `${price}.00`,
  SEQ: BigInt(number),
  LIVE: 'Y',
});

describe('the consumers', () => {
  let shop: TestShop;
  const running = new Set<RunningConsumers>();

  const start = async (config?: Config): Promise<RunningConsumers> => {
    const consumers = await shop.start(config);
    running.add(consumers);
    return consumers;
  };
  const stop = async (consumers: RunningConsumers): Promise<void> => {
    running.delete(consumers);
    await consumers.stop();
  };
  const converged = (): Promise<void> =>
    eventually(async () => expect(await shop.actual()).toEqual(shop.expected()), { timeoutMs: 60_000, everyMs: 250 });

  beforeEach(async () => {
    shop = await new TestShop(inject('stack'), { maxBatchRecords: 50 }).open();
    await shop.feed.put('dbo.CATEGORY', [
      { CAT: 'A', NAME: 'First', GRP: 1 },
      { CAT: 'B', NAME: 'Second', GRP: 1 },
    ]);
    await shop.feed.put(
      'dbo.PRODUCT',
      Array.from({ length: PRODUCTS }, (_, i) => product(i, 1)),
    );
  });

  afterEach(async () => {
    for (const consumers of running) await consumers.stop();
    running.clear();
    await shop.close();
  });

  it('lose nothing when stopped in the middle of their work', async () => {
    const first = await start();
    await eventually(() => expect(first.status('catalog.product')['documentsWritten']).toBeGreaterThan(0));
    await stop(first);
    await shop.feed.put('dbo.CATEGORY', [{ CAT: 'A', NAME: 'Renamed', GRP: 1 }]);
    await start();
    await converged();
  });

  it('lose nothing when killed at any moment', async () => {
    for (let round = 1; round <= 3; round++) {
      const killed = await startProcess();
      await shop.feed.put(
        'dbo.PRODUCT',
        Array.from({ length: PRODUCTS }, (_, i) => product(i, round + 1)),
      );
      await shop.feed.put('dbo.CATEGORY', [{ CAT: 'A', NAME: `Round ${round}`, GRP: 1 }]);
      const before = await highestAbove(0);
      await eventually(async () => expect(await highestAbove(before)).toBeGreaterThan(before), { timeoutMs: 30_000 });
      killed.kill('SIGKILL');
      await once(killed, 'exit');
    }
    await start();
    await converged();
  });

  it('share the work and hand it over', async () => {
    const first = await start();
    await start();
    await shop.feed.put(
      'dbo.PRODUCT',
      Array.from({ length: PRODUCTS }, (_, i) => product(i, 2)),
    );
    await eventually(() => expect(first.status('rows')['records']).toBeGreaterThan(100));
    await stop(first);
    await shop.feed.put('dbo.CATEGORY', [{ CAT: 'B', NAME: 'Handed over', GRP: 1 }]);
    await converged();
  });

  it('change nothing when everything is read again', async () => {
    const first = await start();
    await converged();
    await eventually(() => expect(first.status('rows')).toMatchObject({ lag: 0 }));
    await stop(first);
    const topic = shop.feed.topic('dbo.PRODUCT');
    const beginnings = [...(await shop.kafka.topicOffsets(topic))].map(([p, { begin }]): [number, bigint] => [
      p,
      begin,
    ]);
    await shop.kafka.commitOffsets(`${shop.id}.rows`, new Map([[topic, new Map(beginnings)]]));
    const second = await start();
    await eventually(() => expect(second.status('rows')['records']).toBeGreaterThanOrEqual(PRODUCTS));
    await converged();
  });

  it('wait for Elasticsearch and go on when it is back', async () => {
    const proxy = await unreliableProxy(shop.config.elasticsearch.url);
    try {
      const consumers = await start({
        ...shop.config,
        elasticsearch: { ...shop.config.elasticsearch, url: proxy.url },
      });
      await eventually(() => expect(consumers.status('catalog.product')['documentsWritten']).toBeGreaterThan(0));
      proxy.breakOff();
      await shop.feed.put('dbo.CATEGORY', [{ CAT: 'A', NAME: 'While it was away', GRP: 1 }]);
      await eventually(() => expect(proxy.refused()).toBeGreaterThan(3));
      expect(consumers.status('catalog.product')['deadLetters']).toBe(0);
      proxy.mend();
      await converged();
    } finally {
      await proxy.close();
    }
  });

  it('wait for Redis and go on when it is back', async () => {
    const proxy = await unreliableProxy(shop.config.redis.url);
    try {
      const consumers = await start({ ...shop.config, redis: { ...shop.config.redis, url: proxy.url } });
      await eventually(() => expect(consumers.status('rows')['records']).toBeGreaterThan(0));
      proxy.breakOff();
      await shop.feed.put('dbo.PRODUCT', [product(1, 99)]);
      await eventually(() => expect(proxy.refused()).toBeGreaterThan(3));
      proxy.mend();
      await converged();
      expect(consumers.status('rows')['deadLetters']).toBe(0);
    } finally {
      await proxy.close();
    }
  });

  it('read their topics again when Redis comes back empty', async () => {
    await stop(await startAndConverge());
    const redis = new RedisClient({ ...shop.config.redis, name: 'test', log: silentLogger });
    const keys = (await redis.send(command('KEYS', `${shop.config.redis.keyPrefix}*`))) as string[];
    await redis.send(command('DEL', ...keys));
    await redis.close();
    await shop.feed.put('dbo.CATEGORY', [{ CAT: 'A', NAME: 'After the loss', GRP: 1 }]);
    await start();
    await converged();
  });

  it('fill a search index again that was lost while nobody wrote', async () => {
    await stop(await startAndConverge());
    await loseIndex();
    await start();
    await converged();
  });

  it('make the search index again that goes away under them, and send searches to it when it is filled', async () => {
    const consumers = await startAndConverge();
    await loseIndex();
    await shop.feed.put('dbo.PRODUCT', [product(1, 77)]);
    // A search sees all documents or none, never some.
    await eventually(
      async () => {
        const found = await shop.actual().catch(() => undefined);
        if (found === undefined) throw new Error('no index is searched yet');
        if (found.size !== PRODUCTS) throw new Error(`a search saw ${found.size} documents`);
        expect(found).toEqual(shop.expected());
      },
      { timeoutMs: 60_000, everyMs: 50 },
    );
    expect(consumers.status('catalog.product')).toMatchObject({ build: { state: 'live' }, deadLetters: 0 });
  });

  it('fill a search index again that came back as an older copy of itself', async () => {
    await startAndConverge();
    const index = `${shop.config.elasticsearch.indexPrefix}product-v1-1`;
    await eventually(async () => expect((await filledAt(index)) !== null).toBe(true));
    const first = await filledAt(index);
    await shop.elastic.request('PUT', `/${index}/_settings`, { 'index.blocks.write': true });
    await shop.elastic.request('POST', `/${index}/_clone/${index}-copy`, { settings: { 'index.blocks.write': null } });
    await shop.elastic.request('PUT', `/${index}/_settings`, { 'index.blocks.write': null });
    await shop.feed.remove('dbo.PRODUCT', product(7, 1));
    await shop.feed.put('dbo.CATEGORY', [{ CAT: 'A', NAME: 'After the copy', GRP: 1 }]);
    await converged();
    await restoreFrom(index, `${index}-copy`);
    await converged();
    await eventually(async () => expect([null, first]).not.toContain(await filledAt(index)), { timeoutMs: 30_000 });
  });

  async function filledAt(index: string): Promise<string | null> {
    const [info] = await listIndexes(shop.elastic, shop.config.elasticsearch.indexPrefix, 'product');
    return info?.index === index ? info.filledAt : null;
  }

  /** What a snapshot's restore does: the index is another one, with the documents and versions of before. */
  async function restoreFrom(index: string, copy: string): Promise<void> {
    await shop.elastic.request('DELETE', `/${index}`);
    await shop.elastic.request('PUT', `/${copy}/_settings`, { 'index.blocks.write': true });
    await shop.elastic.request('POST', `/${copy}/_clone/${index}`, {
      settings: { 'index.blocks.write': null },
      aliases: {
        [`${index}.write`]: {},
        [`${shop.config.elasticsearch.indexPrefix}product`]: { filter: { term: { deleted: false } } },
      },
    });
    await shop.elastic.request('DELETE', `/${copy}`);
  }

  /** Highest version in the index: it rises with every batch that is written. */
  async function highestAbove(least: number): Promise<number> {
    const index = `${shop.config.elasticsearch.indexPrefix}product-v1-1`;
    return Math.max(least, await highestVersion(shop.elastic, index).catch(() => 0));
  }

  async function loseIndex(): Promise<void> {
    await shop.elastic.request('DELETE', `/${shop.config.elasticsearch.indexPrefix}product-v1-1`);
  }

  async function startProcess(): Promise<ChildProcess> {
    const script = fileURLToPath(new URL('../../support/consumers/consumerProcess.ts', import.meta.url));
    const child = spawn(process.execPath, [script, JSON.stringify(inject('stack')), shop.id], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const died = once(child, 'exit').then(() => Promise.reject(new Error('the consumer process ended at its start')));
    await Promise.race([once(child.stdout!, 'data'), died]);
    died.catch(() => undefined);
    return child;
  }

  async function startAndConverge(): Promise<RunningConsumers> {
    const consumers = await start();
    await converged();
    return consumers;
  }
});
