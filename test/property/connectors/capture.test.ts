import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Capture } from '#connectors/capture/capture.ts';
import type { CaptureSink, CaptureState, ChangeEvent } from '#connectors/capture/types.ts';
import type { Clock } from '#infra/runtime/clock.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { FakeSource, type Write } from '#test/support/fakeSource.ts';

/** Small fast random numbers from a seed (mulberry32). */
function randomFrom(seed: number): (below: number) => number {
  let a = seed;
  return (below) => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4294967296) * below);
  };
}

/** Stores what was written, all or nothing; may fail before or after storing. */
class FaultySink implements CaptureSink {
  readonly written: ChangeEvent[] = [];
  state: CaptureState | null = null;
  readonly #fault: () => 'none' | 'before' | 'after';

  constructor(fault: () => 'none' | 'before' | 'after') {
    this.#fault = fault;
  }

  async open(): Promise<CaptureState | null> {
    return this.state && (JSON.parse(JSON.stringify(this.state)) as CaptureState);
  }

  async write(events: readonly ChangeEvent[], state: CaptureState): Promise<void> {
    await Promise.resolve();
    const fault = this.#fault();
    if (fault === 'before') throw new SluiceError('KAFKA_PRODUCER_BROKEN', 'killed before the commit');
    this.written.push(...events);
    this.state = state;
    if (fault === 'after') throw new SluiceError('KAFKA_PRODUCER_BROKEN', 'killed after the commit');
  }

  async close(): Promise<void> {}
}

const TABLES = ['A', 'B', 'C'];
const KEYS = 14;

interface Run {
  readonly source: FakeSource;
  readonly sink: FaultySink;
  readonly startedAt: string;
}

/** Runs the capture against random writes, a random capture job, random faults, until everything was captured. */
async function run(
  seed: number,
  settings: { page: number; batch: number; chunk: number; faults: number },
): Promise<Run> {
  const random = randomFrom(seed);
  const initial = Object.fromEntries(
    TABLES.map((t) => [t, Array.from({ length: random(KEYS) }, (_, i) => [i * 2, random(1000)] as const)]),
  );
  const source = new FakeSource(TABLES, initial);
  let budget = 150;
  const write = (): Write => {
    const table = TABLES[random(TABLES.length)]!;
    const id = random(KEYS * 2);
    const kinds = ['insert', 'update', 'update', 'delete', 'rekey'] as const;
    const kind = kinds[random(kinds.length)]!;
    if (kind === 'delete') return { kind, table, id };
    return kind === 'rekey' ? { kind, table, id, to: random(KEYS * 2) } : { kind, table, id, value: random(1000) };
  };
  const transact = (): void => {
    if (budget-- > 0) source.commit(Array.from({ length: 1 + random(6) }, write));
  };
  source.before = () => {
    while (random(3) === 0) transact();
    if (random(3) === 0) source.capture(random(4));
    if (settings.faults > 0 && budget > 0 && random(60) < settings.faults)
      throw new SluiceError('SQL_TRANSIENT', 'a fault');
  };
  source.during = () => {
    if (random(4) === 0) transact();
  };
  source.slow = async () => {
    for (let turns = random(4); turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve));
  };
  const sink = new FaultySink(() =>
    budget > 0 && random(20) < settings.faults ? (random(2) ? 'before' : 'after') : 'none',
  );
  let now = 0;
  const stop = new AbortController();
  const clock: Clock = {
    now: () => now,
    sleep: async (ms, signal) => {
      now += ms;
      await new Promise((resolve) => setImmediate(resolve));
      if (budget <= 0) source.capture(5);
      const done = sink.state && Object.values(sink.state.snapshots).every((s) => s.state === 'done');
      if (budget <= 0 && source.uncaptured === 0 && done && sink.state!.position.slice(0, 20) >= source.lastCommit)
        stop.abort();
      signal?.throwIfAborted();
    },
  };
  for (let i = random(8); i > 0; i--) transact();
  if (random(2)) source.capture(3);
  const startedAt = source.lastCommit;
  const capture = new Capture({
    openSource: async () => source.database(),
    sink,
    log: silentLogger,
    clock,
    settings: {
      database: 'DB',
      tables: TABLES.map((t) => `dbo.${t}`),
      pollIntervalMs: 10,
      maxPollIntervalMs: 20,
      pageRows: settings.page,
      maxBatchRows: settings.batch,
      snapshotChunkRows: settings.chunk,
    },
  });
  await capture.run(stop.signal);
  return { source, sink, startedAt };
}

const keyOf = (event: ChangeEvent): string => `${event.table.instance.table}/${(event.after ?? event.before)!['ID']}`;

function byKey(events: readonly ChangeEvent[]): Map<string, ChangeEvent[]> {
  const map = new Map<string, ChangeEvent[]>();
  for (const event of events) map.set(keyOf(event), [...(map.get(keyOf(event)) ?? []), event]);
  return map;
}

function check({ source, sink }: Run): void {
  const { written } = sink;
  const keys = byKey(written);
  // Forward only: per key, positions grow.
  for (const [key, events] of keys) {
    for (let i = 1; i < events.length; i++) {
      expect(events[i]!.position > events[i - 1]!.position, `${key} goes backwards`).toBe(true);
    }
    expect(events.filter((e) => e.op === 'r').length, `${key} is read more than once`).toBeLessThanOrEqual(1);
  }
  // All changes of all tables are in the source's order, each once.
  const changes = written.filter((e) => e.op !== 'r').map((e) => e.position);
  expect(changes).toEqual([...new Set(changes)].sort());
  // Nothing lost: from the first change that was streamed, every later one is there.
  const first = written.find((e) => e.op !== 'r')?.commitLsn;
  const expected = source.history.filter(({ version }) => first !== undefined && version.commit >= first);
  for (const table of TABLES) {
    for (const id of source.state(table).keys())
      expect(keys.has(`${table}/${id}`), `${table}/${id} is missing`).toBe(true);
  }
  const streamed = written
    .filter((e) => e.op !== 'r')
    .map((e) => `${keyOf(e)}@${e.commitLsn}/${e.changeLsn}=${e.after?.['V'] ?? null}`);
  const wanted = expected.map(
    ({ table, id, version }) => `${table}/${id}@${version.commit}/${version.seq}=${version.value}`,
  );
  expect(new Set(streamed)).toEqual(new Set(wanted));
  // A row read by the snapshot shows exactly the state of its LSN.
  for (const event of written.filter((e) => e.op === 'r')) {
    const versions = source.history.filter(
      ({ table, id, version }) => `${table}/${id}` === keyOf(event) && version.commit <= event.commitLsn,
    );
    expect(versions.at(-1)?.version.value, `${keyOf(event)} at ${event.commitLsn}`).toBe(event.after!['V']);
  }
  // What the keys end with is what the source holds.
  for (const table of TABLES) {
    const folded = new Map<number, unknown>();
    for (const [key, events] of keys) {
      const last = events.at(-1)!;
      if (key.startsWith(`${table}/`) && last.op !== 'd') folded.set(last.after!['ID'] as number, last.after!['V']);
    }
    expect(new Map([...folded].sort(([a], [b]) => a - b))).toEqual(
      new Map([...source.state(table)].sort(([a], [b]) => a - b)),
    );
  }
}

const sizes = fc.record({
  page: fc.integer({ min: 1, max: 7 }),
  batch: fc.integer({ min: 1, max: 9 }),
  chunk: fc.integer({ min: 1, max: 6 }),
});

describe('a capture of random transactions with a capture job that lags', () => {
  test('writes each change once, in order, and no key ever goes backwards', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), sizes, async (seed, size) => check(await run(seed, { ...size, faults: 0 }))),
      { numRuns: 80 },
    );
  });

  test('does so when it is killed before and after commits and the source fails', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), sizes, async (seed, size) => check(await run(seed, { ...size, faults: 2 }))),
      { numRuns: 80 },
    );
  });
});
