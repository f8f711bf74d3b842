import type { FastifyInstance } from 'fastify';
import { beforeEach, describe, expect, it } from 'vitest';
import { LiveStock } from '#consumers/storefront/liveStock.ts';
import { createStorefrontServer } from '#consumers/storefront/server.ts';
import { Secret } from '#infra/runtime/config/reference.ts';
import type { LiveStockDefinition } from '#infra/runtime/config/stock.ts';
import { storefrontSchema } from '#infra/runtime/config/storefront.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { createMetrics } from '#infra/runtime/metrics.ts';
import { DEFINITION, FakeSearch, FakeStock } from './fakes.ts';

const NOW_MS = Date.parse('2024-01-01T00:00:01Z');
let stock: FakeStock;
let nowMs: number;
/** What the command API was asked, and how it answers. */
let asked: string[];
let answer: () => Promise<Response>;

const item = (sku: string, available: number) => ({ sku, onHand: available + 1, reserved: 1, available });
const levels = (...items: object[]): Response => Response.json({ asOf: '2024-01-01T00:00:00.000Z', items });

function liveStock(change: Partial<LiveStockDefinition> = {}): LiveStock {
  const definition: LiveStockDefinition = {
    skus: ['GOLD'],
    patterns: ['RARE-*'],
    url: 'https://commands.test',
    key: new Secret('test', () => 'sluice_key'),
    timeoutMs: 500,
    maxConcurrent: 2,
    whenUnavailable: 'unknown',
    ...change,
  };
  return new LiveStock({
    definition,
    clock: { now: () => nowMs, sleep: async () => undefined },
    fetch: async (url, init) => {
      asked.push(`${new URL(String(url)).pathname}${decodeURIComponent(new URL(String(url)).search)}`);
      expect(new Headers(init?.headers).get('authorization')).toBe('Bearer sluice_key');
      return answer();
    },
  });
}

function server(live: LiveStock): FastifyInstance {
  return createStorefrontServer({
    sides: { search: new FakeSearch(), searchDefinition: DEFINITION, stock, live },
    limits: storefrontSchema.parse({}),
    log: silentLogger,
    metrics: createMetrics(),
    now: () => nowMs,
  });
}

beforeEach(() => {
  stock = new FakeStock();
  for (const sku of ['A', 'GOLD', 'RARE-1', 'LIVE1']) stock.set(sku, 5);
  nowMs = NOW_MS;
  asked = [];
  answer = async () => levels(item('GOLD', 2), item('RARE-1', 0), item('LIVE1', 9));
});

const shown = async (app: FastifyInstance, skus: string) => {
  const { items, unknown } = (await app.inject(`/stock?skus=${skus}`)).json() as {
    items: { sku: string; available: number | null; source: string; stale: boolean }[];
    unknown: string[];
  };
  return { items: items.map(({ sku, available, source, stale }) => [sku, available, source, stale]), unknown };
};

describe('articles that no copy may answer for', () => {
  it('are asked at the command API, by list, by pattern and by what their level says, the others read from the copy', async () => {
    expect(await shown(server(liveStock()), 'A,GOLD,RARE-1,LIVE1')).toEqual({
      items: [
        ['A', 5, 'copy', false],
        ['GOLD', 2, 'live', false],
        ['RARE-1', 0, 'live', false],
        ['LIVE1', 9, 'live', false],
      ],
      unknown: [],
    });
    expect(asked).toEqual(['/live-stock?skus=GOLD,RARE-1,LIVE1']);
  });

  it('ask nobody when none of them is read', async () => {
    await shown(server(liveStock()), 'A');
    expect(asked).toEqual([]);
  });

  it('are unknown when the command API does not sell them', async () => {
    answer = async () => levels();
    expect(await shown(server(liveStock()), 'GOLD')).toEqual({ items: [], unknown: ['GOLD'] });
  });

  it.each([
    ['nobody answers', async () => Promise.reject(new TypeError('fetch failed'))],
    ['the key is refused', async () => new Response('{}', { status: 401 })],
    ['the answer is another one', async () => Response.json({ items: [{ sku: 'GOLD', available: 'many' }] })],
    ['the answer has no end', async () => new Response('x'.repeat(1_000_001))],
  ])('promise nothing when %s, or show the copy as stale where that is wished', async (_why, failing) => {
    answer = failing as () => Promise<Response>;
    expect((await shown(server(liveStock()), 'A,GOLD')).items).toEqual([
      ['A', 5, 'copy', false],
      ['GOLD', null, 'live', true],
    ]);
    expect((await shown(server(liveStock({ whenUnavailable: 'copy' })), 'GOLD')).items).toEqual([
      ['GOLD', 5, 'copy', true],
    ]);
  });

  it('are not asked for a while after failures in a row', async () => {
    answer = async () => new Response('', { status: 503 });
    const live = liveStock();
    for (let i = 0; i < 9; i++)
      await expect(live.ask(['GOLD'])).rejects.toMatchObject({ code: 'STOCK_LIVE_UNAVAILABLE' });
    expect(asked.length).toBe(5);
    nowMs += 2001;
    answer = async () => levels(item('GOLD', 1));
    expect((await live.ask(['GOLD'])).get('GOLD')).toMatchObject({ available: 1 });
  });

  it('are asked by so many at once and no more', async () => {
    const held = Promise.withResolvers<void>();
    answer = () => held.promise.then(() => levels(item('GOLD', 1)));
    const live = liveStock();
    const under = [live.ask(['GOLD']), live.ask(['GOLD'])];
    await expect(live.ask(['GOLD'])).rejects.toMatchObject({ code: 'STOCK_LIVE_UNAVAILABLE' });
    held.resolve();
    await Promise.all(under);
    expect(asked.length).toBe(2);
  });

  it('are asked fifty at a time, and never for what the command API would refuse', async () => {
    answer = async () => levels();
    const skus = Array.from({ length: 120 }, (_, i) => `RARE-${i}`);
    await liveStock({ maxConcurrent: 3 }).ask([...skus, 'RARE-with-a-name-that-is-too-long', 'RARE-é']);
    expect(asked.map((question) => question.split(',').length)).toEqual([50, 50, 20]);
  });

  it('take a pattern for what it says, not for an expression', () => {
    const live = liveStock({ skus: [], patterns: ['A.B*', '*(x)'] });
    expect(['A.B', 'A.Bcd', 'q(x)', 'AxB', 'q(x)y'].map((sku) => live.concerns(sku))).toEqual([
      true,
      true,
      true,
      false,
      false,
    ]);
  });
});
