import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { StoredProcedureGateway } from '#connectors/commands/gateways/storedProcedures.ts';
import { createKey, KeyRing } from '#connectors/commands/http/keys.ts';
import { createCommandServer } from '#connectors/commands/http/server.ts';
import { acceptOrder } from '#connectors/commands/model/acceptOrder.ts';
import { cancelOrder } from '#connectors/commands/model/cancelOrder.ts';
import { type Database, openDatabase } from '#connectors/sqlserver/connection.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { createMetrics } from '#infra/runtime/metrics.ts';
import { SQL_VARIANTS } from '#infra/sql/scripts.ts';
import { type CommandShop, createCommandShop } from '#test/support/commandShop.ts';

interface Line {
  readonly sku: string;
  readonly quantity: number;
  readonly unitPrice: string;
}

/** Exact sum of lines whose prices have four decimals. */
function sum(lines: readonly Line[]): string {
  const units = lines.reduce(
    (total, line) => total + BigInt(line.unitPrice.replace('.', '')) * BigInt(line.quantity),
    0n,
  );
  const text = String(units).padStart(5, '0');
  return `${text.slice(0, -4)}.${text.slice(-4)}`;
}

describe.each(SQL_VARIANTS)('the command API over %s', (variant) => {
  let shop: CommandShop;
  let database: Database;
  let app: FastifyInstance;
  let key: string;

  const send = (url: string, body: unknown, idempotencyKey: string = randomUUID()) =>
    app.inject({
      method: 'POST',
      url,
      headers: {
        authorization: `Bearer ${key}`,
        'idempotency-key': idempotencyKey,
        'content-type': 'application/json',
      },
      payload: JSON.stringify(body),
    });
  const order = (lines: readonly Line[], more: object = {}) => ({
    customerId: shop.goods.customer,
    currency: shop.goods.currency,
    lines,
    total: sum(lines),
    ...more,
  });
  const kettles = (quantity: number): Line => ({
    sku: shop.goods.kettle.sku,
    quantity,
    unitPrice: shop.goods.kettle.price,
  });
  const lamps = (quantity: number): Line => ({ sku: shop.goods.lamp.sku, quantity, unitPrice: shop.goods.lamp.price });
  const free = async (sku: string): Promise<number> => {
    const { onHand, reserved } = await shop.stock(sku);
    return onHand - reserved;
  };

  beforeAll(async () => {
    shop = await createCommandShop(inject('stack').sqlserver!, variant);
    database = await openDatabase(shop.commandOptions);
    const created = await createKey({ id: 'test', scopes: ['orders:write', 'orders:cancel'] });
    key = created.key;
    const gateway = new StoredProcedureGateway({
      database,
      gate: { maxConcurrency: 8, maxQueued: 500, queueTimeoutMs: 60_000 },
      maxAttempts: 5,
      budgetMs: 30_000,
      log: silentLogger,
    });
    const limits = {
      ratePerSecond: 10_000,
      rateBurst: 10_000,
      addressRatePerSecond: 10_000,
      bodyLimitBytes: 65_536,
      requestTimeoutMs: 30_000,
    };
    app = createCommandServer({
      gateway,
      keys: new KeyRing([created.entry]),
      log: silentLogger,
      metrics: createMetrics(),
      limits,
    }).app;
  });

  afterAll(async () => {
    await app?.close();
    await database?.close();
    await shop?.close();
  });

  beforeEach(async () => {
    await shop.setStock(shop.goods.kettle.sku, 100);
    await shop.setStock(shop.goods.lamp.sku, 100);
  });

  it('takes an order: header, lines, stock, command and audit in one go', async () => {
    const before = await shop.counts();
    const answer = await send('/orders', order([kettles(2), lamps(3)]));
    expect([answer.statusCode, answer.body]).toEqual([201, expect.stringContaining('"status":"accepted"')]);
    const result = acceptOrder.result.parse(answer.json());
    expect(result).toMatchObject({ total: '66.4800', currency: shop.goods.currency, lineCount: 2 });
    expect(await shop.counts()).toEqual({
      orders: before['orders']! + 1,
      lines: before['lines']! + 2,
      commands: before['commands']! + 1,
      audits: before['audits']! + 1,
    });
    expect([await free(shop.goods.kettle.sku), await free(shop.goods.lamp.sku)]).toEqual([98, 97]);
    const [command] = await shop.owner.query(
      'SELECT ORDER_ID, RESULT, CALLER, COMMAND_NAME FROM storefront.COMMAND WHERE COMMAND_ID = ' +
        `'${String(result['commandId'])}'`,
    );
    expect(command).toEqual({
      ORDER_ID: result['orderId'],
      RESULT: answer.body,
      CALLER: 'test',
      COMMAND_NAME: 'AcceptOrder',
    });
  });

  it('computes the tax', async () => {
    const answer = await send('/orders', order([kettles(3)]));
    expect(answer.json().tax).toBe(variant === 'epos' ? '5.0000' : '0.0000');
  });

  it('adds lines of the same product up', async () => {
    const answer = await send('/orders', order([kettles(60), kettles(60)]));
    expect([answer.statusCode, answer.json()]).toEqual([
      409,
      expect.objectContaining({ code: 'not-enough-stock', requested: 120, available: 100 }),
    ]);
    expect((await send('/orders', order([kettles(60), kettles(40)]))).statusCode).toBe(201);
    expect(await free(shop.goods.kettle.sku)).toBe(0);
  });

  it('replays the answer byte for byte and takes stock once', async () => {
    const idempotencyKey = randomUUID();
    const first = await send('/orders', order([kettles(1)]), idempotencyKey);
    const counts = await shop.counts();
    const again = await send('/orders', order([kettles(1)]), idempotencyKey);
    expect([again.statusCode, again.body, again.headers['idempotency-replayed']]).toEqual([201, first.body, 'true']);
    expect(await shop.counts()).toEqual(counts);
    expect(await free(shop.goods.kettle.sku)).toBe(99);
  });

  it('tells keys apart that differ only in case', async () => {
    const idempotencyKey = `k${randomUUID()}`;
    await send('/orders', order([kettles(1)]), idempotencyKey);
    const other = await send('/orders', order([kettles(1)]), idempotencyKey.toUpperCase());
    expect([other.statusCode, other.headers['idempotency-replayed']]).toEqual([201, undefined]);
  });

  it('refuses a key that belongs to another request', async () => {
    const idempotencyKey = randomUUID();
    await send('/orders', order([kettles(1)]), idempotencyKey);
    const other = await send('/orders', order([kettles(2)]), idempotencyKey);
    expect([other.statusCode, other.json().code]).toEqual([422, 'idempotency-key-reused']);
  });

  it('lets one of many simultaneous requests with one key take effect', async () => {
    const idempotencyKey = randomUUID();
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => send('/orders', order([kettles(1)]), idempotencyKey)),
    );
    expect(answers.map((answer) => answer.statusCode)).toEqual(answers.map(() => 201));
    expect(new Set(answers.map((answer) => answer.body)).size).toBe(1);
    expect(await free(shop.goods.kettle.sku)).toBe(99);
  });

  it.each<[string, () => object, number, string, string | undefined]>([
    [
      'an unknown product',
      () => order([kettles(1), { sku: '99999', quantity: 1, unitPrice: '1.0000' }]),
      404,
      'unknown-product',
      '/lines/1/sku',
    ],
    [
      'a sku that is no number',
      () => order([{ sku: 'X-Y', quantity: 1, unitPrice: '1.0000' }]),
      404,
      'unknown-product',
      '/lines/0/sku',
    ],
    [
      'a product not sold on the web',
      () => order([{ sku: shop.goods.hidden, quantity: 1, unitPrice: '15.5000' }]),
      404,
      'unknown-product',
      '/lines/0/sku',
    ],
    ['an unknown customer', () => order([kettles(1)], { customerId: '999' }), 404, 'unknown-customer', '/customerId'],
    [
      'a customer number beyond int',
      () => order([kettles(1)], { customerId: '9999999999' }),
      404,
      'unknown-customer',
      '/customerId',
    ],
    ['more than there is', () => order([lamps(1), kettles(101)]), 409, 'not-enough-stock', '/lines/1/quantity'],
    [
      'another price',
      () => order([{ ...kettles(1), unitPrice: '9.9899' }]),
      422,
      'price-differs',
      '/lines/0/unitPrice',
    ],
    ['another total', () => order([kettles(2)], { total: '19.97' }), 422, 'total-differs', '/total'],
    ['another currency', () => order([kettles(1)], { currency: 'JPY' }), 422, 'currency-differs', '/currency'],
  ])('refuses %s and leaves nothing behind', async (_what, body, status, code, pointer) => {
    const before = await shop.fingerprint();
    const answer = await send('/orders', body());
    expect([answer.statusCode, answer.json().code, answer.json().errors?.[0]?.pointer]).toEqual([
      status,
      code,
      pointer,
    ]);
    expect(await shop.fingerprint()).toBe(before);
  });

  it('says which price or total it expects', async () => {
    const price = await send('/orders', order([{ ...lamps(1), unitPrice: '20' }]));
    expect(price.json()).toMatchObject({ expected: '15.5000', found: '20.0000' });
    const total = await send('/orders', order([lamps(2)], { total: '31.01' }));
    expect(total.json()).toMatchObject({ expected: '31.0000', found: '31.0100' });
  });

  it('may use a refused key again', async () => {
    const idempotencyKey = randomUUID();
    expect((await send('/orders', order([kettles(101)]), idempotencyKey)).statusCode).toBe(409);
    expect((await send('/orders', order([kettles(1)]), idempotencyKey)).statusCode).toBe(201);
  });

  it('cancels a new order and gives its stock back, once', async () => {
    const { orderId } = (await send('/orders', order([kettles(5), lamps(1)]))).json();
    const idempotencyKey = randomUUID();
    const body = { customerId: shop.goods.customer, reason: 'changed my mind' };
    const answer = await send(`/orders/${orderId}/cancel`, body, idempotencyKey);
    expect([answer.statusCode, cancelOrder.result.safeParse(answer.json()).success]).toEqual([200, true]);
    expect([await free(shop.goods.kettle.sku), await free(shop.goods.lamp.sku)]).toEqual([100, 100]);
    expect((await send(`/orders/${orderId}/cancel`, body, idempotencyKey)).body).toBe(answer.body);
    const again = await send(`/orders/${orderId}/cancel`, body);
    expect([again.statusCode, again.json()]).toEqual([
      409,
      expect.objectContaining({ code: 'order-not-cancellable', status: 409 }),
    ]);
    expect(await free(shop.goods.kettle.sku)).toBe(100);
  });

  it('does not cancel what the picker has, or what belongs to somebody else', async () => {
    const { orderId } = (await send('/orders', order([kettles(1)]))).json();
    const foreign = await send(`/orders/${orderId}/cancel`, { customerId: shop.goods.otherCustomer });
    expect([foreign.statusCode, foreign.json().code]).toEqual([404, 'unknown-order']);
    await shop.pick(orderId);
    const late = await send(`/orders/${orderId}/cancel`, { customerId: shop.goods.customer });
    expect([late.statusCode, late.json().code, late.json().orderStatus]).toEqual([
      409,
      'order-not-cancellable',
      'picking',
    ]);
    expect((await send('/orders/2147483647/cancel', { customerId: shop.goods.customer })).json().code).toBe(
      'unknown-order',
    );
  });

  it('never sells more than there is, to 20 buyers of the last 7 pieces at once', async () => {
    await shop.setStock(shop.goods.kettle.sku, 7);
    const answers = await Promise.all(Array.from({ length: 20 }, () => send('/orders', order([kettles(1)]))));
    const statuses = Map.groupBy(answers, (answer) => answer.statusCode);
    expect([statuses.get(201)?.length, statuses.get(409)?.length]).toEqual([7, 13]);
    expect(await free(shop.goods.kettle.sku)).toBe(0);
  });

  it('takes orders that want the same products in opposite order without losing any', async () => {
    const baskets = Array.from({ length: 20 }, (_, i) =>
      order(i % 2 === 0 ? [kettles(1), lamps(1)] : [lamps(1), kettles(1)]),
    );
    const answers = await Promise.all(baskets.map((basket) => send('/orders', basket)));
    expect(answers.map((answer) => answer.statusCode)).toEqual(answers.map(() => 201));
    expect([await free(shop.goods.kettle.sku), await free(shop.goods.lamp.sku)]).toEqual([80, 80]);
  });

  it('takes an order of 200 lines', async () => {
    const lines = Array.from({ length: 200 }, (_, i) => (i % 2 === 0 ? { ...kettles(1) } : { ...lamps(1) }));
    await shop.setStock(shop.goods.kettle.sku, 200);
    const answer = await send('/orders', order(lines));
    expect([answer.statusCode, answer.json().lineCount]).toEqual([201, 200]);
  });

  it('leaves the database unchanged whatever is written into the fields', async () => {
    const before = await shop.fingerprint();
    const corpus = [
      "'",
      "';--",
      "' OR 1=1 --",
      '"; DROP TABLE dbo.ORD_HDR; --',
      "1; EXEC xp_cmdshell 'dir'",
      'x\u0000y',
      '\u202e',
      '%',
      '[',
      "N'x",
      '\\',
      '𝔘'.repeat(10),
    ];
    for (const text of corpus) {
      for (const body of [
        order([kettles(1)], { customerId: text }),
        order([{ ...kettles(1), sku: text }]),
        order([kettles(1)], { total: text }),
        order([kettles(1)], { currency: text }),
        { [text]: 1 },
      ]) {
        const answer = await send('/orders', body);
        expect(answer.statusCode, text).toBeGreaterThanOrEqual(400);
        expect(answer.statusCode, text).toBeLessThan(500);
      }
      const cancelled = await send(`/orders/${encodeURIComponent(text)}/cancel`, { customerId: shop.goods.customer });
      expect([400, 404, 422]).toContain(cancelled.statusCode);
    }
    expect(await shop.fingerprint()).toBe(before);
  });

  it('keeps a reason as it was written, quotes and all', async () => {
    const { orderId } = (await send('/orders', order([kettles(1)]))).json();
    const reason = `it's "too" big; DROP TABLE x -- \u00e9\u4e2d`;
    expect((await send(`/orders/${orderId}/cancel`, { customerId: shop.goods.customer, reason })).statusCode).toBe(200);
    const [row] = await shop.owner.query<{ REASON: string }>(
      `SELECT REASON FROM storefront.COMMAND_AUDIT WHERE ORDER_ID = '${orderId}' AND COMMAND_NAME = 'CancelOrder'`,
    );
    expect(row?.REASON).toBe(reason);
  });

  it('answers while the database is there', async () => {
    expect((await app.inject('/readyz')).statusCode).toBe(200);
  });
});
