import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CaptureNotification } from '#connectors/capture/notifications.ts';
import { checkRun } from '#test/support/troubledChecks.ts';
import { runTroubled, type Troubles } from '#test/support/troubledRun.ts';

const sizes = fc.record({
  page: fc.integer({ min: 1, max: 7 }),
  batch: fc.integer({ min: 1, max: 9 }),
  chunk: fc.integer({ min: 1, max: 6 }),
  readers: fc.integer({ min: 1, max: 3 }),
  commandId: fc.boolean(),
});

const NONE = { faults: 0, losses: 0, unfit: 0, rights: 0, signals: 0 };
/** How much longer than in CI: SLUICE_PROPERTY_RUNS=50 gives 50 times as many. */
const LONGER = Number(process.env['SLUICE_PROPERTY_RUNS'] ?? 1);

async function everyRun(given: Partial<Troubles>, numRuns: number): Promise<readonly CaptureNotification[]> {
  const heard: CaptureNotification[] = [];
  await fc.assert(
    fc.asyncProperty(fc.integer(), sizes, async (seed, size) => {
      const run = await runTroubled(seed, { ...NONE, ...size, ...given });
      checkRun(run);
      heard.push(...run.notifications);
    }),
    { numRuns: numRuns * LONGER, endOnFailure: true },
  );
  return heard;
}

const kinds = (heard: readonly CaptureNotification[]): Set<string> => new Set(heard.map((n) => n.type));

describe('the topic holds the history of every key', { timeout: 120_000 * LONGER }, () => {
  test('with random transactions and a capture job that lags, with and without command ids', async () => {
    await everyRun({}, 40);
  });

  test('when the source fails and the capture is killed before and after commits', async () => {
    await everyRun({ faults: 2 }, 40);
  });

  test('when clean-up takes changes away, but for the intervals that are told', async () => {
    expect(kinds(await everyRun({ losses: 1, faults: 1 }, 40))).toContain('table_changes_lost');
  });

  test('when tables stop at values that do not fit and are resumed', async () => {
    const heard = kinds(await everyRun({ unfit: 2, faults: 1, signals: 1 }, 40));
    for (const kind of ['table_stopped', 'table_resumed', 'table_caught_up']) expect(heard).toContain(kind);
  });

  test('when rights on tables are revoked and capture instances are dropped', async () => {
    const heard = kinds(await everyRun({ rights: 1, faults: 1 }, 40));
    for (const kind of ['table_held', 'table_stopped', 'table_resumed']) expect(heard).toContain(kind);
  });

  test('when all of this happens at once, with pauses and snapshots asked for', async () => {
    await everyRun({ faults: 1, losses: 1, unfit: 1, rights: 1, signals: 3 }, 60);
  });
});
