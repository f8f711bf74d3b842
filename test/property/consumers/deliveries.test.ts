import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { eventId, type WebhookEvent } from '#consumers/webhooks/webhookTypes.ts';
import { DeliveryWorld } from '#test/support/consumers/deliveryWorld.ts';
import { seededRandom } from '#test/support/seededRandom.ts';

const RUNS = 60 * Number(process.env['SLUICE_PROPERTY_RUNS'] ?? 1);

const events = fc.array(fc.nat({ max: 4 }), { minLength: 1, maxLength: 40, size: 'max' }).map((keys) =>
  keys.map((key, i): WebhookEvent => {
    const name = `order/${key}`;
    return {
      id: eventId('order.status_changed', name, String(i)),
      type: 'order.status_changed',
      at: new Date(1000 + i).toISOString(),
      key: name,
      data: { i },
    };
  }),
);
const trouble = fc.record({
  kills: fc.array(fc.integer({ min: 1, max: 150 }), { maxLength: 4 }),
  failing: fc.constantFrom(0, 0, 2, 5),
  forgets: fc.boolean(),
});

describe('webhooks to an endpoint, by processes that are killed at any effect', () => {
  it('all arrive, each key in order, and seldom twice', async () => {
    await fc.assert(
      fc.asyncProperty(events, trouble, fc.integer(), async (list, troubles, seed) => {
        const world = new DeliveryWorld(list, troubles, seededRandom(seed));
        await world.run();
        const firsts = [...new Map(world.taken.toReversed().map((event) => [event.id, event])).values()].reverse();
        const byKey = (all: readonly WebhookEvent[]) =>
          Object.fromEntries(
            [...Map.groupBy(all, ({ key }) => key)].map(([key, of]) => [key, of.map(({ data }) => data['i'])]),
          );
        const inOrderOfFirst = [...firsts].sort(
          (a, b) => world.taken.findIndex(({ id }) => id === a.id) - world.taken.findIndex(({ id }) => id === b.id),
        );
        expect(byKey(inOrderOfFirst)).toEqual(byKey(list));
        // Twice comes only what was under way at a kill: at most four at once.
        if (!troubles.forgets) expect(world.taken.length - list.length).toBeLessThanOrEqual(4 * troubles.kills.length);
      }),
      { numRuns: RUNS },
    );
  }, 120_000);
});
