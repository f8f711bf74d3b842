import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BlueGreenTrouble } from '#test/support/consumers/blueGreenTrouble.ts';
import { BlueGreenWorld } from '#test/support/consumers/blueGreenWorld.ts';
import type { SourceStep } from '#test/support/consumers/sourceModel.ts';

const RUNS = 6 * Number(process.env['SLUICE_PROPERTY_RUNS'] ?? 1);

const key = fc.nat({ max: 2 });
const step: fc.Arbitrary<SourceStep> = fc.oneof(
  fc.record({ kind: fc.constant('product' as const), key, category: fc.nat({ max: 2 }), live: fc.boolean() }),
  fc.record({ kind: fc.constant('category' as const), key, group: fc.nat({ max: 1 }) }),
  fc.record({ kind: fc.constant('group' as const), key: fc.nat({ max: 1 }) }),
  fc.record({ kind: fc.constant('barcode' as const), key, product: key }),
  fc.record({ kind: fc.constant('delete' as const), table: fc.nat({ max: 3 }), key }),
);
const first: SourceStep[] = [0, 1, 2].map((key) => ({ kind: 'product', key, category: 0, live: true }));
const steps = fc.array(step, { minLength: 2, maxLength: 15 }).map((list) => [...first, ...list]);

const CALM: BlueGreenTrouble = { kill: 0, flush: 0, lose: 0, restore: 0, spoil: 0, command: 0, swap: 'when-built' };

async function holds(troubles: fc.Arbitrary<Partial<BlueGreenTrouble>>): Promise<void> {
  const turns = fc.integer({ min: 150, max: 1000 });
  await fc.assert(
    fc.asyncProperty(steps, fc.integer(), turns, troubles, async (list, seed, most, trouble) => {
      const world = new BlueGreenWorld(seed, { ...CALM, ...trouble });
      await world.run(list, most);
      expect(world.wrong()).toEqual(new Map());
      expect(world.searched()).toBeDefined();
    }),
    { numRuns: RUNS },
  );
}

const kill = fc.constantFrom(0, 100, 400);
const swap = fc.constantFrom<BlueGreenTrouble['swap']>('when-built', 'by-command');
const command = fc.constantFrom(40, 150);

describe('two versions of a document type side by side', () => {
  it('give searches nothing half built and nothing of before when one takes over from the other', async () => {
    await holds(fc.record({ kill, flush: fc.constantFrom(0, 40, 200) }));
  }, 300_000);

  it('are swapped, rolled back, dropped, stopped and built again by command', async () => {
    await holds(fc.record({ kill, swap, command }));
  }, 300_000);

  it('outlive the loss of an index, and its return as an older copy, at any moment', async () => {
    const lost = { lose: fc.constantFrom(0, 100, 400), restore: fc.constantFrom(0, 100, 400) };
    await holds(fc.record({ kill, swap, command, ...lost }));
  }, 300_000);

  it('never take searches to an index that differs from the rows', async () => {
    await holds(fc.record({ kill: fc.constantFrom(0, 400), swap, command, spoil: fc.constantFrom(2, 5) }));
  }, 300_000);
});
