import type { Lsn } from '#connectors/sqlserver/lsn.ts';
import type { Chunk } from './chunk.ts';
import type { Position } from './position.ts';
import type { CapturedTable, CaptureState, ChangeEvent, Row, SnapshotProgress } from './types.ts';

const PENDING: SnapshotProgress = { state: 'pending', lastKey: null, rows: 0 };

/** The state of a running capture: what is stored with each batch, and what is only needed while chunks wait. */
export class SessionState {
  #position: Position;
  readonly #snapshots: Record<string, SnapshotProgress> = {};
  /** Recent changes of tables that are being read: [commit LSN, key]. */
  readonly #recent = new Map<string, { lsn: Lsn; key: string }[]>();
  /** Tables whose chunks of this window are void. */
  readonly #dropped = new Set<string>();
  readonly #keyColumns: ReadonlyMap<string, readonly string[]>;
  #news: boolean;

  constructor(stored: CaptureState, tables: readonly CapturedTable[]) {
    this.#position = stored.position;
    for (const { id } of tables) this.#snapshots[id] = stored.snapshots[id] ?? PENDING;
    this.#keyColumns = new Map(tables.map((t) => [t.id, t.instance.keyColumns]));
    this.#news = true;
  }

  get current(): CaptureState {
    return { position: this.#position, snapshots: { ...this.#snapshots } };
  }

  get snapshotDone(): boolean {
    return Object.values(this.#snapshots).every((s) => s.state === 'done');
  }

  /** True when there is something to store besides a later position. */
  get hasNews(): boolean {
    return this.#news;
  }

  written(): void {
    this.#news = false;
  }

  /** True while the table's snapshot has not begun: nothing of its change table is needed yet. */
  isPending(tableId: string): boolean {
    return this.#snapshots[tableId]?.state === 'pending';
  }

  /** A change was taken. `floor`: no chunk that is being read or waits has its view fixed at or below it. */
  changed(event: ChangeEvent, floor: Lsn): void {
    if (event.resumeAt) this.#position = event.resumeAt;
    const { id } = event.table;
    if (event.commitLsn <= floor || this.#snapshots[id]?.state === 'done') return;
    const recent = this.#recent.get(id) ?? [];
    this.#recent.set(id, recent);
    for (const row of [event.before, event.after]) {
      if (row) recent.push({ lsn: event.commitLsn, key: this.#looseKey(id, row) });
    }
  }

  /** The window ended: everything up to here was taken. */
  passedTo(position: Position, floor: Lsn): void {
    this.#position = position;
    this.#dropped.clear();
    for (const [id, recent] of this.#recent) {
      const kept = recent.filter(({ lsn }) => lsn > floor);
      if (kept.length > 0) this.#recent.set(id, kept);
      else this.#recent.delete(id);
    }
  }

  snapshotRow(tableId: string, key: readonly string[]): void {
    const before = this.#snapshots[tableId] ?? PENDING;
    this.#snapshots[tableId] = { state: 'running', lastKey: key, rows: before.rows + 1 };
  }

  chunkDone(chunk: Chunk): void {
    const before = this.#snapshots[chunk.table.id] ?? PENDING;
    this.#snapshots[chunk.table.id] = { ...before, state: chunk.last ? 'done' : 'running' };
    this.#news = true;
  }

  /** Whether a row of the chunk changed while the chunk's view was being fixed. */
  touchedWithin(chunk: Chunk): boolean {
    const { id } = chunk.table;
    const changed = new Set(
      (this.#recent.get(id) ?? []).filter(({ lsn }) => lsn > chunk.from && lsn <= chunk.to).map(({ key }) => key),
    );
    return changed.size > 0 && chunk.rows.some(({ row }) => changed.has(this.#looseKey(id, row)));
  }

  drop(table: CapturedTable): void {
    this.#dropped.add(table.id);
  }

  isDropped(chunk: Chunk): boolean {
    return this.#dropped.has(chunk.table.id);
  }

  /** A key as text that may take two keys for one (case, trailing blanks) but never one for two. */
  #looseKey(tableId: string, row: Row): string {
    return this.#keyColumns
      .get(tableId)!
      .map((column) => {
        const value = row[column];
        return Buffer.isBuffer(value) ? value.toString('hex') : String(value).trimEnd().toLowerCase();
      })
      .join('\u0000');
  }
}
