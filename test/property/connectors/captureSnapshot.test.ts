import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ChangeEvent } from '#connectors/capture/types.ts';
import { type CaptureRun, RUN_TABLES, type RunOptions, runCapture } from '#test/support/captureRun.ts';

const keyOf = (event: ChangeEvent): string => `${event.table.instance.table}/${(event.after ?? event.before)!['ID']}`;

function byKey(events: readonly ChangeEvent[]): Map<string, ChangeEvent[]> {
  return Map.groupBy(events, keyOf);
}

/** Per key, positions grow. */
function checkForward(keys: ReadonlyMap<string, readonly ChangeEvent[]>): void {
  for (const [key, events] of keys) {
    for (let i = 1; i < events.length; i++) {
      const [before, after] = [events[i - 1]!, events[i]!];
      // A row that is read twice while nothing happens has one place.
      const forward =
        before.op === 'r' && after.op === 'r' ? after.position >= before.position : after.position > before.position;
      expect(forward, `${key} goes backwards`).toBe(true);
      const again = before.op === 'd' && after.op === 'd' && after.changeLsn === null;
      expect(again, `${key} is deleted though it was`).toBe(false);
    }
  }
}

/** All changes of all tables are in the source's order, each once. */
function checkOrder(written: readonly ChangeEvent[]): void {
  const changes = written.filter((e) => e.changeLsn !== null).map((e) => e.position);
  expect(changes).toEqual([...new Set(changes)].sort());
}

/** From the first change that was streamed, every later one is there. */
function checkNothingLost({ source, sink }: CaptureRun): void {
  const first = sink.written.find((e) => e.op !== 'r')?.commitLsn;
  const wanted = source.history
    .filter(({ commit }) => first !== undefined && commit >= first)
    .map(({ table, id, commit, seq, value }) => `${table}/${id}@${commit}/${seq}=${value}`);
  const streamed = sink.written
    .filter((e) => e.op !== 'r')
    .map((e) => `${keyOf(e)}@${e.commitLsn}/${e.changeLsn}=${e.after?.['V'] ?? null}`);
  expect(new Set(streamed)).toEqual(new Set(wanted));
}

/** A row read by a snapshot shows exactly what was there at its place. */
function checkSnapshotRows({ source, sink }: CaptureRun): void {
  for (const event of sink.written.filter((e) => e.op === 'r')) {
    const versions = source.history.filter(
      ({ table, id, commit }) => `${table}/${id}` === keyOf(event) && commit < event.commitLsn,
    );
    expect(event.after!['V'], `${keyOf(event)} at ${event.commitLsn}`).toEqual(versions.at(-1)?.value);
  }
}

/** What the keys end with is what the source holds. */
function checkEnd({ source }: CaptureRun, keys: ReadonlyMap<string, readonly ChangeEvent[]>): void {
  for (const table of RUN_TABLES) {
    const folded = [...keys]
      .filter(([key, events]) => key.startsWith(`${table}/`) && events.at(-1)!.op !== 'd')
      .map(([, events]) => events.at(-1)!.after!)
      .map((row) => [row['ID'] as number, row['V'] as number] as const);
    const sorted = (rows: Iterable<readonly [number, number]>) => [...rows].sort(([a], [b]) => a - b);
    expect(sorted(folded), table).toEqual(sorted(source.state(table)));
  }
}

function checkAll(run: CaptureRun): void {
  const keys = byKey(run.sink.written);
  checkForward(keys);
  checkOrder(run.sink.written);
  checkNothingLost(run);
  checkSnapshotRows(run);
  checkEnd(run, keys);
}

const sizes = fc.record({
  page: fc.integer({ min: 1, max: 7 }),
  batch: fc.integer({ min: 1, max: 9 }),
  chunk: fc.integer({ min: 1, max: 6 }),
  readers: fc.integer({ min: 1, max: 4 }),
});

/** How many times the usual number of runs: SLUICE_PROPERTY_RUNS. */
const LONGER = Number(process.env['SLUICE_PROPERTY_RUNS'] ?? 1);

const QUIET = { faults: 0, isolation: 'snapshot', scans: true, losses: false, signals: false } as const;

async function everyRun(given: Partial<RunOptions>, check: (run: CaptureRun) => void, numRuns: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.integer(), sizes, async (seed, size) =>
      check(await runCapture(seed, { ...QUIET, ...size, ...given })),
    ),
    { numRuns: numRuns * LONGER },
  );
}

const readOnce = (run: CaptureRun): void => {
  checkAll(run);
  for (const [key, events] of byKey(run.sink.written))
    expect(events.filter((e) => e.op === 'r').length, `${key} is read more than once`).toBeLessThanOrEqual(1);
  const told = run.notifications.map((n) => n.type);
  expect(told.lastIndexOf('snapshot_completed')).toBeGreaterThan(told.lastIndexOf('snapshot_started'));
};

describe('snapshots beside random transactions and a capture job that lags', { timeout: 120_000 * LONGER }, () => {
  test('writes each change once, in order, and no key ever goes backwards', () => everyRun({}, readOnce, 25));

  test('does so when it is killed before and after commits and the source fails', () =>
    everyRun({ faults: 2 }, readOnce, 25));

  test('does so under READ COMMITTED, where rows change while they are read', () =>
    everyRun({ isolation: 'read-committed', faults: 1 }, readOnce, 25));

  test('does so when it may not even see the log scans', () =>
    everyRun({ isolation: 'read-committed', scans: false, faults: 1 }, readOnce, 20));

  test('reads tables and key ranges again when asked, paused, resumed and stopped', () =>
    everyRun({ signals: true, faults: 1 }, checkAll, 25));
});

describe('snapshots of a source that cleans changes up before they were read', { timeout: 120_000 * LONGER }, () => {
  const settled = (run: CaptureRun): void => {
    const keys = byKey(run.sink.written);
    checkForward(keys);
    checkSnapshotRows(run);
    checkEnd(run, keys);
  };

  test('ends with what the source holds: rows that vanished meanwhile are deleted', async () => {
    let lost = 0;
    await everyRun(
      { losses: true, faults: 1 },
      (run) => {
        settled(run);
        lost += run.notifications.filter((n) => n.type === 'table_changes_lost').length;
      },
      25,
    );
    expect(lost).toBeGreaterThan(0);
  });

  test('does so under READ COMMITTED', () =>
    everyRun({ losses: true, faults: 1, isolation: 'read-committed' }, settled, 20));
});
