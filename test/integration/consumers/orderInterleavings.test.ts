import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { RedisClient } from '#infra/redis/client.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { type OrderAct, OrderWorld } from '#test/support/consumers/orderWorld.ts';

const RUNS = 25 * Number(process.env['SLUICE_PROPERTY_RUNS'] ?? 1);

const act: fc.Arbitrary<OrderAct> = fc.record({
  kind: fc.constantFrom('put' as const, 'put' as const, 'put' as const, 'partial', 'hide', 'delete', 'reread'),
  order: fc.nat({ max: 2 }),
  customer: fc.nat({ max: 2 }),
  status: fc.nat({ max: 3 }),
});

let redis: RedisClient;

beforeAll(() => {
  redis = new RedisClient({ ...inject('stack').redis!, keyPrefix: '', name: 'orders', log: silentLogger });
});
afterAll(() => redis.close());

describe('orders written by several processes, killed, late and repeated at any point, on a real Redis', () => {
  it('have the state, the history and the lists of customers that their changes alone give', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(act, { minLength: 2, maxLength: 14 }),
        fc.integer(),
        fc.integer({ min: 100, max: 1500 }),
        fc.constantFrom(0, 6, 30),
        async (acts, seed, choices, kill) => {
          const world = new OrderWorld(redis, acts);
          await world.run(seed, choices, kill);
          try {
            expect(await world.actual()).toEqual(world.expected());
          } finally {
            await world.clear();
          }
        },
      ),
      { numRuns: RUNS },
    );
  }, 120_000);
});
