import type { FastifyInstance } from 'fastify';
import { beforeEach, describe, expect, it } from 'vitest';
import { createStorefrontServer } from '#consumers/storefront/server.ts';
import { type StorefrontConfig, storefrontSchema } from '#infra/runtime/config/storefront.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { createMetrics } from '#infra/runtime/metrics.ts';
import { DEFINITION, FakeOrders, FakeSearch, FakeStock } from './fakes.ts';

let search: FakeSearch;
let stock: FakeStock;
let orders: FakeOrders;
let app: FastifyInstance;

const make = (limits: Partial<StorefrontConfig> = {}): FastifyInstance =>
  createStorefrontServer({
    sides: { search, searchDefinition: DEFINITION, stock, orders },
    limits: { ...storefrontSchema.parse({}), ...limits },
    log: silentLogger,
    metrics: createMetrics(),
    now: () => 0,
  });

beforeEach(() => {
  search = new FakeSearch();
  stock = new FakeStock();
  orders = new FakeOrders();
  app = make();
});

describe('GET /products', () => {
  it('hands only checked parameters to the query side', async () => {
    const answer = await app.inject(
      '/products?q=%20kettle%20&brand=Acme&brand=Bolt&priceFrom=100&priceTo=2500&sort=price_asc&limit=5&facets=brand',
    );
    expect(answer.statusCode).toBe(200);
    expect(search.asked).toEqual([
      {
        q: 'kettle',
        sort: 'price_asc',
        limit: 5,
        facets: ['brand'],
        filters: { brand: ['Acme', 'Bolt'] },
        ranges: { price: { from: 100, to: 2500 } },
      },
    ]);
    expect(answer.json().items).toEqual([{ sku: 'AB1', name: 'Kettle', highlight: { name: '<mark>Kettle</mark>' } }]);
  });

  it.each([
    ['unknown=1', 'query:/unknown'],
    ['sort=price', 'query:/sort'],
    ['limit=0', 'query:/limit'],
    ['limit=101', 'query:/limit'],
    ['limit=ten', 'query:/limit'],
    ['q=a&q=b', 'query:/q'],
    [`q=${'x'.repeat(201)}`, 'query:/q'],
    ['q=a%00b', 'query:/q'],
    ['priceFrom=abc', 'query:/priceFrom'],
    ['brandFrom=1', 'query:/brandFrom'],
    ['facets=brand,secret', 'query:/facets/1'],
    ['__proto__=1', 'query:/__proto__'],
  ])('refuses %s', async (query, pointer) => {
    const answer = await app.inject(`/products?${query}`);
    expect([answer.statusCode, answer.json().errors?.[0]?.pointer]).toEqual([422, pointer]);
    expect(search.asked).toHaveLength(0);
  });

  it('answers an address that cannot be decoded with a problem that tells nothing of the inside', async () => {
    const answer = await app.inject('/products/%zz');
    expect([answer.statusCode, answer.headers['content-type']]).toEqual([
      400,
      'application/problem+json; charset=utf-8',
    ]);
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
    expect(answer.json().code).toBe('malformed-request');
  });

  it('answers 304 to a caller that has the same page', async () => {
    const first = await app.inject('/products');
    const second = await app.inject({ url: '/products', headers: { 'if-none-match': String(first.headers.etag) } });
    expect([second.statusCode, second.body]).toEqual([304, '']);
  });
});

describe('GET /products/{sku} and /suggest', () => {
  it('show a document, or say that there is none', async () => {
    expect((await app.inject('/products/AB1')).json()).toEqual({
      product: { sku: 'AB1', name: 'Kettle' },
      asOf: null,
      ageSeconds: null,
    });
    const missing = await app.inject('/products/ZZZ');
    expect([missing.statusCode, missing.json().code]).toEqual([404, 'not-found']);
  });

  it('change their entity tag with the document', async () => {
    const before = await app.inject('/products/AB1');
    search.documents.set('AB1', { sku: 'AB1', name: 'Teapot' });
    const after = await app.inject({ url: '/products/AB1', headers: { 'if-none-match': String(before.headers.etag) } });
    expect(after.statusCode).toBe(200);
  });

  it('put what can be had first, or leave the rest out, from live stock', async () => {
    search.documents.set('AB2', { sku: 'AB2', name: 'Kettle' });
    search.documents.set('AB3', { sku: 'AB3', name: 'Kettle' });
    stock.set('AB1', 0);
    stock.set('AB3', 2);
    const first = (await app.inject('/products?stock=first')).json() as { items: { sku: string; inStock: boolean }[] };
    expect(first.items.map(({ sku, inStock }) => [sku, inStock])).toEqual([
      ['AB3', true],
      ['AB1', false],
      ['AB2', null],
    ]);
    const only = (await app.inject('/products?stock=only')).json() as { items: { sku: string }[]; stock: object };
    expect(only.items.map(({ sku }) => sku)).toEqual(['AB3']);
    expect(only.stock).toEqual({ wish: 'only', examined: 3, short: false });
    expect((await app.inject('/products?stock=maybe')).statusCode).toBe(422);
  });

  it('complete words', async () => {
    const answer = await app.inject('/suggest?q=ket');
    expect(answer.json()).toEqual({
      suggestions: [{ id: 'AB1', text: 'Kettle for ket', sku: 'AB1' }],
      completions: ['ket kettle'],
      values: [],
      corrected: false,
    });
    expect((await app.inject('/suggest')).statusCode).toBe(422);
  });
});

describe('GET /stock', () => {
  it('answers in the order asked, marks old levels and names unknown skus', async () => {
    stock.set('A', 3);
    stock.set('OLD', 1);
    const answer = await app.inject('/stock?skus=OLD,A,NONE,A');
    expect(answer.json().items.map((item: { sku: string; stale: boolean }) => [item.sku, item.stale])).toEqual([
      ['OLD', true],
      ['A', false],
    ]);
    expect(answer.json().unknown).toEqual(['NONE']);
    expect(answer.headers['cache-control']).toBe('no-store');
  });

  it('takes at most 200 skus', async () => {
    const skus = Array.from({ length: 201 }, (_, i) => `S${i}`).join(',');
    expect((await app.inject(`/stock?skus=${skus}`)).statusCode).toBe(422);
    expect((await app.inject('/stock?skus=')).statusCode).toBe(422);
  });

  it('answers 503 without details when the copy cannot be read', async () => {
    stock.broken = true;
    const answer = await app.inject('/stock?skus=A');
    expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '2']);
    expect(answer.body).not.toContain('gone');
  });
});

describe('the door', () => {
  it('is closed to pages of other origins unless they are listed', async () => {
    const headers = { origin: 'https://shop.example' };
    expect((await app.inject({ url: '/products', headers })).headers['access-control-allow-origin']).toBeUndefined();
    const open = make({ corsOrigins: ['https://shop.example'] });
    expect((await open.inject({ url: '/products', headers })).headers['access-control-allow-origin']).toBe(
      'https://shop.example',
    );
    const other = await open.inject({ url: '/products', headers: { origin: 'https://evil.example' } });
    expect([other.headers['access-control-allow-origin'], other.headers.vary]).toEqual([undefined, 'origin']);
  });

  it('limits each address', async () => {
    const limited = make({ addressRatePerSecond: 1, addressRateBurst: 2 });
    const statuses = [];
    for (let i = 0; i < 3; i++) statuses.push((await limited.inject('/livez')).statusCode);
    expect(statuses).toEqual([200, 200, 429]);
  });

  it('tells which copy is not there', async () => {
    expect((await app.inject('/readyz')).json()).toEqual({ status: 'ok', search: 'ok', stock: 'ok', orders: 'ok' });
    stock.broken = true;
    const answer = await app.inject('/readyz');
    expect([answer.statusCode, answer.json().stock, answer.json().search]).toEqual([503, 'unavailable', 'ok']);
  });

  it('answers unknown paths with a problem and describes each problem', async () => {
    expect((await app.inject('/x')).json().code).toBe('not-found');
    expect((await app.inject('/problems/rate-limited')).json()).toMatchObject({ status: 429 });
  });
});
