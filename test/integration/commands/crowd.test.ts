import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import type { SqlDialect } from '#connectors/commands/gateways/sqlParameters.ts';
import { acceptOrder } from '#connectors/commands/model/acceptOrder.ts';
import { cancelOrder } from '#connectors/commands/model/cancelOrder.ts';
import { releaseStock } from '#connectors/commands/model/releaseStock.ts';
import { reserveStock } from '#connectors/commands/model/reserveStock.ts';
import { type CommandShop, createCommandShop } from '#test/support/commandShop.ts';
import { ProcedureClient } from '#test/support/procedureClient.ts';
import { seededRandom } from '#test/support/seededRandom.ts';

const SETS = [
  ['epos', '2008', 'sqlserver2008'],
  ['adventureworks', '2005', 'sqlserver2005'],
] as const satisfies readonly (readonly [string, string, SqlDialect])[];
const BUYERS = 50;
/** Orders of the mixed crowd; the thousand with SLUICE_LONG_TESTS. */
const ORDERS = process.env['SLUICE_LONG_TESTS'] === undefined ? 100 : 1000;

/**
 * Lets other sessions in between the check of one product's stock and whatever comes next: the stand-in would run a procedure that waits for
 * nothing from end to end. Without the update locks, all fifty then sell the same piece.
 */
const slowed = (batch: string): string =>
  batch.replaceAll(
    /^( +)(SELECT @Product = MIN\(\w+\) FROM @Need WHERE \w+ > @Product;)$/gm,
    "$1WAITFOR DELAY '00:00:00.002';\n$1$2",
  );

// Nothing is tried again here: a deadlock or a lock time-out would fail the test.
describe.each(SETS)(
  'a crowd at the procedures of %s for SQL Server %s',
  { timeout: 240_000 },
  (variant, server, dialect) => {
    let shop: CommandShop;
    let api: ProcedureClient;

    beforeAll(async () => {
      shop = await createCommandShop(inject('stack').sqlserver!, variant, server, slowed);
      const crowd = { ...shop, commandOptions: { ...shop.commandOptions, maxConnections: BUYERS } };
      api = await ProcedureClient.open(crowd, dialect);
    });

    afterAll(async () => {
      await api?.close();
      await shop?.close();
    });

    beforeEach(async () => {
      await shop.owner.batch('DELETE FROM storefront.RESERVATION_LINE; DELETE FROM storefront.RESERVATION;');
    });

    const price = (text: string): bigint => BigInt(text.replace('.', ''));
    const text = (units: bigint): string => `${units / 10_000n}.${String(units % 10_000n).padStart(4, '0')}`;

    function order(kettles: number, lamps: number, backwards: boolean, reservationId?: string) {
      const { kettle, lamp, customer, currency } = shop.goods;
      const all = [
        { sku: kettle.sku, quantity: kettles, unitPrice: kettle.price },
        { sku: lamp.sku, quantity: lamps, unitPrice: lamp.price },
      ].filter((line) => line.quantity > 0);
      const total = text(price(kettle.price) * BigInt(kettles) + price(lamp.price) * BigInt(lamps));
      const lines = backwards ? all.toReversed() : all;
      return { body: { customerId: customer, currency, lines, total, ...(reservationId ? { reservationId } : {}) } };
    }

    const free = async (sku: string): Promise<number> => {
      const { onHand, reserved } = await shop.stock(sku);
      return onHand - reserved;
    };

    it('sells the last seven pieces seven times to fifty buyers', async () => {
      await shop.setStock(shop.goods.kettle.sku, 7);
      const before = (await shop.counts())['orders']!;
      const answers = await Promise.all(
        Array.from({ length: BUYERS }, () => api.write(acceptOrder, order(1, 0, false))),
      );
      const accepted = answers.filter(({ refusal }) => refusal === undefined);
      const refused = answers.filter(({ facts }) => facts['problem'] === 'not-enough-stock');
      expect([accepted.length, refused.length, await free(shop.goods.kettle.sku)]).toEqual([7, BUYERS - 7, 0]);
      expect((await shop.counts())['orders']).toBe(before + 7);
    });

    it('reserves the last seven pieces seven times for fifty, and sells them to nobody else', async () => {
      await shop.setStock(shop.goods.kettle.sku, 7);
      const ask = {
        body: { customerId: shop.goods.customer, lines: [{ sku: shop.goods.kettle.sku, quantity: 1 }], minutes: 5 },
      };
      const answers = await Promise.all(
        Array.from({ length: BUYERS }, (_, i) =>
          i % 2 === 0 ? api.write(reserveStock, ask) : api.write(acceptOrder, order(1, 0, false)),
        ),
      );
      const taken = answers.filter(({ refusal }) => refusal === undefined);
      const held = taken.filter(({ facts }) => facts['reservationId'] !== undefined);
      expect([taken.length, await free(shop.goods.kettle.sku)]).toEqual([7, held.length]);
    });

    it(`adds up after ${ORDERS} orders, reservations and cancellations at once, without a deadlock`, async () => {
      const stock = Math.ceil(ORDERS * 0.6);
      await shop.setStock(shop.goods.kettle.sku, stock);
      await shop.setStock(shop.goods.lamp.sku, stock);
      const random = seededRandom(7);
      const taken = { kettles: 0, lamps: 0, orders: 0, refused: 0 };
      const before = (await shop.counts())['orders']!;
      let left = ORDERS;

      const buy = async (): Promise<void> => {
        const [kettles, lamps] = random() < 0.3 ? [1, 0] : [1, 1 + Math.floor(random() * 2)];
        const reservationId = random() < 0.3 ? await reserve(kettles) : undefined;
        if (reservationId !== undefined && random() < 0.2) await release(reservationId);
        const answer = await api.write(acceptOrder, order(kettles, lamps, random() < 0.5, reservationId));
        if (answer.refusal !== undefined) {
          expect(answer.facts['problem']).toBe('not-enough-stock');
          taken.refused++;
          if (reservationId !== undefined) await release(reservationId);
          return;
        }
        taken.orders++;
        if (random() < 0.2) return cancel(answer.facts['orderId'] as string);
        taken.kettles += kettles;
        taken.lamps += lamps;
      };
      const reserve = async (quantity: number): Promise<string | undefined> => {
        const lines = [{ sku: shop.goods.kettle.sku, quantity }];
        const { facts } = await api.write(reserveStock, {
          body: { customerId: shop.goods.customer, lines, minutes: 5 },
        });
        return facts['reservationId'] as string | undefined;
      };
      const release = async (reservationId: string): Promise<void> => {
        await api.write(releaseStock, { params: { reservationId }, body: { customerId: shop.goods.customer } });
      };
      const cancel = async (orderId: string): Promise<void> => {
        const answer = await api.write(cancelOrder, { params: { orderId }, body: { customerId: shop.goods.customer } });
        expect(answer.refusal).toBeUndefined();
      };

      await Promise.all(
        Array.from({ length: BUYERS }, async () => {
          while (left-- > 0) await buy();
        }),
      );
      expect(taken.orders + taken.refused).toBe(ORDERS);
      expect([await free(shop.goods.kettle.sku), await free(shop.goods.lamp.sku)]).toEqual([
        stock - taken.kettles,
        stock - taken.lamps,
      ]);
      expect((await shop.counts())['orders']).toBe(before + taken.orders);
      const [held] = await shop.owner.query<{ lines: number }>(
        'SELECT COUNT(*) AS lines FROM storefront.RESERVATION_LINE',
      );
      expect(held).toEqual({ lines: 0 });
    });
  },
);
