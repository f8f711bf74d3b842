import type { Database } from '#connectors/sqlserver/connection.ts';
import { lsnFromBuffer, maxLsn, ZERO_LSN } from '#connectors/sqlserver/lsn.ts';
import { MAX_CAPTURED_LSN } from '#connectors/sqlserver/queries.ts';
import type { Clock } from '#infra/runtime/clock.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import { Batcher } from './batcher.ts';
import { commitTimeOf } from './commitTimeOf.ts';
import type { SignalSource } from './control.ts';
import type { Detected } from './detect.ts';
import { Detector } from './detector.ts';
import { HeadroomWatch } from './headroom.ts';
import type { CaptureObserver } from './notifications.ts';
import { beforeLsn, endOf } from './position.ts';
import { ProgressTeller } from './progressTeller.ts';
import type { SchemaMemory } from './schemaWatched.ts';
import { SchemaWatcher } from './schemaWatcher.ts';
import type { SnapshotReading, SourceHealth, TableVersions } from './sessionHooks.ts';
import { freshTable, SessionState } from './sessionState.ts';
import type { CaptureSettings } from './settings.ts';
import { applySignals } from './signals.ts';
import type { SnapshotChunk } from './snapshotChunk.ts';
import { newSnapshotReading } from './snapshotter.ts';
import { sourceZone } from './sourceZone.ts';
import type { CaptureStats } from './status.ts';
import { TableControl } from './tableControl.ts';
import { reasonOf, tableCodeOf } from './tableErrors.ts';
import { applyTableRules } from './tableRules.ts';
import type { LoadedTables } from './tables.ts';
import type { CaptureSink, CaptureState, TableState, UnfitEvent } from './types.ts';
import { Windows } from './windows.ts';

export interface SessionOptions {
  readonly db: Database;
  readonly loaded: LoadedTables;
  readonly stored: CaptureState | null;
  readonly sink: CaptureSink;
  readonly settings: CaptureSettings;
  readonly stats: CaptureStats;
  readonly log: Logger;
  readonly clock: Clock;
  readonly observer: CaptureObserver;
  readonly signals: SignalSource | null;
  readonly health: SourceHealth | null;
  readonly schemaMemory: SchemaMemory;
  /** Events the sink has refused, by table; those whose stop is stored are taken out. */
  readonly unfit: Map<string, RefusedEvent>;
}

/** An event the sink has refused. */
export interface RefusedEvent {
  readonly error: UnfitEvent;
  /** The table stops as soon as the session begins, not when it comes to the event. */
  readonly atOnce: boolean;
}

/** Why a session ended by itself: every table was read and nothing else was wanted, or the tables have to be looked up anew. */
export type SessionEnd = 'completed' | 'restart';

/** One unbroken run of the capture: from a stored state until the signal fires or something fails. See SPEC.md. */
export async function runSession(options: SessionOptions, signal: AbortSignal): Promise<SessionEnd> {
  const stop = new AbortController();
  const session = new Session(options, await startState(options, signal), AbortSignal.any([signal, stop.signal]));
  const reading = session.snapshots.run(session.signal);
  try {
    return await session.run();
  } finally {
    stop.abort();
    await Promise.allSettled([reading, session.batcher.settled()]);
  }
}

/** Where a capture begins that has no stored state: after everything captured so far, which the snapshot will contain. */
async function startState(
  { db, loaded, stored, settings }: SessionOptions,
  signal: AbortSignal,
): Promise<CaptureState> {
  const [row] = stored ? [] : await db.rows(MAX_CAPTURED_LSN, {}, signal);
  const captured = row?.[0] ? lsnFromBuffer(row[0] as Buffer) : ZERO_LSN;
  const begin = maxLsn(captured, ...loaded.tables.map((t) => t.instance.startLsn));
  const base: CaptureState = stored ?? {
    position: endOf(begin),
    positionTimeMs: null,
    tables: {},
    paused: false,
    snapshots: [],
    signalOffset: null,
  };
  const tables = { ...base.tables };
  for (const { id, instance } of loaded.tables) {
    if (tables[id]) continue;
    const begins = beforeLsn(instance.startLsn);
    const fresh: TableState = {
      ...freshTable(instance.name, stored ? 'added' : 'initial'),
      // An instance that is younger than the common position has nothing to give before its own beginning.
      ...(begins > base.position && { position: begins }),
    };
    const isRead = settings.snapshot.mode !== 'never' && settings.snapshot.tables[id] !== 'none';
    tables[id] = isRead ? fresh : { ...fresh, snapshot: { ...fresh.snapshot, state: 'done' } };
  }
  return { ...base, tables };
}

class Session {
  readonly signal: AbortSignal;
  readonly snapshots: SnapshotReading<SnapshotChunk>;
  readonly batcher: Batcher;
  readonly #options: SessionOptions;
  readonly #state: SessionState;
  readonly #control: TableControl;
  readonly #versions: TableVersions;
  readonly #windows: Windows;
  readonly #detector: Detector;
  readonly #headroom: HeadroomWatch;
  readonly #progress: ProgressTeller;
  readonly #configured: readonly string[];
  #writtenAtMs: number;

  constructor(options: SessionOptions, start: CaptureState, signal: AbortSignal) {
    const { db, loaded, settings, stats, log, clock, observer, sink, health, unfit } = options;
    this.#options = options;
    this.signal = signal;
    this.#configured = loaded.tables.map((t) => t.id);
    const mark = (): CaptureState['source'] => health?.mark ?? start.source ?? null;
    const state = new SessionState(start, [...this.#configured, ...loaded.dropped], () => mark() ?? null);
    this.#state = state;
    const zone = sourceZone(db, settings.timeZone ?? null, signal);
    const reading = { zone, utcOffsetMinutes: () => stats.utcOffsetMinutes, now: () => clock.now() };
    const timeOf = commitTimeOf(db, reading, signal);
    const control = new TableControl({ state, settings, observer, log, clock, timeOf });
    this.#control = control;
    this.#versions = new SchemaWatcher({
      db,
      tables: loaded.tables,
      settings: settings.schemaChange,
      rules: (instance) => applyTableRules(settings.database, instance, settings.rules),
      sink,
      log,
      clock,
      memory: options.schemaMemory,
    });
    this.snapshots = newSnapshotReading({
      db,
      settings,
      clock,
      log,
      notify: (notification) => control.notify(notification),
      knownLsn: () => stats.sourceMaxLsn ?? ZERO_LSN,
      earlierRows: sink.earlierRows?.bind(sink),
    });
    stats.rateOf = (job) => this.snapshots.rateOf(job);
    control.attach(this.snapshots, this.#versions);
    this.batcher = new Batcher(sink, settings.maxBatchRows, signal, (events) => stats.written(events, clock.now()));
    const shared = {
      db,
      settings,
      configured: this.#configured,
      state,
      control,
      versions: this.#versions,
      clock,
      signal,
    };
    this.#windows = new Windows({ ...shared, zone, snapshots: this.snapshots, batcher: this.batcher, unfit });
    this.#detector = new Detector(shared);
    this.#headroom = new HeadroomWatch({ ...shared, timeOf, stats });
    this.#progress = new ProgressTeller({
      ...shared,
      sink,
      database: settings.database,
      intervalMs: settings.progressIntervalMs,
    });
    this.#writtenAtMs = clock.now();
  }

  async run(): Promise<SessionEnd> {
    const { settings, clock, stats } = this.#options;
    await this.#begin();
    stats.to('opened');
    let pauseMs = settings.pollIntervalMs;
    while (!this.signal.aborted) {
      const wrote = await this.#poll();
      const end = this.#end();
      if (end) return end;
      const busy = wrote || !(this.snapshots.finished || this.#state.paused);
      pauseMs = busy ? settings.pollIntervalMs : Math.min(pauseMs * 2, settings.maxPollIntervalMs);
      await clock.sleep(pauseMs, this.signal);
    }
    return 'restart';
  }

  /** Makes the sink ready for every table; what lost its instance stops, and what the sink refused last time. */
  async #begin(): Promise<void> {
    const { loaded, unfit } = this.#options;
    for (const id of loaded.dropped) {
      if (this.#state.nameOf(id) === 'stopped') continue;
      this.#control.stop(id, { code: 'CDC_INSTANCE_DROPPED', reason: 'its capture instance is gone', held: false });
    }
    await this.#versions.start(this.#control, this.signal);
    for (const [id, { error, atOnce }] of unfit) {
      if (!atOnce || this.#state.table(id)?.stopped) continue;
      this.#control.stop(id, { code: tableCodeOf(error)!, reason: reasonOf(error), held: false });
    }
  }

  async #poll(): Promise<boolean> {
    const { health, signals, stats, clock, observer } = this.#options;
    for (const failure of this.snapshots.failures()) await this.#control.snapshotFailed(failure);
    if (signals) await applySignals(signals, this.#signalContext(), this.signal);
    // Before anything moves on: the tables are to be looked up anew.
    if (this.#end() === 'restart') return this.#write(true);
    this.snapshots.sync(this.#control.jobs(this.#configured));
    await this.snapshots.observe(this.signal);
    const provedMs = health?.capturedToMs ?? null;
    const detected = await this.#detector.detect();
    stats.polled(detected, clock.now());
    await health?.polled(this.#detector.facts(detected), this.signal);
    await this.#versions.poll(detected, this.#control, this.signal);
    await this.#detector.checkTables(detected);
    const wrote = this.#state.paused ? await this.#write(false) : await this.#readWindows(detected);
    await this.#progress.tell(detected, provedMs, this.signal);
    await this.#headroom.look(detected);
    this.#show();
    observer.progress?.({
      position: this.#state.position,
      sourceMaxLsn: detected.maxLsn,
      positionTimeMs: this.#state.current.positionTimeMs,
      atMs: clock.now(),
      wrote,
    });
    return wrote;
  }

  async #readWindows(detected: Detected): Promise<boolean> {
    const common = await this.#write(await this.#windows.common(detected));
    return (await this.#windows.behind(detected)) ? this.#write(true) : common;
  }

  /** Writes what is left, and the state when it has news or was not written for long. True when something was written. */
  async #write(always: boolean): Promise<boolean> {
    const { clock, settings } = this.#options;
    const idleTooLong = clock.now() - this.#writtenAtMs >= settings.idleWriteMs;
    const { current, hasNews } = this.#state;
    this.#state.written();
    const wrote = await this.batcher.flush(current, always || idleTooLong || hasNews);
    if (!wrote) return false;
    this.#writtenAtMs = clock.now();
    const { unfit } = this.#options;
    for (const id of unfit.keys()) if (current.tables[id]?.stopped) unfit.delete(id);
    for (const id of this.#configured) {
      if (this.#state.table(id)!.stopped) continue;
      this.#state.readsThrough(id, this.#versions.passed(id, this.#state.placeOf(id)));
    }
    return always || hasNews;
  }

  #signalContext() {
    return {
      state: this.#state,
      control: this.#control,
      configured: this.#configured,
      tableOf: (id: string) => this.#versions.newest(id),
    };
  }

  #end(): SessionEnd | null {
    const { settings, loaded } = this.#options;
    const state = this.#state;
    // A table without an instance was resumed: whether it has one again is seen when the tables are looked up.
    if (loaded.dropped.some((id) => !state.table(id)!.stopped)) return 'restart';
    return settings.snapshot.mode === 'only' && state.snapshotDone ? 'completed' : null;
  }

  #show(): void {
    const { stats } = this.#options;
    const state = this.#state;
    if (state.paused) stats.to('pause');
    else {
      if (stats.state === 'paused') stats.to('resume');
      stats.to(state.snapshotDone ? 'all_read' : 'read_wanted');
    }
    stats.show(state.current, (id) => state.nameOf(id));
  }
}
