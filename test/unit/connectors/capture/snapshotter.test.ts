import { describe, expect, test } from 'vitest';
import { position } from '#connectors/capture/position.ts';
import type { SnapshotJob } from '#connectors/capture/sessionHooks.ts';
import type { SnapshotChunk } from '#connectors/capture/snapshotChunk.ts';
import { afterChunk, afterRow } from '#connectors/capture/snapshotProgress.ts';
import { newSnapshotReading, type Snapshotter } from '#connectors/capture/snapshotter.ts';
import type { CapturedTable, ChangeEvent, SnapshotProgress } from '#connectors/capture/types.ts';
import { loadCaptureInstances } from '#connectors/sqlserver/metadata.ts';
import { systemClock } from '#infra/runtime/clock.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { eventually } from '#test/support/eventually.ts';
import { FakeSource, lsnOf } from '#test/support/fakeSource.ts';
import { weakDatabase } from '#test/support/fakeWeakSource.ts';

const PENDING: SnapshotProgress = { state: 'pending', lastKey: null, rows: 0 };
const ROWS = 20;

/** A table of rows 0 … 19 and a snapshotter that reads it, with the part of the session that takes chunks. */
async function setUp(
  readers: number,
  chunkRows: number,
  tables: Record<string, 'none' | { where: string }> = {},
  bufferMegabytes = 64,
) {
  const source = new FakeSource(['T'], { T: Array.from({ length: ROWS }, (_, i) => [i, i * 10] as const) });
  const db = weakDatabase(source, { isolation: 'snapshot', scans: true });
  const [instance] = await loadCaptureInstances(db);
  const table: CapturedTable = { id: 'dbo.T', database: 'DB', instance: instance! };
  const snapshots = newSnapshotReading({
    db,
    settings: {
      snapshotChunkRows: chunkRows,
      snapshot: { mode: 'initial', readers, bufferMegabytes, isolation: 'auto', tables },
    },
    clock: systemClock,
    log: silentLogger,
    notify: () => undefined,
    knownLsn: () => lsnOf(source.maxLsn ?? 0n),
    earlierRows: undefined,
  });
  const stop = new AbortController();
  const running = snapshots.run(stop.signal);
  return {
    source,
    table,
    snapshots,
    end: async () => {
      stop.abort();
      await running;
    },
  };
}

const jobOf = (table: CapturedTable, more: Partial<SnapshotJob> = {}): SnapshotJob => ({
  id: 'dbo.T',
  table,
  progress: PENDING,
  ...more,
});

/** One poll: what is passed is taken; gives the rows' ids and the progress after them. */
async function poll(
  source: FakeSource,
  snapshots: Snapshotter,
  progress: SnapshotProgress,
): Promise<{ readonly ids: number[]; readonly progress: SnapshotProgress }> {
  source.capture(1);
  await snapshots.observe(new AbortController().signal);
  const ids: number[] = [];
  let now = progress;
  for (const chunk of snapshots.passed(lsnOf(source.maxLsn ?? 0n), false, () => true)) {
    for (const { event, key } of snapshots.events(chunk)) {
      ids.push(event.after!['ID'] as number);
      now = afterRow(now, chunk, key);
    }
    now = afterChunk(now, chunk);
    snapshots.taken(chunk);
  }
  return { ids, progress: now };
}

async function pollUntilDone(
  source: FakeSource,
  snapshots: Snapshotter,
  job: SnapshotJob,
): Promise<{ readonly ids: number[]; readonly progress: SnapshotProgress }> {
  const ids: number[] = [];
  let { progress } = job;
  await eventually(
    async () => {
      snapshots.sync([{ ...job, progress }]);
      const taken = await poll(source, snapshots, progress);
      ids.push(...taken.ids);
      progress = taken.progress;
      expect(progress.state).toBe('done');
    },
    { everyMs: 1 },
  );
  return { ids, progress };
}

const all = Array.from({ length: ROWS }, (_, i) => i);

describe('reading a table beside the stream', () => {
  test('in key ranges gives every row once, and tells each range in the progress', async () => {
    const { source, table, snapshots, end } = await setUp(3, 1);
    const { ids, progress } = await pollUntilDone(source, snapshots, jobOf(table));
    expect([...ids].sort((a, b) => a - b)).toEqual(all);
    expect(progress).toMatchObject({ state: 'done', rows: ROWS, totalRows: ROWS });
    expect(progress.ranges!.map((r) => r.done)).toEqual([true, true, true]);
    expect(progress.ranges!.map((r) => r.upTo?.[0] ?? null)).toEqual(['6', '13', null]);
    await end();
  });

  test('goes on in each range after the last row that was written', async () => {
    const { source, table, snapshots, end } = await setUp(2, 2);
    const ranges = [
      { lastKey: ['3'], upTo: ['9'], done: false },
      { lastKey: null, upTo: ['14'], done: true },
      { lastKey: null, upTo: null, done: false },
    ];
    const progress: SnapshotProgress = { state: 'running', lastKey: null, rows: 9, ranges };
    const { ids } = await pollUntilDone(source, snapshots, jobOf(table, { progress }));
    expect([...ids].sort((a, b) => a - b)).toEqual([4, 5, 6, 7, 8, 9, 15, 16, 17, 18, 19]);
    await end();
  });

  test('reads again what a change of another version of the table meets, with all that was read behind it', async () => {
    const { source, table, snapshots, end } = await setUp(1, 4);
    const job = jobOf(table);
    snapshots.sync([job]);
    let waiting: readonly SnapshotChunk[] = [];
    await eventually(
      async () => {
        source.capture(1);
        await snapshots.observe(new AbortController().signal);
        waiting = snapshots.passed(lsnOf(1n << 60n), false, () => true);
        expect(waiting.length).toBeGreaterThanOrEqual(5);
      },
      { everyMs: 1 },
    );
    // Hits rows of the second and of the third chunk within their views.
    const other = { ...table };
    for (const [chunk, id] of [
      [waiting[1]!, 5],
      [waiting[2]!, 9],
    ] as const) {
      const at = chunk.releaseAt!;
      const before = { ID: id, V: id * 10 };
      const place = position({ commitLsn: lsnOf(BigInt(`0x${chunk.from}`) + 1n), commandId: 1, changeLsn: at, op: 4 });
      const commitLsn = place.slice(0, 20) as ChangeEvent['commitLsn'];
      const lsns = { position: place, commitLsn, changeLsn: at, resumeAt: place };
      snapshots.changed({ table: other, op: 'u', before, after: before, ...lsns, commitTimeMs: 0, capturedAtMs: 0 });
    }
    expect(waiting.map((chunk) => chunk.void)).toEqual([false, ...waiting.slice(1).map(() => true)]);
    expect(snapshots.events(waiting[1]!)).toEqual([]);
    const { ids } = await pollUntilDone(source, snapshots, job);
    expect(ids).toEqual(all);
    await end();
  });

  test('leaves a table out that is not to be read, and reads what a filter names', async () => {
    const none = await setUp(2, 5, { 'DBO.t': 'none' });
    expect(await pollUntilDone(none.source, none.snapshots, jobOf(none.table))).toMatchObject({
      ids: [],
      progress: { state: 'done', rows: 0 },
    });
    await none.end();
  });

  test('holds no more rows than the buffer takes', async () => {
    // A row is taken for 48 bytes, so a third chunk of two rows does not fit behind two.
    const { source, table, snapshots, end } = await setUp(4, 2, {}, 0.00015);
    let most = 0;
    source.before = (text) => {
      if (text.startsWith('SAVE TRANSACTION')) most = Math.max(most, waiting());
    };
    const waiting = (): number => snapshots.passed(lsnOf(1n << 60n), false, () => true).length;
    const { ids } = await pollUntilDone(source, snapshots, jobOf(table));
    expect([...ids].sort((a, b) => a - b)).toEqual(all);
    expect(most).toBeLessThanOrEqual(1);
    await end();
  });

  test('says which job failed, and why, and goes on with the others', async () => {
    const { source, table, snapshots, end } = await setUp(2, 5);
    const wrong = jobOf(table, { id: 'wrong', where: 'NO = 1' });
    snapshots.sync([wrong, jobOf(table)]);
    const failures = await eventually(async () => {
      const found = snapshots.failures();
      expect(found.length).toBe(1);
      return found;
    });
    expect(failures[0]).toMatchObject({ job: 'wrong', table: 'dbo.T', error: { code: 'SNAPSHOT_FILTER_INVALID' } });
    expect((await pollUntilDone(source, snapshots, jobOf(table))).ids).toEqual(all);
    expect(snapshots.finished).toBe(false);
    await end();
  });

  test('tries again after a deadlock and a lost connection', async () => {
    const { source, table, snapshots, end } = await setUp(2, 5);
    const faults = ['SQL_DEADLOCK', 'SQL_UNREACHABLE', 'SQL_LOCK_TIMEOUT'] as const;
    let next = 0;
    source.before = (text) => {
      if (!text.startsWith('SAVE TRANSACTION') || next === faults.length) return;
      throw new SluiceError(faults[next++]!, 'a fault');
    };
    const { ids } = await pollUntilDone(source, snapshots, jobOf(table));
    expect([...ids].sort((a, b) => a - b)).toEqual(all);
    expect(next).toBe(faults.length);
    await end();
  });

  test('goes on under READ COMMITTED when SNAPSHOT isolation is taken away', async () => {
    const { source, table, snapshots, end } = await setUp(2, 5);
    source.before = (text) => {
      if (text.startsWith('SAVE TRANSACTION')) throw new SluiceError('SQL_SNAPSHOT_NOT_ALLOWED', 'off');
    };
    const { ids } = await pollUntilDone(source, snapshots, jobOf(table));
    expect([...ids].sort((a, b) => a - b)).toEqual(all);
    await end();
  });
});
