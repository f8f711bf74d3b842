import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { acceptOrder } from '#connectors/commands/model/acceptOrder.ts';
import { cancelOrder } from '#connectors/commands/model/cancelOrder.ts';
import { changeDeliveryAddress } from '#connectors/commands/model/changeDeliveryAddress.ts';
import { getLiveStock } from '#connectors/commands/model/getLiveStock.ts';
import { getOrder } from '#connectors/commands/model/getOrder.ts';
import { registerCustomer } from '#connectors/commands/model/registerCustomer.ts';
import { releaseStock } from '#connectors/commands/model/releaseStock.ts';
import { reserveStock } from '#connectors/commands/model/reserveStock.ts';
import { int, varcharOf } from '#connectors/sqlserver/params.ts';
import { type CommandShop, createCommandShop } from '#test/support/commandShop.ts';
import { ProcedureClient } from '#test/support/procedureClient.ts';

const SETS = [
  ['epos', '2008', 'sqlserver2008'],
  ['epos', '2005', 'sqlserver2005'],
  ['adventureworks', '2008', 'sqlserver2008'],
  ['adventureworks', '2005', 'sqlserver2005'],
] as const;
const ADDRESS = { name: 'B. O’Neill', line1: '1 "Mill" Lane', town: 'Leeds', postcode: 'LS1 1AA' };

// One table of cases for all four sets of procedures: what they answer must not depend on the server's age.
describe.each(SETS)('the procedures of %s for SQL Server %s', (variant, server, dialect) => {
  let shop: CommandShop;
  let api: ProcedureClient;

  beforeAll(async () => {
    shop = await createCommandShop(inject('stack').sqlserver!, variant, server);
    api = await ProcedureClient.open(shop, dialect);
  });

  afterAll(async () => {
    await api?.close();
    await shop?.close();
  });

  beforeEach(async () => {
    await shop.owner.batch('DELETE FROM storefront.RESERVATION_LINE; DELETE FROM storefront.RESERVATION;');
    await shop.setStock(shop.goods.kettle.sku, 10);
    await shop.setStock(shop.goods.lamp.sku, 10);
  });

  const line = (article: { sku: string; price: string }, quantity: number) => ({
    sku: article.sku,
    quantity,
    unitPrice: article.price,
  });
  const order = (more: object = {}) => ({
    body: {
      customerId: shop.goods.customer,
      currency: shop.goods.currency,
      lines: [line(shop.goods.kettle, 2), line(shop.goods.lamp, 1), line(shop.goods.kettle, 1)],
      total: '45.47',
      ...more,
    },
  });
  const reservation = (quantity: number, more: object = {}) => ({
    body: {
      customerId: shop.goods.customer,
      lines: [{ sku: shop.goods.kettle.sku, quantity }],
      minutes: 5,
      ...more,
    },
  });
  const kettles = async () => {
    const { facts } = await api.read(getLiveStock, { query: { skus: shop.goods.kettle.sku } });
    return (facts['items'] as { available: number }[])[0]!.available;
  };
  const expire = () =>
    shop.owner.batch(
      `UPDATE storefront.RESERVATION SET EXPIRES_AT = DATEADD(hour, -2, GETUTCDATE());
       UPDATE storefront.RESERVATION_LINE SET EXPIRES_AT = DATEADD(hour, -2, GETUTCDATE());`,
    );

  it('take an order, and give the same answer again for its key', async () => {
    const key = randomUUID();
    const first = await api.write(acceptOrder, order(), key);
    expect([first.refusal, first.replayed, first.commandId]).toEqual([undefined, false, first.facts['commandId']]);
    expect(acceptOrder.result.parse(first.facts)).toMatchObject({ status: 'accepted', total: '45.4700', lineCount: 3 });
    const again = await api.write(acceptOrder, order(), key);
    expect(again).toEqual({ ...first, replayed: true });
    expect(await kettles()).toBe(7);
  });

  it('refuse another request with the same key, and keep callers’ keys apart', async () => {
    const key = randomUUID();
    await api.write(acceptOrder, order(), key);
    const reused = await api.write(acceptOrder, order({ total: '45.48' }), key);
    expect(reused).toMatchObject({
      refusal: 50423,
      commandId: undefined,
      facts: { problem: 'idempotency-key-reused' },
    });
    expect(await api.write(acceptOrder, order(), key, 'TEST')).toMatchObject({ refusal: undefined, replayed: false });
  });

  const refusals: readonly [string, () => object, number, object][] = [
    ['an unknown customer', () => ({ customerId: '999' }), 50404, { problem: 'unknown-customer' }],
    ['another currency', () => ({ currency: 'EUR' }), 50422, { problem: 'currency-differs' }],
    [
      'a product that is not sold on the web',
      () => ({ lines: [line(shop.goods.kettle, 1), { ...line(shop.goods.lamp, 1), sku: shop.goods.hidden }] }),
      50404,
      { problem: 'unknown-product', line: 2 },
    ],
    [
      'another price',
      () => ({ lines: [{ ...line(shop.goods.kettle, 1), unitPrice: '9.98' }], total: '9.98' }),
      50422,
      { problem: 'price-differs', line: 1, expected: '9.9900', found: '9.9800' },
    ],
    [
      'another total',
      () => ({ total: '45.46' }),
      50422,
      { problem: 'total-differs', expected: '45.4700', found: '45.4600' },
    ],
    [
      'more than there is',
      () => ({ lines: [line(shop.goods.lamp, 1), line(shop.goods.kettle, 11)], total: '125.39' }),
      50409,
      { problem: 'not-enough-stock', line: 2, requested: 11, available: 10 },
    ],
  ];
  it.each(refusals)('refuse %s, change nothing, and say so again for its key', async (_what, more, number, facts) => {
    const before = await shop.fingerprint();
    const key = randomUUID();
    const refused = await api.write(acceptOrder, order(more()), key);
    expect([refused.refusal, refused.facts]).toEqual([number, facts]);
    expect(await shop.fingerprint()).toBe(before);
    await shop.setStock(shop.goods.kettle.sku, 100);
    expect(await api.write(acceptOrder, order(more()), key)).toEqual({ ...refused, replayed: true });
  });

  it('cancel an order once, give its stock back, and tell how far one is that cannot be', async () => {
    const { facts } = await api.write(acceptOrder, order());
    const cancel = { params: { orderId: facts['orderId'] }, body: { customerId: shop.goods.customer } };
    const foreign = await api.write(cancelOrder, { ...cancel, body: { customerId: shop.goods.otherCustomer } });
    expect(foreign.facts).toEqual({ problem: 'unknown-order' });
    const cancelled = await api.write(cancelOrder, cancel);
    expect(cancelOrder.result.parse(cancelled.facts)).toMatchObject({ orderId: facts['orderId'], status: 'cancelled' });
    expect(await kettles()).toBe(10);
    expect((await api.write(cancelOrder, cancel)).facts).toEqual({
      problem: 'order-not-cancellable',
      orderStatus: 'cancelled',
    });
  });

  it('send a new order elsewhere, once and again, and tell it when asked for the order', async () => {
    const { facts } = await api.write(acceptOrder, order());
    const orderId = facts['orderId'] as string;
    const ask = { params: { orderId }, query: { customerId: shop.goods.customer } };
    expect((await api.read(getOrder, ask)).facts['deliveryAddress']).toBeNull();
    const change = { params: { orderId }, body: { customerId: shop.goods.customer, address: ADDRESS } };
    const changed = await api.write(changeDeliveryAddress, change);
    expect(changeDeliveryAddress.result.parse(changed.facts).status).toBe('changed');
    await api.write(changeDeliveryAddress, {
      ...change,
      body: { ...change.body, address: { ...ADDRESS, line2: 'c/o \\Tom\\' } },
    });
    const read = getOrder.result.parse((await api.read(getOrder, ask)).facts);
    expect(read).toMatchObject({
      orderId,
      customerId: shop.goods.customer,
      status: 'new',
      total: '45.4700',
      deliveryAddress: { ...ADDRESS, line2: 'c/o \\Tom\\' },
    });
    expect((read.lines as { quantity: number }[]).reduce((sum, item) => sum + item.quantity, 0)).toBe(4);
    await shop.pick(orderId);
    expect((await api.write(changeDeliveryAddress, change)).facts).toEqual({
      problem: 'order-not-changeable',
      orderStatus: 'picking',
    });
    const foreign = await api.read(getOrder, { ...ask, query: { customerId: shop.goods.otherCustomer } });
    expect([foreign.refusal, foreign.facts]).toEqual([50404, { problem: 'unknown-order' }]);
  });

  it('register a customer who can order at once, and no second one with the same address', async () => {
    const email = `${randomUUID()}@example.com`;
    const registered = await api.write(registerCustomer, {
      body: { email, address: { ...ADDRESS, name: 'Zoë Müller' } },
    });
    const { customerId } = registerCustomer.result.parse(registered.facts);
    expect((await api.write(acceptOrder, order({ customerId }))).refusal).toBeUndefined();
    const twice = await api.write(registerCustomer, { body: { email: email.toUpperCase(), address: ADDRESS } });
    expect([twice.refusal, twice.facts]).toEqual([50411, { problem: 'email-taken' }]);
  });

  it('refuse a name or street that their table cannot hold', async () => {
    const address =
      variant === 'epos'
        ? { ...ADDRESS, name: '王小明' }
        : { ...ADDRESS, line1: 'x'.repeat(40), line2: 'y'.repeat(40) };
    const refused = await api.write(registerCustomer, { body: { email: `${randomUUID()}@example.com`, address } });
    expect([refused.refusal, refused.facts]).toEqual([
      50424,
      { problem: 'text-not-storable', field: variant === 'epos' ? '/address/name' : '/address/line2' },
    ]);
  });

  it('hold reserved pieces against others, but not against who reserved them', async () => {
    const { facts } = await api.write(reserveStock, reservation(8));
    const { reservationId, expiresAt } = reserveStock.result.parse(facts);
    expect(Date.parse(expiresAt as string) - Date.now()).toBeGreaterThan(4 * 60_000);
    expect(await kettles()).toBe(2);
    expect((await api.write(acceptOrder, order())).facts).toMatchObject({ problem: 'not-enough-stock', available: 2 });
    expect((await api.write(reserveStock, reservation(3))).facts).toMatchObject({ available: 2 });
    const foreign = order({ reservationId, customerId: shop.goods.otherCustomer });
    expect((await api.write(acceptOrder, foreign)).refusal).toBe(50409);
    expect((await api.write(acceptOrder, order({ reservationId }))).refusal).toBeUndefined();
    expect(await kettles()).toBe(7);
  });

  it('let a reservation end by release or by time, whichever comes first', async () => {
    const first = await api.write(reserveStock, reservation(8));
    const release = {
      params: { reservationId: first.facts['reservationId'] as string },
      body: { customerId: shop.goods.customer },
    };
    const foreign = { ...release, body: { customerId: shop.goods.otherCustomer } };
    expect((await api.write(releaseStock, foreign)).facts).toEqual({ problem: 'unknown-reservation' });
    expect(releaseStock.result.parse((await api.write(releaseStock, release)).facts).status).toBe('released');
    expect((await api.write(releaseStock, release)).facts).toEqual({ problem: 'unknown-reservation' });
    expect(await kettles()).toBe(10);
    const second = await api.write(reserveStock, reservation(8));
    await expire();
    expect(await kettles()).toBe(10);
    const { reservationId } = second.facts;
    expect((await api.write(acceptOrder, order({ reservationId }))).refusal).toBeUndefined();
  });

  it('clear away reservations that have not counted for an hour', async () => {
    await api.write(reserveStock, reservation(1));
    await expire();
    await api.write(reserveStock, reservation(2));
    const { recordsets } = await api.database.execute('storefront.DeleteExpiredReservations', { MaxRows: int(100) });
    expect(recordsets[0]).toEqual([{ Deleted: 1 }]);
    expect(await kettles()).toBe(8);
  });

  it('answer live stock for web products only, once each, however they are spelt', async () => {
    const { kettle, lamp, hidden } = shop.goods;
    const { facts } = await api.read(getLiveStock, {
      query: { skus: [lamp.sku, hidden, kettle.sku, kettle.sku.toLowerCase(), 'NOSUCH'].join(',') },
    });
    expect(getLiveStock.result.parse(facts).items).toEqual([
      { sku: kettle.sku, onHand: 10, reserved: 0, available: 10 },
      { sku: lamp.sku, onHand: 10, reserved: 0, available: 10 },
    ]);
  });

  const askFor = async (key: string, caller = 'test') => {
    const parameters = { Caller: varcharOf(64, caller), IdempotencyKey: varcharOf(100, key) };
    return (await api.database.execute('storefront.GetCommand', parameters)).recordsets[0]![0]!;
  };

  it('tell what became of a key: done with its answer, refused, running or unknown', async () => {
    const [done, refused, running] = [randomUUID(), randomUUID(), randomUUID()];
    const answer = await api.write(acceptOrder, order(), done);
    await api.write(acceptOrder, order({ total: '1' }), refused);
    expect(await askFor(done)).toMatchObject({
      State: 'done',
      CommandName: 'AcceptOrder',
      Result: answer.result,
      Refusal: null,
    });
    expect(await askFor(refused)).toMatchObject({ State: 'done', Refusal: 50422 });
    expect(await askFor(done, 'other')).toMatchObject({ State: 'unknown', CommandId: null });
    await shop.owner.inSnapshot(async (transaction) => {
      await transaction.query(
        `EXEC sp_getapplock @Resource = N'storefront test ${running}', @LockMode = 'Exclusive', @LockOwner = 'Transaction'`,
      );
      expect(await askFor(running)).toMatchObject({ State: 'running', Result: null });
    });
    expect(await askFor(running)).toMatchObject({ State: 'unknown' });
  });

  it('forget keys only when they are older than a day or more, and keep who did what', async () => {
    const key = randomUUID();
    await api.write(acceptOrder, order(), key);
    const remove = (days: number) =>
      api.database.execute('storefront.DeleteExpiredCommands', { KeepDays: int(days), MaxRows: int(1000) });
    await expect(remove(0)).rejects.toThrow('@KeepDays must be 1 or more');
    expect((await remove(1)).recordsets[0]).toEqual([{ Deleted: 0 }]);
    const audits = (await shop.counts())['audits'];
    await shop.owner.batch(
      `UPDATE storefront.COMMAND SET CREATED_AT = DATEADD(day, -3, CREATED_AT) WHERE IDEMPOTENCY_KEY = '${key}'`,
    );
    expect((await remove(2)).recordsets[0]).toEqual([{ Deleted: 1 }]);
    expect([(await askFor(key))['State'], (await shop.counts())['audits']]).toEqual(['unknown', audits]);
  });

  it('roll everything back on an error and name its number only', async () => {
    await shop.owner.batch(
      `ALTER TABLE storefront.COMMAND_AUDIT WITH NOCHECK ADD CONSTRAINT CK_TEST CHECK (REQUEST_ID <> 'request-1')`,
    );
    const before = await shop.fingerprint();
    const failed = await api.write(acceptOrder, order()).catch((error: unknown) => error);
    expect(failed).toMatchObject({ context: { sqlErrorNumber: 547 } });
    expect(String((failed as Error).message)).not.toContain('request-1');
    expect(await shop.fingerprint()).toBe(before);
    await shop.owner.batch('ALTER TABLE storefront.COMMAND_AUDIT DROP CONSTRAINT CK_TEST');
  });
});
