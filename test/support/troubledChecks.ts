import { expect } from 'vitest';
import type { CaptureNotification } from '#connectors/capture/notifications.ts';
import { commitLsnOf } from '#connectors/capture/position.ts';
import type { ChangeEvent } from '#connectors/capture/types.ts';
import type { Version } from './fakeSource.ts';
import { TROUBLED_TABLES, type TroubledRun } from './troubledRun.ts';

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

/** What must hold of every run, whatever happened in it. */
export function checkRun(run: TroubledRun): void {
  checkForward(run);
  checkOrder(run);
  checkHistory(run);
  checkRows(run);
  checkEnd(run);
}
