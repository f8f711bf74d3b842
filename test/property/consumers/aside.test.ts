import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DocumentsCopy, LevelsCopy } from '#test/support/consumers/asideCopies.ts';
import { AsideWorld } from '#test/support/consumers/asideWorld.ts';
import type { SourceStep } from '#test/support/consumers/sourceModel.ts';
import type { StockStep } from '#test/support/consumers/stockModel.ts';

const RUNS = Number(process.env['SLUICE_PROPERTY_RUNS'] ?? 1);

const place = fc.record({ sku: fc.nat({ max: 1 }), location: fc.nat({ max: 1 }) });
const stockStep: fc.Arbitrary<StockStep> = fc.record({
  kind: fc.constant('stock' as const),
  key: fc.nat({ max: 2 }),
  place: fc.option(place, { freq: 3 }),
});

const key = fc.nat({ max: 1 });
const sourceStep: fc.Arbitrary<SourceStep> = fc.oneof(
  fc.record({ kind: fc.constant('product' as const), key, category: fc.nat({ max: 2 }), live: fc.constant(true) }),
  fc.record({ kind: fc.constant('category' as const), key, group: fc.nat({ max: 1 }) }),
  fc.record({ kind: fc.constant('barcode' as const), key, product: key }),
  fc.record({ kind: fc.constant('delete' as const), table: fc.constantFrom(0, 1, 3), key }),
);

/** One row and one place, or two: what comes, goes and is forgotten meets itself. */
const fewStockSteps = fc.array(
  fc.record({
    kind: fc.constant('stock' as const),
    key: fc.constant(0),
    place: fc.constantFrom({ sku: 0, location: 0 }, { sku: 0, location: 1 }, null),
  }),
  { minLength: 2, maxLength: 6 },
);
const fewSourceSteps: fc.Arbitrary<SourceStep[]> = fc.array(
  fc.constantFrom<SourceStep>(
    { kind: 'product', key: 0, category: 0, live: true },
    { kind: 'delete', table: 0, key: 0 },
  ),
  { minLength: 2, maxLength: 5 },
);

const often = fc.constantFrom(0, 40, 150);
const anyTrouble = fc.record({
  kill: fc.constantFrom(0, 15, 60),
  secondOwner: fc.constantFrom(0, 10, 40),
  broken: fc.constantFrom(0, 2, 5),
  mend: often,
  redeliver: fc.constantFrom(10, 40),
  replay: often,
  rewind: often,
  recreate: often,
  forget: fc.constantFrom(0, 15, 60),
});
const forgetful = fc.record({
  kill: fc.constantFrom(0, 60),
  secondOwner: fc.constantFrom(5, 10),
  broken: fc.constantFrom(0, 2),
  mend: fc.constantFrom(10, 40),
  redeliver: fc.constantFrom(10, 40),
  replay: fc.constantFrom(0, 60),
  rewind: fc.constantFrom(0, 60),
  recreate: fc.constantFrom(0, 150),
  forget: fc.constantFrom(4, 10),
});
const trouble = fc.oneof(anyTrouble, forgetful);
const choices = fc.nat({ max: 3000 });

describe('records put aside, redelivered, replayed, read again, in topics made anew, with deleted things forgotten', () => {
  it('leave every stock level as the source has it, and never an older one meanwhile', async () => {
    const steps = fc.oneof(fc.array(stockStep, { minLength: 3, maxLength: 20 }), fewStockSteps);
    await fc.assert(
      fc.asyncProperty(steps, fc.integer(), choices, trouble, async (list, seed, most, troubles) => {
        const copy = new LevelsCopy();
        const world = new AsideWorld(copy, seed, most, troubles);
        await world.run(list);
        expect(copy.actual(world.redis)).toEqual(copy.source.levels());
      }),
      { numRuns: 150 * RUNS },
    );
  }, 600_000);

  it('leave every document as a fresh build, and never an older row meanwhile', async () => {
    const steps = fc.oneof(fc.array(sourceStep, { minLength: 3, maxLength: 20 }), fewSourceSteps);
    await fc.assert(
      fc.asyncProperty(steps, fc.integer(), choices, trouble, async (list, seed, most, troubles) => {
        const copy = new DocumentsCopy();
        const world = new AsideWorld(copy, seed, most, troubles);
        await world.run(list);
        expect(copy.actual()).toEqual(copy.source.documents());
      }),
      { numRuns: 40 * RUNS },
    );
  }, 600_000);
});
