import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { orderTotal, parseOrder } from '#infra/demo/shop/orderRequest.ts';
import { type RunningShop, startDemoShop, TEST_KEY } from '../../../support/demoShop.ts';

describe('the demo shop server', () => {
  let shop: RunningShop;
  beforeAll(async () => {
    shop = await startDemoShop();
  });
  afterAll(() => shop.stop());

  const checkout = (body: unknown, headers: Record<string, string> = {}) =>
    fetch(`${shop.url}/api/checkout`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  const anyProduct = async (): Promise<{ sku: string; price: string }> => {
    const answer = await fetch(`${shop.url}/api/products?limit=1`);
    return ((await answer.json()) as { items: { sku: string; price: string }[] }).items[0]!;
  };
  /** A path as it stands, which fetch would tidy first. */
  const rawStatus = (path: string, method = 'GET'): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const url = new URL(shop.url);
      request({ hostname: url.hostname, port: url.port, path, method }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      })
        .once('error', reject)
        .end();
    });

  it('serves the page for each of its views, with a policy that lets it run nothing foreign', async () => {
    for (const path of ['/', '/product/F100022', '/basket', '/orders', '/order/100601']) {
      const answer = await fetch(shop.url + path);
      expect(answer.headers.get('content-type')).toContain('text/html');
      expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
    }
    const script = await fetch(`${shop.url}/app.js`);
    const again = await fetch(`${shop.url}/app.js`, { headers: { 'if-none-match': script.headers.get('etag') ?? '' } });
    expect([script.status, again.status]).toEqual([200, 304]);
  });

  it.each([
    '/../shopServer.ts',
    '/%2e%2e/shopServer.ts',
    '/api/orders/1/news',
    '/api/livez',
    '/api/stock/../../order',
    '/nothing',
  ])('answers 404 for %s', async (path) => {
    expect(await rawStatus(path)).toBe(404);
  });

  it('refuses other methods and addresses that are too long', async () => {
    expect(await rawStatus('/', 'DELETE')).toBe(405);
    expect(await rawStatus(`/?q=${'a'.repeat(5000)}`)).toBe(414);
  });

  it('passes reads and their problems on', async () => {
    const { sku } = await anyProduct();
    expect((await fetch(`${shop.url}/api/products/${sku}`)).status).toBe(200);
    const missing = await fetch(`${shop.url}/api/products/NOPE`);
    expect(missing.status).toBe(404);
    expect(missing.headers.get('content-type')).toContain('problem+json');
  });

  it('streams stock until the shopper leaves', async () => {
    const { sku } = await anyProduct();
    const abort = new AbortController();
    const answer = await fetch(`${shop.url}/api/stock/stream?skus=${sku}`, { signal: abort.signal });
    expect(answer.headers.get('content-type')).toContain('text/event-stream');
    const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    while (!text.includes('"onHand"')) text += (await reader.read()).value ?? '';
    shop.apis.setStock(sku, '1', 4321);
    while (!text.includes('4321')) text += (await reader.read()).value ?? '';
    abort.abort();
    await expect(reader.read()).rejects.toThrow();
  });

  it('adds account, currency, total and key to an order, and shows the order only to who placed it', async () => {
    const { sku, price } = await anyProduct();
    shop.apis.setStock(sku, '1', 50);
    const idempotencyKey = 'aaaaaaaa-bbbb-cccc-dddd-000000000001';
    const answer = await checkout({ idempotencyKey, lines: [{ sku, quantity: 3, unitPrice: price }] });
    expect(answer.status).toBe(201);
    const order = (await answer.json()) as { orderId: string; orderKey: string; commandId: string };
    const sent = shop.apis.commands.at(-1)!;
    expect(sent.headers).toMatchObject({ authorization: `Bearer ${TEST_KEY}`, 'idempotency-key': idempotencyKey });
    expect(JSON.parse(sent.body)).toEqual({
      customerId: '1',
      currency: 'GBP',
      lines: [{ sku, quantity: 3, unitPrice: price }],
      total: orderTotal([{ quantity: 3, unitPrice: price }]),
    });
    const look = (key: string) => fetch(`${shop.url}/api/orders/${order.orderId}?key=${key}&after=${order.commandId}`);
    expect((await look(order.orderKey)).status).toBe(200);
    expect((await look('wrong')).status).toBe(404);
  });

  it('sends an order elsewhere for who placed it, and nobody else', async () => {
    const { sku, price } = await anyProduct();
    shop.apis.setStock(sku, '1', 50);
    const lines = [{ sku, quantity: 1, unitPrice: price }];
    const order = (await (
      await checkout({ idempotencyKey: 'aaaaaaaa-bbbb-cccc-dddd-000000000004', lines })
    ).json()) as { orderId: string; orderKey: string };
    const address = { name: 'A. Shopper', line1: '1 Lane', town: 'Leeds', postcode: 'LS1 1AA' };
    const change = (orderKey: string) =>
      fetch(`${shop.url}/api/orders/${order.orderId}/address`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ orderKey, idempotencyKey: 'aaaaaaaa-bbbb-cccc-dddd-000000000005', address }),
      });
    expect((await change('wrong')).status).toBe(404);
    expect((await change(order.orderKey)).status).toBe(200);
    const sent = shop.apis.commands.at(-1)!;
    expect([sent.path, JSON.parse(sent.body)]).toEqual([
      `/orders/${order.orderId}/delivery-address`,
      { customerId: '1', address },
    ]);
  });

  it('asks the command API for live stock with its own key, for one article at a time', async () => {
    const { sku } = await anyProduct();
    shop.apis.setStock(sku, '1', 77);
    const answer = await fetch(`${shop.url}/api/live-stock?sku=${sku}`);
    expect(await answer.json()).toMatchObject({ items: [{ sku, onHand: expect.any(Number) }] });
    for (const bad of ['', '?sku=', '?sku=a,b', `?sku=${'a'.repeat(30)}`])
      expect((await fetch(`${shop.url}/api/live-stock${bad}`)).status).toBe(422);
  });

  it('refuses to order or cancel for a page of another origin, without JSON, or without sense', async () => {
    const good = {
      idempotencyKey: 'aaaaaaaa-bbbb-cccc-dddd-000000000002',
      lines: [{ sku: 'A', quantity: 1, unitPrice: '1.00' }],
    };
    const before = shop.apis.commands.length;
    expect((await checkout(good, { origin: 'http://evil.example' })).status).toBe(403);
    expect((await checkout(good, { 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect((await checkout(good, { 'content-type': 'text/plain' })).status).toBe(415);
    expect((await checkout('{')).status).toBe(400);
    expect((await checkout('null')).status).toBe(400);
    expect((await checkout({ ...good, lines: [] })).status).toBe(422);
    expect((await checkout(`"${'a'.repeat(20_000)}"`)).status).toBe(413);
    const cancel = await fetch(`${shop.url}/api/orders/1/cancel`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ orderKey: 'wrong', idempotencyKey: good.idempotencyKey }),
    });
    expect(cancel.status).toBe(404);
    expect(shop.apis.commands).toHaveLength(before);
  });

  it('tells the shopper nothing about its own key being refused', async () => {
    shop.apis.failWith('/orders', { status: 401, code: 'unauthorized' });
    const answer = await checkout({
      idempotencyKey: 'aaaaaaaa-bbbb-cccc-dddd-000000000003',
      lines: [{ sku: 'A', quantity: 1, unitPrice: '1.00' }],
    });
    shop.apis.failWith('/orders', null);
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ code: 'checkout-unavailable' });
  });
});

describe('an order from the page', () => {
  const key = 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee';
  const line = { sku: 'A1', quantity: 1, unitPrice: '9.99' };

  it('is added up exactly', () => {
    expect(
      orderTotal([
        { quantity: 3, unitPrice: '0.1' },
        { quantity: 1, unitPrice: '0.0001' },
      ]),
    ).toBe('0.3001');
    expect(orderTotal([{ quantity: 99, unitPrice: '999999999.99' }])).toBe('98999999999.01');
    expect(parseOrder({ idempotencyKey: key, lines: [line, line] })).toMatchObject({ total: '19.98' });
  });

  it.each([
    [null],
    [[]],
    [{ lines: [line] }],
    [{ idempotencyKey: 'short', lines: [line] }],
    [{ idempotencyKey: key, lines: [] }],
    [{ idempotencyKey: key, lines: Array(51).fill(line) }],
    [{ idempotencyKey: key, lines: [{ ...line, quantity: 0 }] }],
    [{ idempotencyKey: key, lines: [{ ...line, quantity: 1.5 }] }],
    [{ idempotencyKey: key, lines: [{ ...line, unitPrice: '1e3' }] }],
    [{ idempotencyKey: key, lines: [{ ...line, sku: "A'; DROP" }] }],
    [{ idempotencyKey: key, lines: [null] }],
  ])('is refused in words when it is %j', (body) => {
    expect(typeof parseOrder(body)).toBe('string');
  });
});
