import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { RoleParts } from '#infra/cli/roles/role.ts';
import { composeStorefront } from '#infra/cli/roles/storefront.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { createMetrics } from '#infra/runtime/metrics.ts';
import { type RunningConsumers, TestShop } from '#test/support/consumers/running.ts';
import { eventually } from '#test/support/eventually.ts';

const PRODUCT = { LONG_DESC: null, VAT: 'S', SEQ: 1n, LIVE: 'Y' };
const COMMAND_ID = randomUUID();

let shop: TestShop;
let consumers: RunningConsumers;
let parts: RoleParts;
let url: string;
const stop = new AbortController();

const get = async (path: string, headers: Record<string, string> = {}) => {
  const response = await fetch(`${url}${path}`, { headers });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? null : JSON.parse(text) };
};

beforeAll(async () => {
  shop = await new TestShop(inject('stack')).open();
  await shop.feed.put(
    'dbo.CATEGORY',
    [
      { CAT: 'K', NAME: 'Kitchen', GRP: 1 },
      { CAT: 'L', NAME: 'Light', GRP: 1 },
    ],
    { op: 'r' },
  );
  await shop.feed.put('dbo.PRODUCT', [
    { ...PRODUCT, CODE: 'KETTLE', NAME: 'Steel kettle', CAT: 'K', PRICE: '9.99' },
    { ...PRODUCT, CODE: 'TEAPOT', NAME: 'Steel teapot', CAT: 'K', PRICE: '14.50' },
    { ...PRODUCT, CODE: 'LAMP', NAME: 'Desk lamp <b>', CAT: 'L', PRICE: '20.00' },
  ]);
  await shop.feed.put('dbo.STOCK', [{ CODE: 'KETTLE', BRANCH: 1, QTY: 10, ALLOC: 2 }], { op: 'r' });
  consumers = await shop.start();
  parts = await composeStorefront({
    config: { ...shop.config, storefront: { ...shop.config.storefront, maxOrderWaitMs: 10_000 } },
    log: silentLogger,
    metrics: createMetrics(),
    signal: stop.signal,
  });
  for (const component of parts.components) await component.start(stop.signal);
  ({ url } = parts.status['storefront']!() as { url: string });
  await eventually(async () => expect((await get('/products')).body.total).toBe(3), { timeoutMs: 60_000 });
});

afterAll(async () => {
  stop.abort();
  for (const component of parts?.components.toReversed() ?? []) await component.stop();
  await consumers?.stop();
  await shop?.close();
});

describe('the read API over real copies', () => {
  it('pages what can be had by live stock, as it changes', async () => {
    const skus = async (wish: string): Promise<string[]> =>
      (await get(`/products?sort=name&stock=${wish}`)).body.items.map((item: { sku: string }) => item.sku);
    await eventually(async () => expect(await skus('only')).toEqual(['KETTLE']));
    await shop.feed.put('dbo.STOCK', [{ CODE: 'TEAPOT', BRANCH: 1, QTY: 1, ALLOC: 0 }]);
    await eventually(async () => expect(await skus('only')).toEqual(['KETTLE', 'TEAPOT']));
    await shop.feed.put('dbo.STOCK', [{ CODE: 'KETTLE', BRANCH: 1, QTY: 2, ALLOC: 2 }]);
    await eventually(async () => expect(await skus('only')).toEqual(['TEAPOT']));
    // By name: desk lamp, steel kettle, steel teapot.
    expect(await skus('first')).toEqual(['TEAPOT', 'LAMP', 'KETTLE']);
    await shop.feed.put('dbo.STOCK', [{ CODE: 'KETTLE', BRANCH: 1, QTY: 10, ALLOC: 2 }]);
    await shop.feed.put('dbo.STOCK', [{ CODE: 'TEAPOT', BRANCH: 1, QTY: 0, ALLOC: 0 }]);
    await eventually(async () => expect(await skus('only')).toEqual(['KETTLE']));
  });

  it('searches with words, filters, ranges, order and facets', async () => {
    const { body } = await get('/products?q=steel&sort=price_asc');
    expect(body.items.map((item: { sku: string }) => item.sku)).toEqual(['KETTLE', 'TEAPOT']);
    expect(body.items[0].highlight.name).toContain('<mark>');
    expect(body.facets.category).toContainEqual({ value: 'Kitchen', count: 2, selected: false });
    expect(body.bounds.price).toEqual({ min: 999, max: 1450 });
    expect((await get('/products?category=Light')).body.total).toBe(1);
    expect((await get('/products?priceFrom=999&priceTo=1450')).body.items).toMatchObject([{ sku: 'KETTLE' }]);
  });

  it('pages with a cursor', async () => {
    const first = (await get('/products?sort=name&limit=2')).body;
    const second = (await get(`/products?sort=name&limit=2&cursor=${encodeURIComponent(first.nextCursor)}`)).body;
    expect([...first.items, ...second.items].map((item: { sku: string }) => item.sku)).toEqual([
      'LAMP',
      'KETTLE',
      'TEAPOT',
    ]);
    expect((await get('/products?cursor=nonsense')).status).toBe(422);
  });

  it('shows a product until it changes, and suggests', async () => {
    const product = await get('/products/KETTLE');
    expect(product.body.product).toMatchObject({ sku: 'KETTLE', category: 'Kitchen' });
    const etag = product.headers.get('etag')!;
    expect((await get('/products/KETTLE', { 'if-none-match': etag })).status).toBe(304);
    expect((await get('/products/NOTHING')).body.code).toBe('not-found');
    expect((await get('/suggest?q=steel%20ke')).body.suggestions).toMatchObject([
      { id: 'KETTLE', text: 'Steel kettle', category: 'Kitchen' },
    ]);
  });

  it('reads stock and tells its changes as they come', async () => {
    expect((await get('/stock?skus=KETTLE,NONE')).body).toMatchObject({
      items: [{ sku: 'KETTLE', onHand: 10, reserved: 2, available: 8, locations: [{ location: '1', available: 8 }] }],
      unknown: ['NONE'],
    });
    const stream = await fetch(`${url}/stock/stream?skus=KETTLE`, { signal: stop.signal });
    let text = '';
    void (async () => {
      for await (const chunk of stream.body ?? []) text += new TextDecoder().decode(chunk);
    })().catch(() => undefined);
    await eventually(() => expect(text).toContain('"available":8'));
    await shop.feed.put('dbo.STOCK', [{ CODE: 'KETTLE', BRANCH: 1, QTY: 10, ALLOC: 5 }]);
    await eventually(() => expect(text).toContain('"available":5'));
  });

  it('shows an order once the copy has seen the command that made it', async () => {
    const waiting = get(`/orders/100001?after=${COMMAND_ID}`);
    await shop.feed.put('storefront.COMMAND', [
      { COMMAND_ID, COMMAND_NAME: 'AcceptOrder', ORDER_ID: '100001', REFUSAL: null, RESULT: '{}' },
    ]);
    await shop.feed.put('dbo.ORD', [{ ORD_NO: 100001, CUST: 17, STATUS: 'N', TOTAL: '9.99' }]);
    expect((await waiting).body).toMatchObject({ orderId: '100001', status: 'new', total: '9.99' });
    await shop.feed.put('dbo.ORD', [{ ORD_NO: 100001, CUST: 17, STATUS: 'S', TOTAL: '9.99' }]);
    await eventually(async () => expect((await get(`/orders/100001?after=${COMMAND_ID}`)).body.status).toBe('shipped'));
    expect((await get(`/orders/100002?after=${COMMAND_ID}`)).body.code).toBe('not-found');
  });

  it('lets stock and product readings and searches wait for a command, and tells how old they are', async () => {
    const commandId = randomUUID();
    const waiting = [
      get(`/stock?skus=KETTLE&after=${commandId}`),
      get(`/products/KETTLE?after=${commandId}`),
      get(`/products?q=kettle&after=${commandId}`),
    ];
    await shop.feed.put('storefront.COMMAND', [
      { COMMAND_ID: commandId, COMMAND_NAME: 'ReserveStock', ORDER_ID: null, REFUSAL: null, RESULT: '{}' },
    ]);
    await shop.feed.put('dbo.STOCK', [{ CODE: 'KETTLE', BRANCH: 1, QTY: 7, ALLOC: 5 }]);
    await shop.feed.put('dbo.PRODUCT', [{ ...PRODUCT, CODE: 'KETTLE', NAME: 'Steel kettle', CAT: 'K', PRICE: '8.88' }]);
    const toldMs = Date.now();
    await shop.feed.tellProgress(toldMs);
    const [stock, product, found] = await Promise.all(waiting);
    const asOf = new Date(toldMs).toISOString();
    expect(stock!.body.items).toMatchObject([{ sku: 'KETTLE', available: 2, asOf, stale: false, source: 'copy' }]);
    expect(product!.body).toMatchObject({ product: { sku: 'KETTLE', priceMinor: 888 }, asOf });
    expect(found!.body.items).toMatchObject([{ sku: 'KETTLE', priceMinor: 888 }]);
    expect((await get('/products?q=kettle&after=1')).status).toBe(422);
  });

  it('is ready when all copies answer', async () => {
    expect((await get('/readyz')).body).toEqual({ status: 'ok', search: 'ok', stock: 'ok', orders: 'ok' });
  });
});
