import { Capture } from '#connectors/capture/capture.ts';
import type { CaptureSignal, ReceivedSignal, SignalSource } from '#connectors/capture/control.ts';
import type { CaptureNotification } from '#connectors/capture/notifications.ts';
import { endOf } from '#connectors/capture/position.ts';
import { type CaptureState, type ChangeEvent, UnfitEvent } from '#connectors/capture/types.ts';
import type { Database } from '#connectors/sqlserver/connection.ts';
import { MAX_CAPTURED_LSN } from '#connectors/sqlserver/queries.ts';
import type { Clock } from '#infra/runtime/clock.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { FaultySink, randomFrom } from './captureRun.ts';
import { captureSettings } from './captureSettings.ts';
import { FakeSource, type Write } from './fakeSource.ts';

/** Signals as a topic would keep them. */
export class SignalList implements SignalSource {
  readonly list: CaptureSignal[] = [];

  async read(from: string | null): Promise<readonly ReceivedSignal[]> {
    const first = Number(from ?? 0);
    return this.list.slice(first).map((signal, i) => ({ offset: String(first + i), signal }));
  }
}

/** A sink that cannot carry some events until somebody has mended it. */
export class ChoosySink extends FaultySink {
  /** Positions it refuses. */
  readonly unfit = new Set<string>();
  choose: (event: ChangeEvent) => boolean = () => false;

  override async write(events: readonly ChangeEvent[], state: CaptureState): Promise<void> {
    for (const event of events) if (this.choose(event)) this.unfit.add(event.position);
    const refused = events.find((event) => this.unfit.has(event.position));
    if (refused) throw new UnfitEvent(refused, new SluiceError('CDC_VALUE_UNFIT', 'a value that does not fit'));
    await super.write(events, state);
  }
}

export const TROUBLED_TABLES = ['A', 'B', 'C'];
const KEYS = 14;
const TRANSACTIONS = 140;
const MAX_TURNS = 5000;

export interface Troubles {
  readonly page: number;
  readonly batch: number;
  readonly chunk: number;
  readonly readers: number;
  /** Chance of a fault at each step. */
  readonly faults: number;
  /** Chance of clean-up taking changes away. */
  readonly losses: number;
  /** Chance of an event the sink cannot carry. */
  readonly unfit: number;
  /** Chance of rights on a table revoked, or its capture instance dropped and made again. */
  readonly rights: number;
  /** Chance of a signal: pause, snapshots, … */
  readonly signals: number;
  readonly commandId: boolean;
}

export interface TroubledRun {
  readonly source: FakeSource;
  readonly sink: ChoosySink;
  readonly notifications: readonly CaptureNotification[];
  /** Every change after it is to be written; the snapshot covers what was before. */
  readonly startedAt: string;
}

type Random = (below: number) => number;

/** Runs a capture through random writes and random trouble, then mends everything and lets it come to an end. */
export async function runTroubled(seed: number, troubles: Troubles): Promise<TroubledRun> {
  const random = randomFrom(seed);
  const notifications: CaptureNotification[] = [];
  const source = newSource(random, troubles);
  const signals = new SignalList();
  const sink = new ChoosySink(() =>
    busy() && hits(random, troubles.faults, 20) ? (random(2) ? 'before' : 'after') : 'none',
  );
  let budget = TRANSACTIONS;
  const busy = (): boolean => budget > 0;
  const transact = (): void => {
    if (budget-- > 0) source.commit(Array.from({ length: 1 + random(6) }, () => randomWrite(random)));
  };
  source.before = () => {
    while (random(3) === 0) transact();
    if (random(3) === 0) source.capture(random(4));
    if (busy()) trouble(random, troubles, source, signals, sink);
    source.erase(random(3), random);
    if (busy() && hits(random, troubles.faults, 60)) throw new SluiceError('SQL_TRANSIENT', 'a fault');
  };
  source.during = () => {
    if (random(4) === 0) transact();
  };
  source.slow = async () => {
    for (let turns = random(4); turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve));
  };
  sink.choose = () => busy() && hits(random, troubles.unfit, 400);
  const stop = new AbortController();
  const finish = (): void => {
    source.capture(5);
    if (mend(source, sink, signals) && isDone(source, sink, signals)) stop.abort();
  };
  let startedAt = '';
  const openSource = async (): Promise<Database> => {
    const database = source.database();
    return {
      ...database,
      rows: async (text, ...rest) => {
        const rows = await database.rows(text, ...rest);
        if (text === MAX_CAPTURED_LSN) startedAt = source.startOf(rows[0]?.[0] as Buffer | null);
        return rows;
      },
    };
  };
  const capture = new Capture({
    openSource,
    sink,
    log: silentLogger,
    clock: turningClock(
      () => !busy(),
      finish,
      () => stop.abort('too long'),
    ),
    signals,
    // When the login may read nothing at all, that is waited for.
    health: {
      begin: async () => undefined,
      polled: async () => undefined,
      mark: null,
      capturedToMs: null,
      failed: () => ({ waits: true, pauseMs: null }),
    },
    observer: { notify: (notification) => notifications.push(notification) },
    settings: captureSettings({
      database: 'DB',
      tables: TROUBLED_TABLES.map((t) => `dbo.${t}`),
      pageRows: troubles.page,
      maxBatchRows: troubles.batch,
      snapshotChunkRows: troubles.chunk,
      snapshot: { mode: 'initial', readers: troubles.readers, bufferMegabytes: 64, isolation: 'snapshot', tables: {} },
    }),
  });
  await capture.run(stop.signal);
  if (stop.signal.reason === 'too long') {
    throw new Error(`it does not come to an end: ${capture.status().lastError} ${JSON.stringify(sink.state)}`);
  }
  return { source, sink, notifications, startedAt };
}

/** Time passes only while the capture sleeps; then everything else has its turn. */
function turningClock(over: () => boolean, finish: () => void, tooLong: () => void): Clock {
  let now = 0;
  let turns = 0;
  return {
    now: () => now,
    sleep: async (ms, signal) => {
      now += ms * 100;
      await new Promise((resolve) => setImmediate(resolve));
      if (++turns > MAX_TURNS) tooLong();
      if (over()) finish();
      signal?.throwIfAborted();
    },
  };
}

function newSource(random: Random, { commandId }: Troubles): FakeSource {
  const initial = Object.fromEntries(
    TROUBLED_TABLES.map((t) => [t, Array.from({ length: random(KEYS) }, (_, i) => [i * 2, random(1000)] as const)]),
  );
  return new FakeSource(TROUBLED_TABLES, initial, { commandId });
}

const hits = (random: Random, chance: number, of: number): boolean => chance > 0 && random(of) < chance;

function trouble(random: Random, troubles: Troubles, source: FakeSource, signals: SignalList, sink: ChoosySink): void {
  const table = TROUBLED_TABLES[random(TROUBLED_TABLES.length)]!;
  const mark = source.captured[random(Math.max(source.captured.length, 1))];
  if (hits(random, troubles.losses, 40) && mark !== undefined) source.cleanUp(table, mark);
  if (hits(random, troubles.rights, 120)) source.denied.add(table);
  if (hits(random, troubles.rights, 40)) source.denied.clear();
  // Before anything was stored a table without an instance is a mistake of the configuration.
  if (sink.state && hits(random, troubles.rights, 200)) source.disable(table);
  if (hits(random, troubles.signals, 40)) signals.list.push(randomSignal(random, table));
}

function randomSignal(random: Random, table: string): CaptureSignal {
  const id = ['one', 'two'][random(2)]!;
  switch (random(8)) {
    case 0:
      return { type: 'pause' };
    case 1:
    case 2:
      return { type: 'resume' };
    case 3:
      return { type: 'pause-snapshot', ...(random(2) ? { id } : {}) };
    case 4:
      return { type: 'resume-snapshot', ...(random(2) ? { id } : {}) };
    case 5:
      return { type: 'resume-table', table: `dbo.${table}`, how: random(2) ? 'catch-up' : 'snapshot' };
    default: {
      const range = random(2) ? { fromKey: [String(random(10))], toKey: [String(10 + random(18))] } : {};
      return { type: 'snapshot', id, table: `dbo.${table}`, ...range };
    }
  }
}

/** Takes every trouble away; true when nothing was left to do. */
function mend(source: FakeSource, sink: ChoosySink, signals: SignalList): boolean {
  source.denied.clear();
  sink.unfit.clear();
  for (const table of source.tables) if (!source.instance(table)) source.enable(table);
  const { state } = sink;
  if (!state || Number(state.signalOffset ?? 0) < signals.list.length) return false;
  const before = signals.list.length;
  if (state.paused) signals.list.push({ type: 'resume' });
  const held = Object.values(state.tables).some((t) => t.snapshotPaused) || state.snapshots.some((s) => s.paused);
  if (held) signals.list.push({ type: 'resume-snapshot' });
  for (const [id, { stopped }] of Object.entries(state.tables)) {
    if (!stopped || stopped.held) continue;
    const how = stopped.code === 'CDC_VALUE_UNFIT' ? 'catch-up' : 'snapshot';
    signals.list.push({ type: 'resume-table', table: id, how });
  }
  return signals.list.length === before;
}

function isDone(source: FakeSource, { state }: ChoosySink, signals: SignalList): boolean {
  if (!state || source.uncaptured > 0 || state.snapshots.length > 0) return false;
  if (Number(state.signalOffset ?? 0) < signals.list.length) return false;
  const tables = Object.values(state.tables);
  const idle = tables.every((t) => t.snapshot.state === 'done' && !(t.position! <= state.position) && !t.stopped);
  return idle && tables.length === source.tables.length && state.position >= endOf(source.lastCommit);
}

function randomWrite(random: Random): Write {
  const table = TROUBLED_TABLES[random(TROUBLED_TABLES.length)]!;
  const id = random(KEYS * 2);
  const kinds = ['insert', 'update', 'update', 'delete', 'rekey', 'rekeyInPlace'] as const;
  const kind = kinds[random(kinds.length)]!;
  if (kind === 'delete') return { kind, table, id };
  if (kind === 'rekey' || kind === 'rekeyInPlace') return { kind, table, id, to: random(KEYS * 2) };
  return { kind, table, id, value: random(1000) };
}
