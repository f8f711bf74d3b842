import type { Database } from '#connectors/sqlserver/connection.ts';
import { decrementLsn, type Lsn, MAX_LSN, maxLsn, ZERO_LSN } from '#connectors/sqlserver/lsn.ts';
import type { Clock } from '#infra/runtime/clock.ts';
import type { Batcher } from './batcher.ts';
import type { Detected } from './detect.ts';
import { commitLsnOf, endOf, neededFrom, type Position } from './position.ts';
import { blockedWithin, segmentRanges } from './schemaSegments.ts';
import type { RefusedEvent } from './session.ts';
import type { SnapshotReading, TableVersions } from './sessionHooks.ts';
import type { SessionState } from './sessionState.ts';
import type { CaptureSettings } from './settings.ts';
import type { SnapshotChunk } from './snapshotChunk.ts';
import { afterChunk, afterRow } from './snapshotProgress.ts';
import type { TableControl } from './tableControl.ts';
import { reasonOf, tableCodeOf } from './tableErrors.ts';
import { type PageReader, pageReader } from './tableStream.ts';
import type { CapturedTable, ChangeEvent } from './types.ts';
import { readWindow, type WindowItem, type WindowPart } from './window.ts';

/** A window ends early after this many batches, so that signals, stops and loss are looked at while a long backlog is read. */
const BATCHES_A_WINDOW = 20;
/** Tables that stand behind get this many batches after each window of the others. */
const BATCHES_BEHIND = 4;

export interface WindowsOptions {
  readonly db: Database;
  readonly settings: Pick<CaptureSettings, 'pageRows' | 'maxBatchRows'>;
  readonly configured: readonly string[];
  readonly state: SessionState;
  readonly control: TableControl;
  readonly versions: TableVersions;
  readonly snapshots: SnapshotReading<SnapshotChunk>;
  readonly batcher: Batcher;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** The server's time zone; see sourceZone.ts. */
  readonly zone: () => Promise<string | null>;
  /** Events the sink could not carry: their tables stop right before them. By table. */
  readonly unfit: ReadonlyMap<string, RefusedEvent>;
}

/** Which tables a window is for: those at the common position, or those that stand behind it. */
type Scope = 'common' | 'behind';

/** Reads windows of changes and takes what they give into batches. */
export class Windows {
  readonly #options: WindowsOptions;
  readonly #readers = new WeakMap<CapturedTable, PageReader>();

  constructor(options: WindowsOptions) {
    this.#options = options;
  }

  /** The tables at the common position, up to the newest captured LSN. True when there was more than the position to move. */
  async common(detected: Detected): Promise<boolean> {
    const { state, snapshots } = this.#options;
    const from = state.position;
    const captured = detected.maxLsn ?? ZERO_LSN;
    const { ceiling } = snapshots;
    const held = ceiling !== null && ceiling < captured;
    state.gatherAhead();
    for (const id of this.#tables('common')) this.#block(id);
    const ids = this.#tables('common');
    const to = this.#edge(ids, maxLsn(commitLsnOf(from), held ? ceiling : captured));
    const chunks = this.#chunks(to, held, ids);
    const changed = ids.filter((id) => this.#newest(id, detected) >= neededFrom(from));
    const taken = await this.#read('common', changed, chunks, from, to, detected);
    if (taken.whole) {
      state.moved(endOf(to), to === detected.maxLsn ? detected.maxTimeMs : null);
      for (const id of ids) this.#block(id);
    }
    return taken.items > 0 || chunks.length > 0;
  }

  /** The tables that stand behind, up to the common position, which they join when they have come there. True when there was something. */
  async behind(detected: Detected): Promise<boolean> {
    const { state } = this.#options;
    for (const id of this.#tables('behind')) this.#block(id);
    const ids = this.#tables('behind');
    const to = this.#edge(ids, commitLsnOf(state.position));
    const lagging = ids.filter((id) => state.placeOf(id) < endOf(to));
    if (lagging.length > 0) {
      const from = lagging.map((id) => state.placeOf(id)).sort()[0]!;
      const taken = await this.#read('behind', lagging, this.#chunks(to, true, lagging), from, to, detected);
      for (const id of taken.whole ? lagging : []) {
        if (taken.failed.has(id)) continue;
        if (!state.table(id)!.stopped && state.placeOf(id) < endOf(to)) state.movedBehind(id, endOf(to));
        this.#block(id);
      }
    }
    for (const id of ids) this.#join(id);
    return lagging.length > 0;
  }

  /** A table that has come exactly where the others are goes on with them. */
  #join(id: string): void {
    const { state, control } = this.#options;
    const table = state.table(id)!;
    if (table.stopped || table.position !== state.position) return;
    state.caughtUp(id);
    control.notify({ type: 'table_caught_up', table: id, at: state.position });
  }

  #tables(scope: Scope): string[] {
    const { configured, state } = this.#options;
    return configured.filter((id) => {
      return !state.table(id)!.stopped && state.isCommon(id) === (scope === 'common');
    });
  }

  #chunks(to: Lsn, held: boolean, ids: readonly string[]): readonly SnapshotChunk[] {
    const wanted = new Set(ids);
    return this.#options.snapshots.passed(to, held, (id) => wanted.has(id));
  }

  /** A table or an instance that was not looked at in this poll (resumed or switched since) may have anything. */
  #newest(id: string, detected: Detected): Lsn {
    const names = this.#options.versions.segments(id).map(({ table }) => table.instance.name);
    if (names.some((name) => !detected.newest.has(name))) return MAX_LSN;
    return maxLsn(...names.flatMap((name) => detected.newest.get(name) ?? []));
  }

  #parts(id: string, to: Lsn, detected: Detected): WindowPart[] {
    const segments = this.#options.versions.segments(id);
    const mark = detected.marks.get(segments[0]!.table.instance.name);
    return segmentRanges(segments, this.#options.state.readFrom(id, mark), to);
  }

  async #read(
    scope: Scope,
    ids: readonly string[],
    chunks: readonly SnapshotChunk[],
    from: Position,
    to: Lsn,
    detected: Detected,
  ): Promise<{ readonly items: number; readonly whole: boolean; readonly failed: ReadonlySet<string> }> {
    const failed = new Set<string>();
    if (ids.length === 0 && chunks.length === 0) return { items: 0, whole: true, failed };
    const { db, settings, clock, signal } = this.#options;
    const limit = settings.maxBatchRows * (scope === 'common' ? BATCHES_A_WINDOW : BATCHES_BEHIND);
    const window = readWindow({
      db,
      from,
      to,
      tables: ids.map((id) => this.#parts(id, to, detected)),
      chunks,
      readerOf: (table) => this.#readerOf(table),
      pageRows: settings.pageRows,
      utcOffsetMinutes: detected.utcOffsetMinutes,
      zone: this.#options.zone,
      now: () => clock.now(),
      signal,
    });
    let items = 0;
    for await (const run of window) {
      for (const item of run) {
        if (item.kind === 'failed') failed.add(item.table);
        const taken = this.#take(item, scope);
        const mayEnd = typeof taken === 'boolean' ? taken : await taken;
        if (++items >= limit && mayEnd) return { items, whole: false, failed };
      }
    }
    return { items, whole: true, failed };
  }

  #readerOf(table: CapturedTable): PageReader {
    let reader = this.#readers.get(table);
    if (!reader) {
      reader = pageReader(this.#options.db, table, this.#options.signal);
      this.#readers.set(table, reader);
    }
    return reader;
  }

  /** False when the next item belongs to this one. */
  #take(item: WindowItem, scope: Scope): boolean | Promise<boolean> {
    if (item.kind === 'change') return this.#change(item.event, scope);
    if (item.kind === 'chunk') return this.#chunk(item.chunk as SnapshotChunk);
    return this.#options.control.failed(item.table, item.error).then(() => true);
  }

  #change(event: ChangeEvent, scope: Scope): boolean | Promise<boolean> {
    const { state, snapshots, batcher } = this.#options;
    const { id } = event.table;
    if (state.table(id)!.stopped || this.#isUnfit(event)) return true;
    if (event.resumeAt !== null) {
      if (scope === 'common') state.moved(event.resumeAt, event.commitTimeMs);
      else state.movedBehind(id, event.resumeAt);
    }
    snapshots.changed(event);
    batcher.push(event);
    if (event.resumeAt === null) return false;
    return batcher.full ? batcher.write(state.current).then(() => true) : true;
  }

  async #chunk(chunk: SnapshotChunk): Promise<boolean> {
    const { state, snapshots, batcher, control } = this.#options;
    const before = state.progressOf(chunk.job);
    if (state.table(chunk.table.id)!.stopped || !before || before.state === 'done') return true;
    let progress = before;
    for (const { event, key } of snapshots.events(chunk)) {
      batcher.push(event);
      progress = afterRow(progress, chunk, key);
      if (!batcher.full) continue;
      state.setProgress(chunk.job, progress);
      await batcher.write(state.current);
    }
    progress = afterChunk(progress, chunk);
    const { job: id } = chunk;
    const { id: table } = chunk.table;
    if (before.state === 'pending')
      control.notify({ type: 'snapshot_started', id, table, reason: before.reason ?? 'initial' });
    state.setProgress(id, progress);
    snapshots.taken(chunk);
    if (progress.state === 'done') this.#completed(id, table, progress.rows);
    return true;
  }

  #completed(id: string, table: string, rows: number): void {
    const { state, control, configured } = this.#options;
    control.notify({ type: 'snapshot_table_completed', id, table, rows });
    const allDone = configured.every((t) => state.table(t)!.snapshot.state === 'done');
    if (id === table && allDone) control.notify({ type: 'snapshot_completed', tables: configured.length });
  }

  /** Stops the table right before an event the sink has refused. */
  #isUnfit(event: ChangeEvent): boolean {
    const { unfit, control } = this.#options;
    const error = unfit.get(event.table.id)?.error;
    if (!error || error.event.changeLsn === null || !sameRow(error.event, event)) return false;
    control.stop(event.table.id, { code: tableCodeOf(error)!, reason: reasonOf(error), held: false });
    return true;
  }

  /**
   * Where a window has to end at most: right before the first version that cannot be written. So a table that stops there stops in the write
   * that brings it there, and nobody has passed the place meanwhile.
   */
  #edge(ids: readonly string[], to: Lsn): Lsn {
    const edges = ids.flatMap((id) => {
      const segment = blockedWithin(this.#options.versions.segments(id), to);
      return segment ? [decrementLsn(segment.from)] : [];
    });
    return [to, ...edges].sort()[0]!;
  }

  /** Stops a table whose next change is of a version that cannot be written. */
  #block(id: string): void {
    const { state, versions, control } = this.#options;
    if (state.table(id)!.stopped) return;
    const place = state.placeOf(id);
    const segment = blockedWithin(versions.segments(id), neededFrom(place));
    if (segment?.blocked) control.stop(id, segment.blocked, place);
  }
}

/** True for the same row of a change table: both halves of an update of the key are. */
function sameRow(a: ChangeEvent, b: ChangeEvent): boolean {
  return a.position.slice(0, -1) === b.position.slice(0, -1);
}
