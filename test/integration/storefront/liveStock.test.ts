import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { SkuStock, StockReader } from '#consumers/stock/stockTypes.ts';
import { LiveStock } from '#consumers/storefront/liveStock.ts';
import { createStorefrontServer } from '#consumers/storefront/server.ts';
import { Secret } from '#infra/runtime/config/reference.ts';
import { storefrontSchema } from '#infra/runtime/config/storefront.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { createMetrics } from '#infra/runtime/metrics.ts';
import { type CommandServer, startCommandServer } from '#test/support/commandServer.ts';
import { type CommandShop, createCommandShop } from '#test/support/commandShop.ts';

let shop: CommandShop;
let commands: CommandServer;

beforeAll(async () => {
  shop = await createCommandShop(inject('stack').sqlserver!, 'epos');
  commands = await startCommandServer(shop, false);
}, 120_000);

afterAll(async () => {
  await commands?.close();
  await shop?.close();
});

/** A copy that is wrong on purpose: what it says must not be shown. */
const copy: StockReader = {
  read: async (skus) =>
    new Map(
      skus.map((sku): [string, SkuStock] => [
        sku,
        {
          sku,
          onHand: 9999,
          reserved: 0,
          available: 9999,
          locations: [],
          asOf: new Date().toISOString(),
          ageSeconds: 0,
          live: false,
        },
      ]),
    ),
  latestChangeId: async () => '0-0',
  changes: async () => ({ changes: [], gap: false }),
  close: async () => undefined,
};

const storefront = (url: string, key: string) =>
  createStorefrontServer({
    sides: {
      search: {} as never,
      searchDefinition: { text: {} },
      stock: copy,
      live: new LiveStock({
        definition: {
          skus: [shop.goods.kettle.sku, shop.goods.hidden],
          patterns: [],
          url,
          key: new Secret('test', () => key),
          timeoutMs: 5000,
          maxConcurrent: 4,
          whenUnavailable: 'unknown',
        },
      }),
    },
    limits: storefrontSchema.parse({}),
    log: silentLogger,
    metrics: createMetrics(),
  });

describe('stock asked live through the command API and its procedure', () => {
  it('shows what the database holds now, and the copy for everything else', async () => {
    const { kettle, lamp, hidden } = shop.goods;
    const app = storefront(commands.url, commands.key);
    const ask = async () =>
      (await app.inject(`/stock?skus=${[kettle.sku, lamp.sku, hidden].map(encodeURIComponent).join(',')}`)).json();
    const before = await ask();
    expect(before.items).toMatchObject([
      { sku: kettle.sku, available: 100, source: 'live', stale: false },
      { sku: lamp.sku, available: 9999, source: 'copy', stale: false },
    ]);
    expect(before.unknown).toEqual([hidden]);
    await shop.setStock(kettle.sku, 3);
    const after = await ask();
    expect(after.items[0]).toMatchObject({ available: 3, onHand: 3, source: 'live' });
    expect(after.items[0].ageSeconds).toBeLessThan(60);
  });

  it('promises nothing with a key the command API does not know, or when it is away', async () => {
    const { kettle } = shop.goods;
    for (const [url, key] of [
      [commands.url, 'sluice_unknown_key'],
      ['http://127.0.0.1:9', commands.key],
    ] as const) {
      const { items } = (await storefront(url, key).inject(`/stock?skus=${kettle.sku}`)).json();
      expect(items).toEqual([expect.objectContaining({ sku: kettle.sku, available: null, stale: true })]);
    }
  });
});
