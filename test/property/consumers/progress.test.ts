import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CopyProgress } from '#consumers/runner/copyProgress.ts';
import { passedOf } from '#consumers/runner/progress.ts';
import { isRetriable } from '#infra/runtime/errors.ts';
import { ProgressWorld } from '#test/support/consumers/progressWorld.ts';

const RUNS = 40 * Number(process.env['SLUICE_PROPERTY_RUNS'] ?? 1);
const COPIES = ['stock', 'rows', 'catalog.product'];
const ROUNDS = 30;

async function watch(seed: number, commits: number, losses: boolean): Promise<void> {
  const world = new ProgressWorld(seed, { commits, losses });
  const watchers = [0, 1].map(
    () =>
      new CopyProgress({
        kafka: world.kafka,
        redis: world.commands,
        topicPrefix: 't',
        groupPrefix: 'g',
        copies: world.copies,
        clock: world.clock,
      }),
  );
  const { signal } = new AbortController();
  // The loop tries again in its next round; see progressLoop.ts.
  const round = (watcher: CopyProgress): Promise<void> =>
    watcher.round(signal).catch((error: unknown) => {
      if (!isRetriable(error)) throw error;
    });
  const check = (): void => {
    for (const copy of COPIES) {
      const passed = passedOf(world.answers(copy));
      if (passed !== null) expect(world.fault(copy, passed)).toBeNull();
    }
  };
  const gate = world.gate.bind(world);
  world.gate = async () => {
    await gate();
    check();
  };
  for (let i = 0; i < ROUNDS; i++) {
    // Two watch at once, as they do for a moment when the lease goes from one to the other.
    await Promise.all(watchers.map(round));
    await world.gate();
  }
  world.settle();
  world.gate = async () => undefined;
  world.nowMs += 10_000;
  for (let i = 0; i < 12; i++) {
    for (const watcher of watchers) await round(watcher);
    world.nowMs += 5000;
  }
  check();
  for (const copy of COPIES) expect(passedOf(world.answers(copy))?.position).toBe(world.last);
}

describe('the progress of copies, watched while everything goes on', () => {
  it('never claims a position or a time that the copy has not passed, and comes to the end when nothing moves any more', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), fc.integer({ min: 1, max: 40 }), (seed, commits) => watch(seed, commits, false)),
      { numRuns: RUNS },
    );
  }, 120_000);

  it('holds when Redis loses the copies at any moment', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), fc.integer({ min: 1, max: 40 }), (seed, commits) => watch(seed, commits, true)),
      { numRuns: RUNS },
    );
  }, 120_000);
});
