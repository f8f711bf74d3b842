import type { Lsn } from '#connectors/sqlserver/lsn.ts';
import type { SourceMark } from './health.ts';
import { beforeLsn, laterOf, neededFrom, type Position } from './position.ts';
import { next, TABLE_TRANSITIONS, type TableEventName, type TableStateName } from './states.ts';
import type {
  AdHocSnapshot,
  CaptureState,
  SignalOutcome,
  SnapshotProgress,
  SnapshotReason,
  TableState,
  TableStop,
} from './types.ts';

/** What is told of the newest signals. */
const OUTCOMES_KEPT = 10;

/** What a table without a stored state begins with. */
export function freshTable(instance: string, reason: SnapshotReason): TableState {
  return { instance, snapshot: { state: 'pending', lastKey: null, rows: 0, reason } };
}

/** Which of the states of SPEC.md a table is in. `common`: the position of the tables without a place of their own. */
function tableStateName(table: TableState, configured: boolean, common: Position): TableStateName {
  if (!configured) return 'left_out';
  if (table.stopped) return table.stopped.held ? 'held' : 'stopped';
  if (table.snapshot.state !== 'done') return 'snapshotting';
  return isBehind(table, common) ? 'behind' : 'streaming';
}

function isBehind({ position }: TableState, common: Position): boolean {
  return position !== undefined && position < common;
}

/** The state of a running capture: what is stored with each batch. Every change of a table's state goes through the table of states.ts. */
export class SessionState {
  #position: Position;
  #positionTimeMs: number | null;
  #paused: boolean;
  #signalOffset: string | null;
  #signals: readonly SignalOutcome[];
  readonly #tables: Map<string, TableState>;
  readonly #configured: ReadonlySet<string>;
  readonly #source: () => SourceMark | null;
  /** Tables whose own place is later than the common one: they are read with the others and join when those come there. */
  readonly #ahead = new Set<string>();
  #snapshots: readonly AdHocSnapshot[];
  #news = true;
  #tablesCopy: Readonly<Record<string, TableState>> | null = null;

  /**
   * `configured`: ids of the tables that are captured; tables the stored state knows besides keep their place and wait. `source`: what is
   * kept with the position as the proof of the source's history.
   */
  constructor(stored: CaptureState, configured: readonly string[], source: () => SourceMark | null) {
    this.#source = source;
    this.#position = stored.position;
    this.#positionTimeMs = stored.positionTimeMs;
    this.#paused = stored.paused;
    this.#signalOffset = stored.signalOffset;
    this.#signals = stored.signals ?? [];
    this.#snapshots = stored.snapshots;
    this.#tables = new Map(Object.entries(stored.tables));
    this.#configured = new Set(configured);
    for (const [id, table] of this.#tables) {
      if (!this.#configured.has(id) && table.position === undefined) {
        this.#tables.set(id, { ...table, position: stored.position });
      }
    }
  }

  get current(): CaptureState {
    this.#tablesCopy ??= Object.fromEntries(this.#tables);
    return {
      position: this.#position,
      positionTimeMs: this.#positionTimeMs,
      tables: this.#tablesCopy,
      paused: this.#paused,
      snapshots: this.#snapshots,
      signalOffset: this.#signalOffset,
      signals: this.#signals,
      source: this.#source(),
    };
  }

  get position(): Position {
    return this.#position;
  }

  get paused(): boolean {
    return this.#paused;
  }

  get signalOffset(): string | null {
    return this.#signalOffset;
  }

  get snapshots(): readonly AdHocSnapshot[] {
    return this.#snapshots;
  }

  /** True when there is something to store besides a later position. */
  get hasNews(): boolean {
    return this.#news;
  }

  written(): void {
    this.#news = false;
  }

  table(id: string): TableState | undefined {
    return this.#tables.get(id);
  }

  nameOf(id: string): TableStateName {
    return tableStateName(this.#tables.get(id)!, this.#configured.has(id), this.#position);
  }

  /** Every change of the table at or before it was written. */
  placeOf(id: string): Position {
    return this.#tables.get(id)?.position ?? this.#position;
  }

  /** Everything that is configured was read at least once, and nothing that was asked for waits. */
  get snapshotDone(): boolean {
    const waits = (id: string): boolean => {
      const table = this.#tables.get(id);
      return table !== undefined && !table.stopped && table.snapshot.state !== 'done';
    };
    return ![...this.#configured].some(waits) && this.#snapshots.length === 0;
  }

  /** The stream of all tables without a place of their own has come here. */
  moved(position: Position, timeMs: number | null): void {
    this.#position = position;
    if (timeMs !== null) this.#positionTimeMs = timeMs;
    for (const id of this.#ahead) if (this.placeOf(id) <= position) this.caughtUp(id);
  }

  /** A window of the common position begins: which tables are read in it. */
  gatherAhead(): void {
    for (const [id, { position, stopped }] of this.#tables)
      if (position !== undefined && position > this.#position && !stopped && this.#configured.has(id))
        this.#ahead.add(id);
  }

  /** Whether a table is read in the windows of the common position. */
  isCommon(id: string): boolean {
    const table = this.#tables.get(id)!;
    return !table.stopped && (table.position === undefined || this.#ahead.has(id));
  }

  /** A table that stands behind has come here. */
  movedBehind(id: string, position: Position): void {
    this.#set(id, { ...this.#tables.get(id)!, position });
  }

  /** The table reads through this capture instance from now on. */
  readsThrough(id: string, instance: string): void {
    const table = this.#tables.get(id)!;
    if (table.instance === instance) return;
    this.#set(id, { ...table, instance });
    this.#news = true;
  }

  /** Takes a step of the state table. `change` makes the new state. @throws TypeError for a step that cannot be */
  step(id: string, event: TableEventName, change: (table: TableState) => TableState): void {
    const expected = next(TABLE_TRANSITIONS, this.nameOf(id), event);
    this.#set(id, change(this.#tables.get(id)!));
    const found = this.nameOf(id);
    if (found !== expected) throw new TypeError(`table ${id}: "${event}" leads to "${expected}", found "${found}"`);
    this.#news = true;
  }

  add(id: string, table: TableState): void {
    this.#set(id, table);
    this.#news = true;
  }

  /** The table stops at a place it is written up to. */
  stop(id: string, stop: TableStop): void {
    this.#ahead.delete(id);
    this.step(id, stop.held ? 'hold' : 'stop', (table) => {
      if (stop.held && table.stopped && !table.stopped.held) return table;
      return { ...table, position: stop.at, stopped: stop };
    });
  }

  /** A stopped table goes on from its place. */
  resume(id: string): void {
    const before = this.#tables.get(id)!;
    const reading = before.snapshot.state !== 'done';
    const event = reading ? 'resume_reading' : isBehind(before, this.#position) ? 'resume_catch_up' : 'resume_in_place';
    this.step(id, event, ({ stopped: _, position, ...table }) =>
      position === undefined || position === this.#position ? table : { ...table, position },
    );
  }

  /** The table is to be read from scratch, its changes from where they are now. A table that stands still goes on standing. */
  wantSnapshot(id: string, snapshot: SnapshotProgress): void {
    this.step(id, 'snapshot_wanted', (table) => ({ ...table, snapshot }));
  }

  /** Changes up to the table's low-water mark are lost: it is to be read from scratch, its changes from `position` on. */
  lost(id: string, snapshot: SnapshotProgress, position: Position): void {
    this.#ahead.delete(id);
    this.step(id, 'lost', (table) => ({ ...table, snapshot, position }));
  }

  /** A stopped table leaves out what it missed and is read from scratch. */
  resumeAnew(id: string, snapshot: SnapshotProgress): void {
    this.step(id, 'resume_snapshot', ({ stopped: _, position: __, ...table }) => ({ ...table, snapshot }));
  }

  pauseSnapshot(id: string, paused: boolean): void {
    const { snapshotPaused: _, ...table } = this.#tables.get(id)!;
    this.#set(id, paused ? { ...table, snapshotPaused: true } : table);
    this.#news = true;
  }

  caughtUp(id: string): void {
    this.#ahead.delete(id);
    this.step(id, 'caught_up', ({ position: _, ...table }) => table);
  }

  setProgress(job: string, progress: SnapshotProgress): void {
    const table = this.#tables.get(job);
    if (!table) {
      const left = this.#snapshots.map((s) => (s.id === job ? { ...s, progress } : s));
      this.#snapshots = progress.state === 'done' ? left.filter((s) => s.id !== job) : left;
    } else if (progress.state === 'done' && table.snapshot.state !== 'done') {
      const event = isBehind(table, this.#position) ? 'snapshot_done_behind' : 'snapshot_done';
      this.step(job, event, ({ snapshotPaused: _, ...t }) => ({ ...t, snapshot: progress }));
    } else {
      this.#set(job, { ...table, snapshot: progress });
    }
    this.#news = true;
  }

  progressOf(job: string): SnapshotProgress | undefined {
    return this.#tables.get(job)?.snapshot ?? this.#snapshots.find((s) => s.id === job)?.progress;
  }

  setSnapshots(snapshots: readonly AdHocSnapshot[]): void {
    this.#snapshots = snapshots;
    this.#news = true;
  }

  setPaused(paused: boolean): void {
    this.#paused = paused;
    this.#news = true;
  }

  signalTaken(nextOffset: string, outcome: SignalOutcome): void {
    this.#signalOffset = nextOffset;
    this.#signals = [...this.#signals, outcome].slice(-OUTCOMES_KEPT);
    this.#news = true;
  }

  /** From where a table's changes can and must be read: its place, or where its low-water mark begins when nothing before it is needed. */
  readFrom(id: string, mark: Lsn | undefined): Position {
    const place = this.placeOf(id);
    return mark === undefined || mark <= neededFrom(place) ? place : laterOf(place, beforeLsn(mark));
  }

  #set(id: string, table: TableState): void {
    this.#tables.set(id, table);
    this.#tablesCopy = null;
  }
}
