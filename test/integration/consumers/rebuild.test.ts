import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { checkIndex } from '#consumers/catalog/indexCheck.ts';
import { dropIndex, indexBefore, swapIndex } from '#consumers/catalog/indexSwap.ts';
import { listIndexes } from '#consumers/catalog/searchIndex.ts';
import { planDocument } from '#consumers/rows/relations.ts';
import { RowStore } from '#consumers/rows/rowStore.ts';
import { RedisClient } from '#infra/redis/client.ts';
import { systemClock } from '#infra/runtime/clock.ts';
import type { Config } from '#infra/runtime/config/config.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { type RunningConsumers, TestShop } from '#test/support/consumers/running.ts';
import { type ProductDocument, product } from '#test/support/consumers/shopTables.ts';
import { eventually } from '#test/support/eventually.ts';

const signal = new AbortController().signal;
const PRODUCTS = 1200;
const thing = (number: number, price: number) => ({
  CODE: `P${number}`,
  NAME: `Thing ${number}`,
  LONG_DESC: null,
  CAT: 'A',
  VAT: 'S',
  PRICE: `${price}.00`,
  SEQ: BigInt(number),
  LIVE: 'Y',
});

/** The next version of the documents: every name says so. */
const next = {
  ...product,
  version: product.version + 1,
  project: (context: Parameters<typeof product.project>[0]): ProductDocument => {
    const document = product.project(context) as ProductDocument;
    return { ...document, name: `${document.name} anew` };
  },
};

describe('a search index of the next version', () => {
  let shop: TestShop;
  let old: RunningConsumers;
  let redis: RedisClient;
  const configOf = (swap: 'when-built' | 'by-command'): Config =>
    ({
      ...shop.config,
      catalog: { documents: [next] },
      consumers: { ...shop.config.consumers, swapIndex: swap },
    }) as Config;
  const indexes = () => listIndexes(shop.elastic, shop.config.elasticsearch.indexPrefix, 'product');
  const index = (version: number): string => `${shop.config.elasticsearch.indexPrefix}product-v${version}-1`;
  const names = async (): Promise<(string | undefined)[]> =>
    [...(await shop.actual()).values()].map((document) => (document as ProductDocument).name);
  const expected = (suffix: string): Map<string, object> =>
    new Map([...shop.expected()].map(([id, d]) => [id, { ...d, name: `${(d as ProductDocument).name}${suffix}` }]));
  const converged = (suffix: string): Promise<void> =>
    eventually(async () => expect(await shop.actual()).toEqual(expected(suffix)), { timeoutMs: 30_000, everyMs: 100 });
  const swapTo = (name: string) =>
    swapIndex(shop.elastic, shop.config.elasticsearch.indexPrefix, 'product', name, Date.now());

  beforeAll(async () => {
    shop = await new TestShop(inject('stack')).open();
    redis = new RedisClient({ ...shop.config.redis, name: 'test', log: silentLogger });
    await shop.feed.put('dbo.CATEGORY', [{ CAT: 'A', NAME: 'First', GRP: 1 }]);
    await shop.feed.put(
      'dbo.PRODUCT',
      Array.from({ length: PRODUCTS }, (_, i) => thing(i, 1)),
    );
    old = await shop.start();
    await converged('');
  });

  afterAll(async () => {
    await old.stop();
    await redis.close();
    await shop.elastic.request('DELETE', `/${index(next.version)}`).catch(() => undefined);
    await shop.close();
  });

  it('is filled beside the live one, by several processes of which some are stopped, and is never searched before it is asked for', async () => {
    const broken = await shop.start(configOf('by-command'));
    await eventually(async () => expect(await indexes()).toHaveLength(2));
    await broken.stop();
    await shop.feed.put('dbo.PRODUCT', [thing(1, 20), thing(2, 20)]);
    const [one, two] = await Promise.all([shop.start(configOf('by-command')), shop.start(configOf('by-command'))]);
    await shop.feed.put('dbo.PRODUCT', [thing(3, 30), thing(PRODUCTS, 30)]);
    await shop.feed.remove('dbo.PRODUCT', thing(4, 1));
    await eventually(
      () =>
        expect([one.status('catalog.product')['build'], two.status('catalog.product')['build']]).toEqual([
          { state: 'ready' },
          { state: 'ready' },
        ]),
      { timeoutMs: 60_000 },
    );
    await converged('');
    expect((await indexes()).map(({ live, filledAt }) => [live, filledAt !== null])).toEqual([
      [true, true],
      [false, true],
    ]);
    await Promise.all([one.stop(), two.stop()]);
  });

  it('is compared with the rows document by document', async () => {
    const check = () =>
      checkIndex(
        {
          elastic: shop.elastic,
          store: new RowStore(redis),
          plan: planDocument(next),
          index: index(next.version),
          clock: { ...systemClock, sleep: async () => undefined },
        },
        signal,
      );
    expect(await check()).toEqual({
      rows: PRODUCTS + 1,
      visible: PRODUCTS,
      unbuildable: 0,
      differences: 0,
      differing: [],
    });
    await shop.elastic.request('DELETE', `/${index(next.version)}/_doc/P7`);
    expect(await check()).toMatchObject({ differences: 1, differing: ['P7'] });
    await shop.feed.put('dbo.PRODUCT', [thing(7, 70)]);
  });

  it('takes over in one step, can be left again, and cannot be dropped while it is searched', async () => {
    const running = await shop.start(configOf('by-command'));
    await swapTo(index(next.version));
    await converged(' anew');
    await shop.feed.put('dbo.PRODUCT', [thing(9, 90)]);
    await converged(' anew');
    expect((await names()).every((name) => name?.endsWith(' anew'))).toBe(true);
    await expect(
      dropIndex(shop.elastic, shop.config.elasticsearch.indexPrefix, 'product', index(next.version)),
    ).rejects.toMatchObject({ code: 'SEARCH_INDEX_UNFIT' });
    const before = await indexBefore(shop.elastic, shop.config.elasticsearch.indexPrefix, 'product');
    expect(before.index).toBe(index(product.version));
    await swapTo(before.index);
    await converged('');
    await running.stop();
  });

  it('takes over by itself when the configuration says so, once it equals the rows, and is not left for an older one that starts again', async () => {
    const running = await shop.start(configOf('when-built'));
    await converged(' anew');
    expect((await indexes()).map(({ version, live }) => [version, live])).toEqual([
      [product.version, false],
      [next.version, true],
    ]);
    const again = await shop.start();
    await eventually(() => expect(again.status('catalog.product')['build']).toEqual({ state: 'ready' }));
    await shop.feed.put('dbo.PRODUCT', [thing(10, 100)]);
    await converged(' anew');
    await again.stop();
    await running.stop();
  });

  it('is not swapped to while it is unfinished', async () => {
    await expect(swapTo(index(99))).rejects.toMatchObject({ code: 'SEARCH_INDEX_UNFIT' });
  });
});
