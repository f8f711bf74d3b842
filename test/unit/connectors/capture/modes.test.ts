import { describe, expect, test } from 'vitest';
import { Capture } from '#connectors/capture/capture.ts';
import type { CaptureNotification } from '#connectors/capture/notifications.ts';
import type { CaptureSettings } from '#connectors/capture/settings.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { FaultySink } from '#test/support/captureRun.ts';
import { captureSettings } from '#test/support/captureSettings.ts';
import { FakeSource } from '#test/support/fakeSource.ts';

interface Outcome {
  readonly state: string;
  readonly told: readonly CaptureNotification[];
  readonly polls: number;
}

/** Runs a capture for some polls; `world` is called before each. */
async function run(
  source: FakeSource,
  sink: FaultySink,
  settings: Partial<CaptureSettings>,
  world: (poll: number) => void,
  maxPolls = 40,
): Promise<Outcome> {
  const told: CaptureNotification[] = [];
  const stop = new AbortController();
  let polls = 0;
  let now = 0;
  const capture: Capture = new Capture({
    openSource: async () => source.database(),
    sink,
    log: silentLogger,
    observer: { notify: (n) => told.push(n) },
    settings: captureSettings({ database: 'DB', tables: ['dbo.*'], ...settings }),
    clock: {
      now: () => now,
      sleep: async (ms, signal) => {
        now += ms;
        world(++polls);
        source.capture(3);
        for (let i = 0; i < 4; i++) await new Promise((resolve) => setImmediate(resolve));
        if (polls >= maxPolls) stop.abort();
        signal?.throwIfAborted();
      },
    },
  });
  await capture.run(stop.signal);
  return { state: capture.status().state, told, polls };
}

const mode = (name: CaptureSettings['snapshot']['mode']): Pick<CaptureSettings, 'snapshot'> => ({
  snapshot: { ...captureSettings({ database: '', tables: [] }).snapshot, mode: name },
});
const shown = (sink: FaultySink): string[] => sink.written.map((e) => `${e.op}${e.after?.['ID'] ?? ''}`);
const insert = (source: FakeSource, id: number): void => source.commit([{ kind: 'insert', table: 'A', id, value: id }]);

describe('the mode of snapshots', () => {
  test('initial: every row once, then changes', async () => {
    const source = new FakeSource(['A'], { A: [[1, 1]] });
    const sink = new FaultySink(() => 'none');
    const { told } = await run(source, sink, mode('initial'), (poll) => poll === 20 && insert(source, 2));
    expect(shown(sink)).toEqual(['r1', 'c2']);
    expect(told.filter((n) => n.type === 'snapshot_completed')).toEqual([{ type: 'snapshot_completed', tables: 1 }]);
  });

  test('never: changes from now on, no row before', async () => {
    const source = new FakeSource(['A'], { A: [[1, 1]] });
    const sink = new FaultySink(() => 'none');
    await run(source, sink, mode('never'), (poll) => poll === 20 && insert(source, 2));
    expect(shown(sink)).toEqual(['c2']);
  });

  test('never: lost changes stop the table, because it may not be read', async () => {
    const source = new FakeSource(['A', 'B'], {});
    const sink = new FaultySink(() => 'none');
    await run(source, sink, mode('never'), () => undefined, 10);
    insert(source, 2);
    source.commit([{ kind: 'insert', table: 'B', id: 1, value: 1 }]);
    source.capture(5);
    source.cleanUp('A', source.captured.at(-1)!);
    const { told } = await run(source, sink, mode('never'), () => undefined, 10);
    expect(told).toContainEqual(expect.objectContaining({ type: 'table_changes_lost', action: 'stop' }));
    expect(sink.state!.tables['dbo.A']!.stopped).toMatchObject({ code: 'CDC_LSN_NOT_AVAILABLE', held: false });
    expect(shown(sink)).toEqual(['c1']);
  });

  test('only: ends when every row was read', async () => {
    const source = new FakeSource(['A'], { A: [[1, 1]] });
    const sink = new FaultySink(() => 'none');
    const { state, polls } = await run(source, sink, mode('only'), () => undefined, 200);
    expect(state).toBe('completed');
    expect(polls).toBeLessThan(200);
    expect(shown(sink)).toEqual(['r1']);
  });

  test.each([
    ['initial', 'stop', 'stop'],
    ['when-needed', 'stop', 'resnapshot'],
    ['initial', 'resnapshot', 'resnapshot'],
  ] as const)('%s with onLoss %s: lost changes lead to %s', async (name, onLoss, action) => {
    const source = new FakeSource(['A'], { A: [[1, 1]] });
    const sink = new FaultySink(() => 'none');
    await run(source, sink, mode(name), () => undefined, 30);
    insert(source, 2);
    insert(source, 3);
    source.capture(5);
    source.cleanUp('A', source.captured.at(-1)!);
    const { told } = await run(source, sink, { ...mode(name), onLoss }, () => undefined, 40);
    expect(told.filter((n) => n.type === 'table_changes_lost')).toMatchObject([{ table: 'dbo.A', action }]);
    const last = new Map(sink.written.map((e) => [(e.after ?? e.before)!['ID'], e.after?.['V']]));
    expect([...last].sort()).toEqual(
      action === 'stop'
        ? [[1, 1]]
        : [
            [1, 1],
            [2, 2],
            [3, 3],
          ],
    );
  });

  test('a table added later is read while the others stream; one left out catches up when it comes back', async () => {
    const source = new FakeSource(['A', 'B'], { A: [[1, 1]], B: [[1, 1]] });
    const sink = new FaultySink(() => 'none');
    const of = (tables: readonly string[]) => ({ ...mode('initial'), tables });
    await run(source, sink, of(['dbo.A']), () => undefined, 25);
    await run(source, sink, of(['dbo.A', 'dbo.B']), (poll) => poll === 20 && insert(source, 2), 30);
    expect(sink.written.map((e) => `${e.table.id} ${e.op}`).sort()).toEqual(['dbo.A c', 'dbo.A r', 'dbo.B r']);
    await run(
      source,
      sink,
      of(['dbo.A']),
      (poll) => {
        if (poll === 3) source.commit([{ kind: 'update', table: 'B', id: 1, value: 7 }]);
        if (poll === 4) insert(source, 3);
      },
      12,
    );
    expect(sink.written.filter((e) => e.table.id === 'dbo.B').length).toBe(1);
    const { told } = await run(source, sink, of(['dbo.A', 'dbo.B']), () => undefined, 12);
    expect(sink.written.filter((e) => e.table.id === 'dbo.B').map((e) => `${e.op}${e.after!['V']}`)).toEqual([
      'r1',
      'u7',
    ]);
    expect(told.map((n) => n.type)).toContain('table_caught_up');
  });
});
