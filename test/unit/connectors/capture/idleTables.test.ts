import { expect, test } from 'vitest';
import { Capture } from '#connectors/capture/capture.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { FaultySink } from '#test/support/captureRun.ts';
import { captureSettings } from '#test/support/captureSettings.ts';
import { FakeSource } from '#test/support/fakeSource.ts';

interface Seen {
  readonly statements: readonly string[];
  readonly pausesMs: readonly number[];
}

/** Runs a capture of these tables; `world` is told the number of each poll after everything was read, and ends it by giving false. */
async function run(source: FakeSource, sink: FaultySink, world: (poll: number) => boolean): Promise<readonly Seen[]> {
  const polls: { statements: string[]; pausesMs: number[] }[] = [];
  let statements: string[] = [];
  source.before = (text) => void statements.push(text);
  const stop = new AbortController();
  let now = 0;
  const capture: Capture = new Capture({
    openSource: async () => source.database(),
    sink,
    log: silentLogger,
    settings: captureSettings({
      database: 'DB',
      tables: ['dbo.*'],
      pollIntervalMs: 100,
      maxPollIntervalMs: 500,
    }),
    clock: {
      now: () => now,
      sleep: async (ms, signal) => {
        now += ms;
        for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
        source.capture(0);
        if (sink.state && Object.values(sink.state.tables).every((t) => t.snapshot.state === 'done')) {
          polls.push({ statements, pausesMs: [ms] });
          if (!world(polls.length)) stop.abort();
        } else source.capture(1);
        statements = [];
        signal?.throwIfAborted();
      },
    },
  });
  await capture.run(stop.signal);
  return polls;
}

const names = Array.from({ length: 200 }, (_, i) => `T${String(i).padStart(3, '0')}`);

test('200 tables of which 199 are idle cost one statement a poll, and a page and its commit times for the one that is not', async () => {
  const source = new FakeSource(names, {});
  const polls = await run(source, new FaultySink(() => 'none'), (poll) => {
    if (poll % 2 === 0) {
      source.commit([{ kind: 'insert', table: 'T007', id: poll, value: poll }]);
      source.capture(1);
    }
    return poll < 40;
  });
  const [, , ...settled] = polls;
  const sizes = settled.map(({ statements }) => statements.length);
  // Every other poll finds a change: then the page, its commit times, and now and then what is looked at by the minute.
  expect(sizes.filter((n) => n === 1).length).toBeGreaterThanOrEqual(18);
  expect(sizes.filter((n) => n > 3).length).toBeLessThanOrEqual(3);
  expect(settled.flatMap(({ statements }) => statements).filter((s) => s.startsWith('DECLARE @max')).length).toBe(
    settled.length,
  );
});

test('polls are tight after work and slow down to the bound when nothing happens', async () => {
  const source = new FakeSource(['A'], {});
  const polls = await run(source, new FaultySink(() => 'none'), (poll) => {
    if (poll === 10) {
      source.commit([{ kind: 'insert', table: 'A', id: 1, value: 1 }]);
      source.capture(1);
    }
    return poll < 20;
  });
  const pauses = polls.map(({ pausesMs }) => pausesMs[0]);
  expect(pauses.slice(4, 9)).toEqual([500, 500, 500, 500, 500]);
  expect(pauses.slice(10, 14)).toEqual([100, 200, 400, 500]);
});

test('a quiet source whose position moves on by rows of CDC itself never falls behind clean-up', async () => {
  const source = new FakeSource(['A'], { A: [[1, 1]] });
  const sink = new FaultySink(() => 'none');
  await run(source, sink, (poll) => {
    // CDC notes the time on an idle database now and then; clean-up follows what it noted, here 15 seconds behind.
    source.markTime();
    const mark = source.captured.at(-30);
    if (poll % 5 === 0 && mark !== undefined) source.cleanUp('A', mark);
    return poll < 120;
  });
  // After a restart the stored position is still within what is kept.
  const before = sink.written.length;
  await run(source, sink, (poll) => poll < 5);
  expect(sink.written.length).toBe(before);
  expect(Object.values(sink.state!.tables).map((t) => t.snapshot.reason)).toEqual(['initial']);
});
