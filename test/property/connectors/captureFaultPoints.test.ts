import { describe, expect, test } from 'vitest';
import { Capture } from '#connectors/capture/capture.ts';
import type { CaptureNotification } from '#connectors/capture/notifications.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { captureSettings } from '#test/support/captureSettings.ts';
import { FakeSource, lsnOf } from '#test/support/fakeSource.ts';
import { FaultPoint, Killed } from '#test/support/faultPoints.ts';
import { checkRun } from '#test/support/troubledChecks.ts';
import { ChoosySink, SignalList, TROUBLED_TABLES } from '#test/support/troubledRun.ts';

/** What happens in the world, one step a poll: everything the capture has to do once. */
const STEPS: readonly ((source: FakeSource, signals: SignalList, sink: ChoosySink) => void)[] = [
  (source) => source.commit([{ kind: 'update', table: 'A', id: 0, value: 1 }]),
  (source) => {
    source.commit([
      { kind: 'rekeyInPlace', table: 'B', id: 2, to: 3 },
      { kind: 'insert', table: 'C', id: 9, value: 9 },
      { kind: 'update', table: 'A', id: 2, value: 3 },
    ]);
    source.commit([{ kind: 'rekey', table: 'C', id: 0, to: 1 }]);
  },
  (_, signals) => signals.list.push({ type: 'pause' }),
  (source) => source.commit([{ kind: 'delete', table: 'B', id: 0 }]),
  (_, signals) => signals.list.push({ type: 'resume' }),
  (_, signals) => signals.list.push({ type: 'snapshot', id: 'again', table: 'dbo.A', fromKey: ['0'] }),
  (source, _, sink) => {
    source.commit([{ kind: 'update', table: 'C', id: 9, value: 10 }]);
    sink.choose = (event) => event.after?.['V'] === 10;
  },
  (source) => source.commit([{ kind: 'update', table: 'C', id: 4, value: 11 }]),
  (_, signals, sink) => {
    sink.choose = () => false;
    sink.unfit.clear();
    signals.list.push({ type: 'resume-table', table: 'dbo.C', how: 'catch-up' });
  },
  (source) => {
    source.commit([{ kind: 'delete', table: 'A', id: 4 }]);
    source.commit([{ kind: 'update', table: 'B', id: 4, value: 12 }]);
    source.capture(9);
    source.cleanUp('A', source.captured.at(-1)!);
    source.erase(99, () => 0);
  },
];

/** Lets one world run, its first capture killed at a point and a second one finishing. */
async function live(target: number, when: 'before' | 'after', batch: number): Promise<number> {
  const rows = [0, 2, 4].map((id) => [id, 0] as const);
  const source = new FakeSource(TROUBLED_TABLES, { A: rows, B: rows, C: rows });
  const sink = new ChoosySink(() => 'none');
  const signals = new SignalList();
  const notifications: CaptureNotification[] = [];
  const point = new FaultPoint(target, when);
  let now = 0;
  let polls = 0;
  const settings = captureSettings({
    database: 'DB',
    tables: TROUBLED_TABLES.map((t) => `dbo.${t}`),
    pageRows: 2,
    maxBatchRows: batch,
    snapshotChunkRows: 2,
  });
  const run = async (fault: FaultPoint): Promise<void> => {
    const stop = new AbortController();
    const capture = new Capture({
      openSource: async () => fault.database(source.database()),
      sink: fault.sink(sink),
      signals: fault.signals(signals),
      settings,
      log: silentLogger,
      observer: { notify: (n) => notifications.push(n) },
      clock: {
        now: () => now,
        sleep: async (ms, signal) => {
          now += ms;
          if (++polls > 400) throw new Error('it does not come to an end');
          if (polls % 4 === 0) STEPS[polls / 4 - 1]?.(source, signals, sink);
          source.capture(2);
          for (let turns = 0; turns < 6; turns++) await new Promise((resolve) => setImmediate(resolve));
          if (polls > STEPS.length * 4 + 8 && isOver(source, sink)) stop.abort();
          signal?.throwIfAborted();
        },
      },
    });
    await capture.run(stop.signal).catch((error: unknown) => {
      if (!fault.killed) throw error;
      expect(error).toBeInstanceOf(Killed);
    });
  };
  await run(point);
  if (point.killed) await run(new FaultPoint(0, 'before'));
  checkRun({ source, sink, notifications, startedAt: lsnOf(104n) });
  return point.calls;
}

function isOver(source: FakeSource, { state }: ChoosySink): boolean {
  if (!state || source.uncaptured > 0 || state.snapshots.length > 0 || state.paused) return false;
  const tables = Object.values(state.tables);
  return tables.every((t) => t.snapshot.state === 'done' && !t.stopped && !(t.position! <= state.position));
}

describe('a capture that is killed at every call it waits for', { timeout: 300_000 }, () => {
  /** CI takes every fifth call; SLUICE_PROPERTY_RUNS takes all. */
  const step = process.env['SLUICE_PROPERTY_RUNS'] ? 1 : 5;

  // One event a batch puts an end of a batch everywhere: inside transactions, key updates and chunks.
  test.each([
    ['before', 1],
    ['after', 1],
    ['before', 2],
    ['after', 2],
  ] as const)(
    'has written each change once when it died right %s the call, with %i to a batch',
    async (when, batch) => {
      const calls = await live(0, when, batch);
      expect(calls).toBeGreaterThan(150);
      for (let n = when === 'before' ? 1 : 2; n <= calls; n += step) await live(n, when, batch);
    },
  );
});
