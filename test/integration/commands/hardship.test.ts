import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { SQL_VARIANTS } from '#infra/sql/scripts.ts';
import { CommandClient } from '#test/support/commandClient.ts';
import { type CommandShop, createCommandShop } from '#test/support/commandShop.ts';

describe.each(SQL_VARIANTS)('the command API under hardship, over %s', (variant) => {
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

  it('tells keys apart that differ only in case', async () => {
    const idempotencyKey = `k${randomUUID()}`;
    await api.send('/orders', api.order([api.kettles(1)]), idempotencyKey);
    const other = await api.send('/orders', api.order([api.kettles(1)]), idempotencyKey.toUpperCase());
    expect([other.statusCode, other.headers['idempotency-replayed']]).toEqual([201, undefined]);
  });

  it('lets one of many simultaneous requests with one key take effect', async () => {
    const idempotencyKey = randomUUID();
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => api.send('/orders', api.order([api.kettles(1)]), idempotencyKey)),
    );
    expect(answers.map((answer) => answer.statusCode)).toEqual(answers.map(() => 201));
    expect(new Set(answers.map((answer) => answer.body)).size).toBe(1);
    expect(await api.free(shop.goods.kettle.sku)).toBe(99);
  });

  it('never sells more than there is, to 20 buyers of the last 7 pieces at once', async () => {
    await shop.setStock(shop.goods.kettle.sku, 7);
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => api.send('/orders', api.order([api.kettles(1)]))),
    );
    const statuses = Map.groupBy(answers, (answer) => answer.statusCode);
    expect([statuses.get(201)?.length, statuses.get(409)?.length]).toEqual([7, 13]);
    expect(await api.free(shop.goods.kettle.sku)).toBe(0);
  });

  it('takes orders that want the same products in opposite order without losing any', async () => {
    const baskets = Array.from({ length: 20 }, (_, i) =>
      api.order(i % 2 === 0 ? [api.kettles(1), api.lamps(1)] : [api.lamps(1), api.kettles(1)]),
    );
    const answers = await Promise.all(baskets.map((basket) => api.send('/orders', basket)));
    expect(answers.map((answer) => answer.statusCode)).toEqual(answers.map(() => 201));
    expect([await api.free(shop.goods.kettle.sku), await api.free(shop.goods.lamp.sku)]).toEqual([80, 80]);
  });

  it('takes an order of 200 lines', async () => {
    const lines = Array.from({ length: 200 }, (_, i) => (i % 2 === 0 ? { ...api.kettles(1) } : { ...api.lamps(1) }));
    await shop.setStock(shop.goods.kettle.sku, 200);
    const answer = await api.send('/orders', api.order(lines));
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
        api.order([api.kettles(1)], { customerId: text }),
        api.order([{ ...api.kettles(1), sku: text }]),
        api.order([api.kettles(1)], { total: text }),
        api.order([api.kettles(1)], { currency: text }),
        { [text]: 1 },
      ]) {
        const answer = await api.send('/orders', body);
        expect(answer.statusCode, text).toBeGreaterThanOrEqual(400);
        expect(answer.statusCode, text).toBeLessThan(500);
      }
      const cancelled = await api.send(`/orders/${encodeURIComponent(text)}/cancel`, {
        customerId: shop.goods.customer,
      });
      expect([400, 404, 422]).toContain(cancelled.statusCode);
    }
    expect(await shop.fingerprint()).toBe(before);
  });

  it('keeps a reason as it was written, quotes and all', async () => {
    const { orderId } = (await api.send('/orders', api.order([api.kettles(1)]))).json();
    const reason = `it's "too" big; DROP TABLE x -- \u00e9\u4e2d`;
    expect((await api.send(`/orders/${orderId}/cancel`, { customerId: shop.goods.customer, reason })).statusCode).toBe(
      200,
    );
    const [row] = await shop.owner.query<{ REASON: string }>(
      `SELECT REASON FROM storefront.COMMAND_AUDIT WHERE SUBJECT_ID = '${orderId}' AND COMMAND_NAME = 'CancelOrder'`,
    );
    expect(row?.REASON).toBe(reason);
  });
});
