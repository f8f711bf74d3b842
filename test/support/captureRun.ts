import { Capture } from '#connectors/capture/capture.ts';
import type { CaptureSignal, ReceivedSignal, SignalSource } from '#connectors/capture/control.ts';
import type { CaptureNotification } from '#connectors/capture/notifications.ts';
import { endOf, type Position } from '#connectors/capture/position.ts';
import type {
  CapturedTable,
  CaptureSink,
  CaptureState,
  ChangeEvent,
  EarlierRow,
  SinkRefusal,
} from '#connectors/capture/types.ts';
import type { Clock } from '#infra/runtime/clock.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { captureSettings } from './captureSettings.ts';
import { FakeSource, type Write } from './fakeSource.ts';
import { weakDatabase } from './fakeWeakSource.ts';

/** Small fast random numbers from a seed (mulberry32). */
export function randomFrom(seed: number): (below: number) => number {
  let a = seed;
  return (below) => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4294967296) * below);
  };
}

/** Stores what was written, all or nothing; may fail before or after storing. */
export class FaultySink implements CaptureSink {
  readonly written: ChangeEvent[] = [];
  state: CaptureState | null = null;
  /** Called while the topic is being looked through. */
  during: () => void = () => undefined;
  readonly #fault: () => 'none' | 'before' | 'after';

  constructor(fault: () => 'none' | 'before' | 'after') {
    this.#fault = fault;
  }

  async open(): Promise<CaptureState | null> {
    return this.state && (JSON.parse(JSON.stringify(this.state)) as CaptureState);
  }

  async adopt(): Promise<readonly SinkRefusal[]> {
    return [];
  }

  async write(events: readonly ChangeEvent[], state: CaptureState): Promise<void> {
    await Promise.resolve();
    const fault = this.#fault();
    if (fault === 'before') throw new SluiceError('KAFKA_PRODUCER_BROKEN', 'killed before the commit');
    this.written.push(...events);
    this.state = state;
    if (fault === 'after') throw new SluiceError('KAFKA_PRODUCER_BROKEN', 'killed after the commit');
  }

  async *earlierRows(table: CapturedTable, before: Position): AsyncGenerator<readonly EarlierRow[]> {
    const newest = new Map<unknown, ChangeEvent>();
    for (const event of this.written)
      if (event.table.id === table.id) newest.set((event.after ?? event.before)!['ID'], event);
    const live = [...newest].filter(([, event]) => event.op !== 'd' && event.position < before);
    for (let i = 0; i < live.length; i += 3) {
      await Promise.resolve();
      this.during();
      yield live.slice(i, i + 3).map(([id, event]) => ({
        recordKey: Buffer.from(String(id)),
        key: { ID: id },
        row: event.after,
      }));
    }
  }

  async close(): Promise<void> {}
}

export const RUN_TABLES = ['A', 'B', 'C'];
const KEYS = 14;
const TRANSACTIONS = 150;

export interface RunOptions {
  readonly page: number;
  readonly batch: number;
  readonly chunk: number;
  readonly readers: number;
  /** Chance of a fault at each step. */
  readonly faults: number;
  readonly isolation: 'snapshot' | 'read-committed';
  /** Whether the log scans of the capture job can be seen. */
  readonly scans: boolean;
  /** Whether clean-up takes changes away that were not read. */
  readonly losses: boolean;
  /** Whether snapshots are asked for, paused, resumed and stopped while running. */
  readonly signals: boolean;
}

export interface CaptureRun {
  readonly source: FakeSource;
  readonly sink: FaultySink;
  readonly notifications: readonly CaptureNotification[];
}

/** Signals that come at random. */
class RandomSignals implements SignalSource {
  readonly list: CaptureSignal[] = [];

  async read(from: string | null): Promise<readonly ReceivedSignal[]> {
    const first = Number(from ?? 0);
    return this.list.slice(first).map((signal, i) => ({ offset: String(first + i), signal }));
  }
}

/** Runs the capture against random writes, a random capture job and random faults until everything was captured. */
export async function runCapture(seed: number, options: RunOptions): Promise<CaptureRun> {
  const random = randomFrom(seed);
  const world = newWorld(random, options);
  const { source, sink, signals } = world;
  const notifications: CaptureNotification[] = [];
  const stop = new AbortController();
  let now = 0;
  let turns = 0;
  const clock: Clock = {
    now: () => now,
    sleep: async (ms, signal) => {
      now += ms;
      await new Promise((resolve) => setImmediate(resolve));
      if (++turns > 20_000) throw new Error(`the capture does not come to an end: ${JSON.stringify(sink.state)}`);
      if (world.over) {
        source.capture(5);
        if (!options.scans && turns % 8 === 0) source.markTime();
        source.erase(100, random);
        if (isDone(source, sink, signals)) stop.abort();
      }
      signal?.throwIfAborted();
    },
  };
  const { page: pageRows, batch: maxBatchRows, chunk: snapshotChunkRows, readers, isolation } = options;
  const capture = new Capture({
    openSource: async () => weakDatabase(source, options),
    sink,
    log: silentLogger,
    clock,
    signals,
    observer: { notify: (notification) => notifications.push(notification) },
    settings: captureSettings({
      database: 'DB',
      tables: RUN_TABLES.map((t) => `dbo.${t}`),
      pageRows,
      maxBatchRows,
      snapshotChunkRows,
      snapshot: { mode: 'initial', readers, bufferMegabytes: 64, isolation, tables: {} },
    }),
  });
  await capture.run(stop.signal);
  return { source, sink, notifications };
}

function newWorld(random: (below: number) => number, options: RunOptions) {
  const initial = Object.fromEntries(
    RUN_TABLES.map((t) => [t, Array.from({ length: random(KEYS) }, (_, i) => [i * 2, random(1000)] as const)]),
  );
  const source = new FakeSource(RUN_TABLES, initial);
  const signals = new RandomSignals();
  let budget = TRANSACTIONS;
  let extra = 60;
  const transact = (): void => {
    if (budget-- > 0) source.commit(Array.from({ length: 1 + random(6) }, () => randomWrite(random)));
  };
  source.before = () => {
    while (random(3) === 0) transact();
    if (random(3) === 0) source.capture(random(4));
    if (options.losses && budget > 0) cleanUp(source, random);
    if (options.signals && budget > 0 && random(30) === 0) signals.list.push(randomSignal(random));
    if (options.faults > 0 && budget > 0 && random(60) < options.faults)
      throw new SluiceError('SQL_TRANSIENT', 'a fault');
  };
  source.during = () => {
    if (random(4) === 0) transact();
  };
  source.slow = async () => {
    for (let turns = random(4); turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve));
  };
  const sink = new FaultySink(() =>
    budget > 0 && random(20) < options.faults ? (random(2) ? 'before' : 'after') : 'none',
  );
  // Keys come and go while a topic is swept, also when everything else is over.
  sink.during = () => {
    budget += extra;
    extra = 0;
    for (let i = random(4); i > 0; i--) transact();
    source.capture(random(3));
  };
  for (let i = random(8); i > 0; i--) transact();
  if (random(2)) source.capture(3);
  return {
    source,
    sink,
    signals,
    get over() {
      // What was paused is resumed at the end.
      if (budget > 0) return false;
      const last = signals.list.at(-1);
      const resumed = last?.type === 'resume-snapshot' && last.id === undefined;
      if (options.signals && !resumed) signals.list.push({ type: 'resume-snapshot' });
      return true;
    },
  };
}

function randomWrite(random: (below: number) => number): Write {
  const table = RUN_TABLES[random(RUN_TABLES.length)]!;
  const id = random(KEYS * 2);
  const kinds = ['insert', 'update', 'update', 'delete', 'rekey', 'rekeyInPlace'] as const;
  const kind = kinds[random(kinds.length)]!;
  if (kind === 'delete') return { kind, table, id };
  return kind === 'rekey' || kind === 'rekeyInPlace'
    ? { kind, table, id, to: random(KEYS * 2) }
    : { kind, table, id, value: random(1000) };
}

/** Clean-up that runs too early, and takes the rows away bit by bit. */
function cleanUp(source: FakeSource, random: (below: number) => number): void {
  const newest = source.maxLsn;
  if (newest !== undefined && random(40) === 0) source.cleanUp(RUN_TABLES[random(RUN_TABLES.length)]!, newest);
  if (random(3) === 0) source.erase(random(4), random);
}

function randomSignal(random: (below: number) => number): CaptureSignal {
  const type = (['snapshot', 'snapshot', 'pause-snapshot', 'resume-snapshot', 'stop-snapshot'] as const)[random(5)]!;
  const ids = ['one', 'two'];
  if (type !== 'snapshot') return { type, id: ids[random(2)]! };
  const table = `dbo.${RUN_TABLES[random(RUN_TABLES.length)]!}`;
  const range = random(2) ? { fromKey: [String(random(10))], toKey: [String(10 + random(18))] } : {};
  return { type, id: ids[random(2)]!, table, ...range };
}

function isDone(source: FakeSource, { state }: FaultySink, signals: RandomSignals): boolean {
  if (!state || source.uncaptured > 0 || state.snapshots.length > 0) return false;
  if (Number(state.signalOffset ?? 0) < signals.list.length) return false;
  const tables = Object.values(state.tables);
  const idle = tables.every((t) => t.snapshot.state === 'done' && t.position === undefined && !t.stopped);
  return idle && tables.length === RUN_TABLES.length && state.position >= endOf(source.lastCommit);
}
