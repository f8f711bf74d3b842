import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { OrderReader } from '#consumers/orders/orderTypes.ts';
import { createOrderReader } from '#consumers/orders/reader.ts';
import { createStockReader } from '#consumers/stock/reader.ts';
import type { StockReader } from '#consumers/stock/stockTypes.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { type RunningConsumers, TestShop } from '#test/support/consumers/running.ts';
import { eventually } from '#test/support/eventually.ts';

/** A command that took effect. */
const APPLIED = { REFUSAL: null, RESULT: '{}' };

let shop: TestShop;
let running: RunningConsumers;
let stock: StockReader;
let orders: OrderReader;

beforeAll(async () => {
  shop = await new TestShop(inject('stack')).open();
  await shop.feed.put(
    'dbo.STOCK',
    [
      { CODE: 'A1  ', BRANCH: 1, QTY: 10, ALLOC: 2 },
      { CODE: 'A1  ', BRANCH: 2, QTY: 1, ALLOC: 3 },
      { CODE: 'B1  ', BRANCH: 1, QTY: 7, ALLOC: 0 },
    ],
    { op: 'r' },
  );
  running = await shop.start();
  stock = createStockReader({
    redis: shop.config.redis,
    groupPrefix: shop.config.consumers.groupPrefix,
    log: silentLogger,
  });
  orders = createOrderReader({ redis: shop.config.redis, log: silentLogger, hasLines: true });
});

afterAll(async () => {
  await running.stop();
  await Promise.all([stock.close(), orders.close()]);
  await shop.close();
});

describe('stock', () => {
  it('is read for many SKUs at once, unknown ones left out', async () => {
    await eventually(async () => {
      const levels = await stock.read(['A1', 'B1', 'nope']);
      expect(levels.get('A1')).toMatchObject({
        onHand: 11,
        reserved: 5,
        available: 8,
        locations: [
          { location: '1', onHand: 10, reserved: 2, available: 8 },
          { location: '2', onHand: 1, reserved: 3, available: 0 },
        ],
      });
      expect([...levels.keys()]).toEqual(['A1', 'B1']);
    });
  });

  it('says how fresh the copy is', async () => {
    expect((await stock.read(['A1'])).get('A1')).toMatchObject({ asOf: null, ageSeconds: null });
    const toldMs = Date.now() - 5000;
    await shop.feed.tellProgress(toldMs);
    await eventually(async () => {
      const { asOf, ageSeconds } = (await stock.read(['A1'])).get('A1')!;
      expect(asOf).toBe(new Date(toldMs).toISOString());
      expect(ageSeconds).toBeGreaterThanOrEqual(5);
    });
  });

  it('tells changes in a stream that can be taken up again', async () => {
    const from = await stock.latestChangeId();
    await shop.feed.put('dbo.STOCK', [{ CODE: 'A1  ', BRANCH: 1, QTY: 9, ALLOC: 2 }]);
    const first = await stock.changes(from, { waitMs: 10_000 });
    expect(first).toMatchObject({ gap: false, changes: [{ sku: 'A1', location: '1', event: null }] });
    expect((await stock.read(['A1'])).get('A1')).toMatchObject({ onHand: 10, available: 7 });
    await shop.feed.put('dbo.STOCK', [{ CODE: 'A1  ', BRANCH: 1, QTY: 8, ALLOC: 2 }]);
    const second = await stock.changes(first.changes.at(-1)!.id, { waitMs: 10_000 });
    expect(second.changes).toMatchObject([{ sku: 'A1', location: '1' }]);
    expect((await stock.changes(second.changes.at(-1)!.id)).changes).toEqual([]);
    await expect(stock.changes('evil')).rejects.toMatchObject({ code: 'STOCK_REQUEST_INVALID' });
  });

  it('takes a deleted level away', async () => {
    await shop.feed.remove('dbo.STOCK', { CODE: 'A1  ', BRANCH: 2, QTY: 1, ALLOC: 3 });
    await eventually(async () =>
      expect((await stock.read(['A1'])).get('A1')).toMatchObject({ onHand: 8, reserved: 2 }),
    );
  });

  it('counts latency for changes and not for the snapshot', async () => {
    await eventually(() => {
      const status = running.status('stock') as { commitToStock: { count: number }; levelsWritten: number };
      expect(status.levelsWritten).toBe(7);
      expect(status.commitToStock.count).toBe(3);
    });
  });
});

describe('orders', () => {
  it('have a status with its history', async () => {
    for (const STATUS of ['N', 'P', 'P', 'S'])
      await shop.feed.put('dbo.ORD', [{ ORD_NO: 100001, CUST: 7, STATUS, TOTAL: '12.50' }]);
    await eventually(async () => expect((await orders.read('100001'))?.status).toBe('shipped'));
    const order = (await orders.read('100001'))!;
    expect(order).toMatchObject({ orderId: '100001', customerId: '7', total: '12.50', currency: 'GBP' });
    expect(order.history.map(({ status }) => status)).toEqual(['new', 'picking', 'shipped']);
    expect(order.statusAt).toBe(order.history[2]!.at);
    expect(await orders.read('999')).toBeNull();
  });

  it('can be waited for by the command that made them', async () => {
    const commandId = '0F8FAD5B-D9CB-469F-A165-70867728950E';
    expect(await orders.waitForCommand(commandId, 1)).toBe('unknown');
    const waiting = orders.waitForCommand(commandId.toLowerCase(), 10_000);
    await shop.feed.put('dbo.ORD', [{ ORD_NO: 100002, CUST: 7, STATUS: 'N', TOTAL: '1.00' }]);
    await shop.feed.put('storefront.COMMAND', [
      { COMMAND_ID: commandId, COMMAND_NAME: 'AcceptOrder', ORDER_ID: '100002', ...APPLIED },
    ]);
    // The order's own row must be as new as the command: here it was changed again after it.
    await shop.feed.put('dbo.ORD', [{ ORD_NO: 100002, CUST: 7, STATUS: 'P', TOTAL: '1.00' }]);
    expect(await waiting).toBe('visible');
    expect((await orders.read('100002'))!.status).toBe('picking');
    expect(await orders.command(commandId)).toMatchObject({
      commandName: 'AcceptOrder',
      orderId: '100002',
      refusal: null,
    });
  });

  it('are not waited for when the command is known to have been refused', async () => {
    const commandId = '0f8fad5b-d9cb-469f-a165-70867728950f';
    const waiting = orders.waitForCommand(commandId, 60_000);
    const RESULT = '{"problem":"order-not-cancellable","orderStatus":"shipped"}';
    await shop.feed.put('storefront.COMMAND', [
      { COMMAND_ID: commandId, COMMAND_NAME: 'CancelOrder', ORDER_ID: null, REFUSAL: 50410, RESULT },
    ]);
    expect(await waiting).toBe('refused');
    expect(await orders.command(commandId)).toMatchObject({ orderId: null, refusal: 'order-not-cancellable' });
  });

  it('are listed for their customer with their lines, newest first, by pages', async () => {
    const order = (ORD_NO: number, CUST: number) => ({ ORD_NO, CUST, STATUS: 'N', TOTAL: '1.00' });
    const line = (ORD_NO: number, LINE_NO: number) => ({ ORD_NO, LINE_NO, CODE: 'A1', QTY: LINE_NO });
    await shop.feed.put('dbo.ORD', [order(200_001, 8), order(200_002, 8), order(200_003, 9)]);
    await shop.feed.put('dbo.ORD_LINE', [line(200_001, 10), line(200_001, 9), line(200_002, 1)]);
    const listed = async (customer: string, cursor?: string) =>
      orders.ofCustomer(customer, { limit: 1, ...(cursor === undefined ? {} : { cursor }) });
    await eventually(async () => {
      expect((await orders.read('200001'))?.lines).toEqual([
        { lineId: '9', sku: 'A1', quantity: 9 },
        { lineId: '10', sku: 'A1', quantity: 10 },
      ]);
      const first = await listed('8');
      expect(first.orders).toMatchObject([{ orderId: '200002', lines: [{ lineId: '1' }] }]);
      const second = await listed('8', first.nextCursor!);
      expect(second).toMatchObject({ orders: [{ orderId: '200001' }], nextCursor: null });
    });
    // Another customer takes one over, and one is deleted.
    await shop.feed.put('dbo.ORD', [order(200_002, 9)]);
    await shop.feed.remove('dbo.ORD', order(200_001, 8));
    await shop.feed.remove('dbo.ORD_LINE', line(200_001, 9));
    await eventually(async () => {
      expect((await listed('8')).orders).toEqual([]);
      expect((await orders.ofCustomer('9', { limit: 10 })).orders.map(({ orderId }) => orderId)).toEqual([
        '200003',
        '200002',
      ]);
      expect(await orders.read('200001')).toBeNull();
    });
    await expect(orders.ofCustomer('9', { limit: 1, cursor: 'evil' })).rejects.toMatchObject({
      code: 'ORDER_REQUEST_INVALID',
    });
  });
});
