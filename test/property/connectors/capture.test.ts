import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CaptureNotification } from '#connectors/capture/notifications.ts';
import { commitLsnOf } from '#connectors/capture/position.ts';
import type { ChangeEvent } from '#connectors/capture/types.ts';
import type { Version } from '#test/support/fakeSource.ts';
import { runTroubled, TROUBLED_TABLES, type TroubledRun, type Troubles } from '#test/support/troubledRun.ts';

const keyOf = (event: ChangeEvent): string => `${event.table.instance.table}/${(event.after ?? event.before)!['ID']}`;
/** Rows a snapshot read, or found to be gone. */
const isRead = (event: ChangeEvent): boolean => event.changeLsn === null;

/** Per key, positions grow. */
function checkForward({ sink }: TroubledRun): void {
  for (const [key, events] of Map.groupBy(sink.written, keyOf)) {
    for (let i = 1; i < events.length; i++) {
      const [before, after] = [events[i - 1]!, events[i]!];
      // A row that is read twice while nothing happens has one place.
      const forward = isRead(after) ? after.position >= before.position : after.position > before.position;
      expect(forward, `${key} goes backwards from ${before.position} to ${after.position}`).toBe(true);
    }
  }
}

interface Gap {
  readonly table: string;
  readonly from: string;
  readonly to: string;
}

/** The intervals that were told to be lost, and those a table left out because it was resumed with a snapshot. */
function gapsOf(notifications: readonly CaptureNotification[]): Gap[] {
  const gaps: Gap[] = [];
  const stoppedAt = new Map<string, string>();
  for (const n of notifications) {
    if (n.type === 'table_changes_lost') gaps.push({ table: n.table, from: n.afterLsn, to: n.beforeLsn });
    if (n.type === 'table_stopped' || n.type === 'table_held') stoppedAt.set(n.table, commitLsnOf(n.at));
    if (n.type === 'table_resumed' && n.how === 'snapshot')
      gaps.push({ table: n.table, from: stoppedAt.get(n.table)!, to: commitLsnOf(n.at) });
  }
  return gaps;
}

const told = (v: Version): string => `${v.table}/${v.id}@${v.commit}/${v.seq}=${v.value}`;

/** Every version of every key that was captured from the start on is there once, but for the intervals that were told. */
function checkHistory({ source, sink, notifications, startedAt }: TroubledRun): void {
  const streamed = sink.written.filter((e) => !isRead(e));
  const shown = streamed.map((e) => `${keyOf(e)}@${e.commitLsn}/${e.changeLsn}=${e.after?.['V'] ?? null}`);
  expect(shown.length, 'a change is written twice').toBe(new Set(shown).size);
  const known = new Set(source.history.map(told));
  expect(
    shown.filter((change) => !known.has(change)),
    'a change is invented',
  ).toEqual([]);
  const gaps = gapsOf(notifications);
  const inGap = (v: Version): boolean =>
    gaps.some((g) => g.table === `dbo.${v.table}` && v.commit >= g.from && v.commit <= g.to);
  const wanted = source.history.filter((v) => v.captured && startedAt !== null && v.commit > startedAt && !inGap(v));
  const there = new Set(shown);
  expect(
    wanted.map(told).filter((change) => !there.has(change)),
    'a change is lost',
  ).toEqual([]);
}

/** Within a table, changes come in the source's order. */
function checkOrder({ sink }: TroubledRun): void {
  for (const [table, events] of Map.groupBy(sink.written, (e) => e.table.id)) {
    const places = events.filter((e) => !isRead(e)).map((e) => e.position);
    expect(places, table).toEqual([...places].sort());
  }
}

/** A row read by a snapshot shows exactly what was there at its place. */
function checkRows({ source, sink }: TroubledRun): void {
  for (const event of sink.written.filter((e) => e.op === 'r')) {
    const before = source.history.filter((v) => `${v.table}/${v.id}` === keyOf(event) && v.commit <= event.commitLsn);
    expect(before.at(-1)?.value, `${keyOf(event)} at ${event.commitLsn}`).toBe(event.after!['V']);
  }
}

/** What the keys end with is what the source holds. */
function checkEnd({ source, sink }: TroubledRun): void {
  for (const table of TROUBLED_TABLES) {
    const ended = new Map<number, unknown>();
    for (const [key, events] of Map.groupBy(sink.written, keyOf)) {
      const last = events.at(-1)!;
      if (key.startsWith(`${table}/`) && last.op !== 'd') ended.set(last.after!['ID'] as number, last.after!['V']);
    }
    const sorted = (map: ReadonlyMap<number, unknown>) => [...map].sort(([a], [b]) => a - b);
    expect(sorted(ended), table).toEqual(sorted(source.state(table)));
  }
}

function checkAll(run: TroubledRun): void {
  checkForward(run);
  checkOrder(run);
  checkHistory(run);
  checkRows(run);
  checkEnd(run);
}

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
      checkAll(run);
      heard.push(...run.notifications);
    }),
    { numRuns: numRuns * LONGER, endOnFailure: true },
  );
  return heard;
}

const kinds = (heard: readonly CaptureNotification[]): Set<string> => new Set(heard.map((n) => n.type));

describe('the topic holds the history of every key', { timeout: 120_000 * LONGER }, () => {
  test('with random transactions and a capture job that lags, with and without command ids', async () => {
    await everyRun({}, 60);
  });

  test('when the source fails and the capture is killed before and after commits', async () => {
    await everyRun({ faults: 2 }, 60);
  });

  test('when clean-up takes changes away, but for the intervals that are told', async () => {
    expect(kinds(await everyRun({ losses: 1, faults: 1 }, 60))).toContain('table_changes_lost');
  });

  test('when tables stop at values that do not fit and are resumed', async () => {
    const heard = kinds(await everyRun({ unfit: 2, faults: 1, signals: 1 }, 60));
    for (const kind of ['table_stopped', 'table_resumed', 'table_caught_up']) expect(heard).toContain(kind);
  });

  test('when rights on tables are revoked and capture instances are dropped', async () => {
    const heard = kinds(await everyRun({ rights: 1, faults: 1 }, 60));
    for (const kind of ['table_held', 'table_stopped', 'table_resumed']) expect(heard).toContain(kind);
  });

  test('when all of this happens at once, with pauses and snapshots asked for', async () => {
    await everyRun({ faults: 1, losses: 1, unfit: 1, rights: 1, signals: 3 }, 80);
  });
});
