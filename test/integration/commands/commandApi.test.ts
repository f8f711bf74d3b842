import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { acceptOrder } from '#connectors/commands/model/acceptOrder.ts';
import { cancelOrder } from '#connectors/commands/model/cancelOrder.ts';
import { SQL_VARIANTS } from '#infra/sql/scripts.ts';
import { CommandClient } from '#test/support/commandClient.ts';
import { type CommandShop, createCommandShop } from '#test/support/commandShop.ts';

describe.each(SQL_VARIANTS)('the command API over %s', (variant) => {
  let shop: CommandShop;
  let api: CommandClient;

  beforeAll(async () => {
    shop = await createCommandShop(inject('stack').sqlserver!, variant);
    api = await CommandClient.open(shop);
  });

  afterAll(async () => {
    await api?.close();
    await shop?.close();
  });

  beforeEach(async () => {
    await shop.setStock(shop.goods.kettle.sku, 100);
    await shop.setStock(shop.goods.lamp.sku, 100);
  });

  it('takes an order: header, lines, stock, command and audit in one go', async () => {
    const before = await shop.counts();
    const answer = await api.send('/orders', api.order([api.kettles(2), api.lamps(3)]));
    expect([answer.statusCode, answer.body]).toEqual([201, expect.stringContaining('"status":"accepted"')]);
    const result = acceptOrder.result.parse(answer.json());
    expect(result).toMatchObject({ total: '66.4800', currency: shop.goods.currency, lineCount: 2 });
    expect(await shop.counts()).toEqual({
      orders: before['orders']! + 1,
      lines: before['lines']! + 2,
      commands: before['commands']! + 1,
      audits: before['audits']! + 1,
    });
    expect([await api.free(shop.goods.kettle.sku), await api.free(shop.goods.lamp.sku)]).toEqual([98, 97]);
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

  it('writes the trace it was part of beside what it did', async () => {
    const answer = await api.send('/orders', api.order([api.kettles(1)]));
    const [row] = await shop.owner.query(
      `SELECT TRACE_PARENT, REQUEST_ID FROM storefront.COMMAND_AUDIT WHERE COMMAND_ID = '${answer.json().commandId}'`,
    );
    const { traceparent, 'x-request-id': requestId } = answer.headers;
    expect(row).toEqual({ TRACE_PARENT: traceparent, REQUEST_ID: requestId });
  });

  it('computes the tax', async () => {
    const answer = await api.send('/orders', api.order([api.kettles(3)]));
    expect(answer.json().tax).toBe(variant === 'epos' ? '5.0000' : '0.0000');
  });

  it('adds lines of the same product up', async () => {
    const answer = await api.send('/orders', api.order([api.kettles(60), api.kettles(60)]));
    expect([answer.statusCode, answer.json()]).toEqual([
      409,
      expect.objectContaining({ code: 'not-enough-stock', requested: 120, available: 100 }),
    ]);
    expect((await api.send('/orders', api.order([api.kettles(60), api.kettles(40)]))).statusCode).toBe(201);
    expect(await api.free(shop.goods.kettle.sku)).toBe(0);
  });

  it('replays the answer byte for byte and takes stock once', async () => {
    const idempotencyKey = randomUUID();
    const first = await api.send('/orders', api.order([api.kettles(1)]), idempotencyKey);
    const counts = await shop.counts();
    const again = await api.send('/orders', api.order([api.kettles(1)]), idempotencyKey);
    expect([again.statusCode, again.body, again.headers['idempotency-replayed']]).toEqual([201, first.body, 'true']);
    expect(await shop.counts()).toEqual(counts);
    expect(await api.free(shop.goods.kettle.sku)).toBe(99);
  });

  it('refuses a key that belongs to another request', async () => {
    const idempotencyKey = randomUUID();
    await api.send('/orders', api.order([api.kettles(1)]), idempotencyKey);
    const other = await api.send('/orders', api.order([api.kettles(2)]), idempotencyKey);
    expect([other.statusCode, other.json().code]).toEqual([422, 'idempotency-key-reused']);
  });

  it.each<[string, () => object, number, string, string | undefined]>([
    [
      'an unknown product',
      () => api.order([api.kettles(1), { sku: '99999', quantity: 1, unitPrice: '1.0000' }]),
      404,
      'unknown-product',
      '/lines/1/sku',
    ],
    [
      'a sku that is no number',
      () => api.order([{ sku: 'X-Y', quantity: 1, unitPrice: '1.0000' }]),
      404,
      'unknown-product',
      '/lines/0/sku',
    ],
    [
      'a product not sold on the web',
      () => api.order([{ sku: shop.goods.hidden, quantity: 1, unitPrice: '15.5000' }]),
      404,
      'unknown-product',
      '/lines/0/sku',
    ],
    [
      'an unknown customer',
      () => api.order([api.kettles(1)], { customerId: '999' }),
      404,
      'unknown-customer',
      '/customerId',
    ],
    [
      'a customer number beyond int',
      () => api.order([api.kettles(1)], { customerId: '9999999999' }),
      422,
      'validation',
      '/customerId',
    ],
    [
      'more than there is',
      () => api.order([api.lamps(1), api.kettles(101)]),
      409,
      'not-enough-stock',
      '/lines/1/quantity',
    ],
    [
      'another price',
      () => api.order([{ ...api.kettles(1), unitPrice: '9.9899' }]),
      422,
      'price-differs',
      '/lines/0/unitPrice',
    ],
    ['another total', () => api.order([api.kettles(2)], { total: '19.97' }), 422, 'total-differs', '/total'],
    ['another currency', () => api.order([api.kettles(1)], { currency: 'JPY' }), 422, 'currency-differs', '/currency'],
  ])('refuses %s and leaves nothing behind', async (_what, body, status, code, pointer) => {
    const before = await shop.fingerprint();
    const answer = await api.send('/orders', body());
    expect([answer.statusCode, answer.json().code, answer.json().errors?.[0]?.pointer]).toEqual([
      status,
      code,
      pointer,
    ]);
    expect(await shop.fingerprint()).toBe(before);
  });

  it('says which price or total it expects', async () => {
    const price = await api.send('/orders', api.order([{ ...api.lamps(1), unitPrice: '20' }]));
    expect(price.json()).toMatchObject({ expected: '15.5000', found: '20.0000' });
    const total = await api.send('/orders', api.order([api.lamps(2)], { total: '31.01' }));
    expect(total.json()).toMatchObject({ expected: '31.0000', found: '31.0100' });
  });

  it('replays a refusal byte for byte, even when the reason is gone', async () => {
    const idempotencyKey = randomUUID();
    const first = await api.send('/orders', api.order([api.kettles(101)]), idempotencyKey);
    await shop.setStock(shop.goods.kettle.sku, 500);
    const again = await api.send('/orders', api.order([api.kettles(101)]), idempotencyKey);
    expect([first.statusCode, again.statusCode, again.body]).toEqual([409, 409, first.body]);
    expect([first.headers['idempotency-replayed'], again.headers['idempotency-replayed']]).toEqual([undefined, 'true']);
    expect((await api.send('/orders', api.order([api.kettles(1)]), idempotencyKey)).json().code).toBe(
      'idempotency-key-reused',
    );
  });

  it('runs a batch: each command by itself, with its own key and answer', async () => {
    const key = (n: number) => `batch-${variant}-${n}`;
    const order = (n: number, body: object) => ({ command: 'AcceptOrder', idempotencyKey: key(n), body });
    const good = order(0, api.order([api.kettles(2)]));
    const commands = [
      good,
      order(1, api.order([api.kettles(500)])),
      good,
      order(0, api.order([api.kettles(3)])),
      order(2, { nonsense: true }),
      order(3, api.order([api.lamps(1), api.kettles(1)])),
      { command: 'CancelOrder', idempotencyKey: key(4), params: { orderId: '2147483647' }, body: { customerId: '1' } },
      order(5, api.order([api.lamps(2)])),
    ];
    const answer = await api.send('/batches', { commands });
    const { results } = answer.json() as {
      results: { status: number; replayed?: boolean; result?: object; problem?: { code: string } }[];
    };
    expect(results.map(({ status, replayed, problem }) => [status, replayed ?? false, problem?.code])).toEqual([
      [201, false, undefined],
      [409, false, 'not-enough-stock'],
      [201, true, undefined],
      [422, false, 'idempotency-key-reused'],
      [422, false, 'validation'],
      [201, false, undefined],
      [404, false, 'unknown-order'],
      [201, false, undefined],
    ]);
    expect(results[2]?.result).toEqual(results[0]?.result);
    expect([await api.free(shop.goods.kettle.sku), await api.free(shop.goods.lamp.sku)]).toEqual([97, 97]);
    const single = await api.send('/orders', good.body, key(0));
    expect([single.json(), single.headers['idempotency-replayed']]).toEqual([results[0]?.result, 'true']);
  });

  it('cancels a new order and gives its stock back, once', async () => {
    const { orderId } = (await api.send('/orders', api.order([api.kettles(5), api.lamps(1)]))).json();
    const idempotencyKey = randomUUID();
    const body = { customerId: shop.goods.customer, reason: 'changed my mind' };
    const answer = await api.send(`/orders/${orderId}/cancel`, body, idempotencyKey);
    expect([answer.statusCode, cancelOrder.result.safeParse(answer.json()).success]).toEqual([200, true]);
    expect([await api.free(shop.goods.kettle.sku), await api.free(shop.goods.lamp.sku)]).toEqual([100, 100]);
    expect((await api.send(`/orders/${orderId}/cancel`, body, idempotencyKey)).body).toBe(answer.body);
    const again = await api.send(`/orders/${orderId}/cancel`, body);
    expect([again.statusCode, again.json()]).toEqual([
      409,
      expect.objectContaining({ code: 'order-not-cancellable', status: 409 }),
    ]);
    expect(await api.free(shop.goods.kettle.sku)).toBe(100);
  });

  it('does not cancel what the picker has, or what belongs to somebody else', async () => {
    const { orderId } = (await api.send('/orders', api.order([api.kettles(1)]))).json();
    const foreign = await api.send(`/orders/${orderId}/cancel`, { customerId: shop.goods.otherCustomer });
    expect([foreign.statusCode, foreign.json().code]).toEqual([404, 'unknown-order']);
    await shop.pick(orderId);
    const late = await api.send(`/orders/${orderId}/cancel`, { customerId: shop.goods.customer });
    expect([late.statusCode, late.json().code, late.json().orderStatus]).toEqual([
      409,
      'order-not-cancellable',
      'picking',
    ]);
    expect((await api.send('/orders/2147483647/cancel', { customerId: shop.goods.customer })).json().code).toBe(
      'unknown-order',
    );
  });

  it('answers while the database is there', async () => {
    expect((await api.app.inject('/readyz')).statusCode).toBe(200);
  });
});
