import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConsumerWorld } from '#test/support/consumers/consumerWorld.ts';
import type { SourceStep } from '#test/support/consumers/sourceModel.ts';

const RUNS = 400 * Number(process.env['SLUICE_PROPERTY_RUNS'] ?? 1);

const key = fc.nat({ max: 2 });
const anything: fc.Arbitrary<SourceStep> = fc.oneof(
  fc.record({ kind: fc.constant('product' as const), key, category: fc.nat({ max: 2 }), live: fc.boolean() }),
  fc.record({ kind: fc.constant('category' as const), key, group: fc.nat({ max: 1 }) }),
  fc.record({ kind: fc.constant('group' as const), key: fc.nat({ max: 1 }) }),
  fc.record({ kind: fc.constant('barcode' as const), key, product: key }),
  fc.record({ kind: fc.constant('delete' as const), table: fc.nat({ max: 3 }), key }),
);

/** One row that goes to and fro between documents: the hardest case for the way back from a value to its rows. */
const toAndFro: fc.Arbitrary<SourceStep> = fc.record({
  kind: fc.constant('barcode' as const),
  key: fc.constant(0),
  product: fc.nat({ max: 2 }),
});
const threeProducts: SourceStep[] = [0, 1, 2].map((key) => ({ kind: 'product', key, category: 0, live: true }));

const trouble = fc.record({
  kill: fc.constantFrom(0, 15, 60),
  secondOwner: fc.constantFrom(0, 6, 50),
  rewind: fc.constantFrom(0, 2, 20),
});

async function converges(steps: fc.Arbitrary<SourceStep[]>): Promise<void> {
  await fc.assert(
    fc.asyncProperty(steps, fc.integer(), fc.nat({ max: 6000 }), trouble, async (list, seed, choices, troubles) => {
      const world = new ConsumerWorld(seed, choices, troubles);
      await world.run(list);
      expect(world.actual()).toEqual(world.expected());
    }),
    { numRuns: RUNS },
  );
}

describe('two owners of every partition, killed, late and repeated at any point', () => {
  it('leave every document as a fresh build from the source', async () => {
    await converges(fc.array(anything, { minLength: 3, maxLength: 20 }));
  }, 300_000);

  it('follow a row that moves to and fro', async () => {
    await converges(fc.array(toAndFro, { minLength: 4, maxLength: 30 }).map((moves) => [...threeProducts, ...moves]));
  }, 300_000);
});
