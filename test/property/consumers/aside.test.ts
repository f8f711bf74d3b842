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

const often = fc.constantFrom(0, 40, 150);
const trouble = fc.record({
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
const choices = fc.nat({ max: 3000 });

describe('records put aside, redelivered, replayed, read again, in topics made anew, with deleted things forgotten', () => {
  it('leave every stock level as the source has it, and never an older one meanwhile', async () => {
    const steps = fc.array(stockStep, { minLength: 3, maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(steps, fc.integer(), choices, trouble, async (list, seed, most, troubles) => {
        const copy = new LevelsCopy();
        const world = new AsideWorld(copy, seed, most, troubles);
        await world.run(list);
        expect(copy.actual(world.redis)).toEqual(copy.source.levels());
      }),
      { numRuns: 60 * RUNS },
    );
  }, 600_000);

  it('leave every document as a fresh build, and never an older row meanwhile', async () => {
    const steps = fc.array(sourceStep, { minLength: 3, maxLength: 20 });
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
