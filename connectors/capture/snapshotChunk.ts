import { incrementLsn, type Lsn, ZERO_LSN } from '#connectors/sqlserver/lsn.ts';
import type { KeyText, RowsRead, View } from './chunk.ts';
import type { CaptureMark } from './logScan.ts';
import { type Position, snapshotPosition } from './position.ts';
import type { ChunkEvent, PlacedChunk } from './sessionHooks.ts';
import { type CapturedTable, type ChangeEvent, type EarlierRow, type Row, UNAVAILABLE } from './types.ts';

/** What a chunk belongs to. */
export interface ChunkOrigin {
  readonly job: string;
  readonly table: CapturedTable;
  /** Which key range of the job, and the last key of every one. */
  readonly range: number;
  readonly bounds: readonly (KeyText | null)[];
  readonly totalRows: number | null;
  /** The key it begins after. */
  readonly after: KeyText | null;
  readonly readAtMs: number;
  /** What was known of the capture job when its reading had ended. */
  readonly mark: CaptureMark | null;
}

/** Rows looked up by key because the topic has them: `found` is null for a row that is gone. */
export interface SweepRows extends View {
  readonly earlier: readonly EarlierRow[];
  readonly rows: readonly (Row | null)[];
  readonly last: boolean;
}

/**
 * Rows that were read and wait until the stream has passed the place they were read at. Changes the stream takes meanwhile are applied to
 * them: at its place each row is exactly what the table held there.
 */
export abstract class SnapshotChunk implements PlacedChunk {
  abstract readonly kind: 'rows' | 'sweep';
  readonly origin: ChunkOrigin;
  readonly from: Lsn;
  readonly last: boolean;
  /** Its rows must be read again: its place among the changes is lost, or what is in it can no longer be told. */
  void = false;
  /** The stream may write it once it has come here; null until something proves where that is. */
  releaseAt: Lsn | null;
  #place: Position | null;
  #to: Lsn | null;
  /** Row key → number of the row, made when the first change comes. */
  #numbers: Map<string, number> | null = null;

  protected constructor(origin: ChunkOrigin, view: View, last: boolean) {
    this.origin = origin;
    this.from = view.from;
    this.last = last;
    this.#to = view.to;
    this.releaseAt = view.to;
    this.#place = view.to && snapshotPosition(view.to);
  }

  get job(): string {
    return this.origin.job;
  }

  get table(): CapturedTable {
    return this.origin.table;
  }

  get range(): number {
    return this.origin.range;
  }

  get bounds(): readonly (KeyText | null)[] {
    return this.origin.bounds;
  }

  get totalRows(): number | null {
    return this.origin.totalRows;
  }

  get place(): Position {
    if (this.#place === null) throw new TypeError('the place of the chunk is not known yet');
    return this.#place;
  }

  /** Whether its place is known. */
  get isPlaced(): boolean {
    return this.#place !== null;
  }

  abstract get size(): number;

  /**
   * Everything that had committed when the reading ended is captured, and `captured` is the newest of it. An exact view keeps its place;
   * else the rows stand right after that commit, which no later one is equal to or below.
   */
  proven(captured: Lsn): void {
    if (this.#to === null) {
      this.#to = captured;
      this.#place = snapshotPosition(incrementLsn(captured));
      this.releaseAt = captured;
    } else if (this.releaseAt === null || captured < this.releaseAt) this.releaseAt = captured;
  }

  /** A change of the table that the stream has taken. */
  changed(event: ChangeEvent): void {
    if (this.void || event.commitLsn <= this.appliesAfter) return;
    if (this.#to !== null && event.commitLsn > this.#to) return;
    const keyColumns = this.table.instance.keyColumns;
    if (keyColumns.length === 0) {
      this.void = true;
      return;
    }
    const { before, after } = event;
    const oldKey = before && rowKey(before, keyColumns);
    const newKey = after && rowKey(after, keyColumns);
    if (oldKey !== null && oldKey !== newKey) this.#put(event.table, oldKey, null);
    if (newKey !== null) this.#put(event.table, newKey, after);
  }

  #put(table: CapturedTable, key: string, image: Row | null): void {
    const number = this.#numbered(this.table.instance.keyColumns).get(key);
    if (number === undefined) return;
    // A row of another version of the table, or of a key that masks make ambiguous, cannot be put in the place of this one.
    if (number < 0 || table !== this.table) this.void = true;
    else this.replace(number, image);
  }

  /** The rows as events, in key order. */
  abstract events(): ChunkEvent[];

  /** Changes at or below it are in what was read. */
  protected abstract get appliesAfter(): Lsn;
  protected abstract keyOfRow(number: number): Row | null;
  protected abstract replace(number: number, image: Row | null): void;

  protected event(op: 'r' | 'd', before: Row | null, after: Row | null): ChangeEvent {
    const { table, readAtMs } = this.origin;
    const position = this.place;
    return {
      table,
      op,
      before,
      after,
      position,
      commitLsn: position.slice(0, 20) as Lsn,
      changeLsn: null,
      resumeAt: null,
      commitTimeMs: readAtMs,
      capturedAtMs: readAtMs,
    };
  }

  #numbered(keyColumns: readonly string[]): Map<string, number> {
    if (this.#numbers) return this.#numbers;
    const numbers = new Map<string, number>();
    for (let i = 0; i < this.size; i++) {
      const row = this.keyOfRow(i);
      if (!row) continue;
      const key = rowKey(row, keyColumns);
      numbers.set(key, numbers.has(key) ? -1 : i);
    }
    this.#numbers = numbers;
    return numbers;
  }
}

/** Rows of a key range. */
export class RowsChunk extends SnapshotChunk {
  readonly kind = 'rows';
  readonly #rows: (Row | null)[];
  readonly #keyOf: RowsRead['keyOf'];

  constructor(origin: ChunkOrigin, read: RowsRead) {
    super(origin, read, read.last);
    this.#rows = [...read.rows];
    this.#keyOf = read.keyOf;
  }

  get size(): number {
    return this.#rows.length;
  }

  /** The key of its last row as it was read; null without rows or key. */
  get lastKey(): KeyText | null {
    return this.size === 0 ? null : this.#keyOf(this.size - 1);
  }

  events(): ChunkEvent[] {
    const events: ChunkEvent[] = [];
    for (const [i, row] of this.#rows.entries())
      if (row) events.push({ event: this.event('r', null, row), key: this.#keyOf(i) });
    return events;
  }

  protected get appliesAfter(): Lsn {
    return this.from;
  }

  protected keyOfRow(number: number): Row | null {
    return this.#rows[number] ?? null;
  }

  protected replace(number: number, image: Row | null): void {
    const present = this.#rows[number] ?? null;
    this.#rows[number] = image && present ? withLargeValues(image, present) : image;
  }
}

/** Rows the topic has from before an interval was lost: those that are gone get a delete. */
export class SweepChunk extends SnapshotChunk {
  readonly kind = 'sweep';
  readonly #earlier: readonly EarlierRow[];
  readonly #rows: readonly (Row | null)[];
  /** Rows the stream itself has told of: nothing is left to tell. */
  readonly #told = new Set<number>();
  /** Rows that exist are written too: those that were read again do not include them. */
  readonly #refresh: boolean;

  /** `told`: whether the stream has told of the key since the topic was listed. */
  constructor(origin: ChunkOrigin, found: SweepRows, refresh: boolean, told: (row: EarlierRow) => boolean) {
    super(origin, found, found.last);
    this.#earlier = found.earlier;
    this.#rows = found.rows;
    this.#refresh = refresh;
    for (const [i, row] of found.earlier.entries()) if (told(row)) this.#told.add(i);
  }

  get size(): number {
    return this.#earlier.length;
  }

  events(): ChunkEvent[] {
    const events: ChunkEvent[] = [];
    for (const [i, { recordKey, key, row }] of this.#earlier.entries()) {
      const present = this.#rows[i] ?? null;
      if (this.#told.has(i)) continue;
      const gone = recordKey === null ? { keyOnly: key } : { asPublished: { recordKey } };
      if (!present) events.push({ key: null, event: { ...this.event('d', row, null), ...gone } });
      else if (this.#refresh) events.push({ key: null, event: this.event('r', null, present) });
    }
    return events;
  }

  /** The topic was listed before: whatever the stream has told since then counts, also what was committed before the reading. */
  protected get appliesAfter(): Lsn {
    return ZERO_LSN;
  }

  protected keyOfRow(number: number): Row | null {
    return this.#earlier[number]?.key ?? null;
  }

  protected replace(number: number): void {
    this.#told.add(number);
  }
}

/** A key as text, two rows of one table having the same only when their keys are the same. */
export function rowKey(row: Row, keyColumns: readonly string[]): string {
  return keyColumns
    .map((column) => {
      const value = row[column];
      return Buffer.isBuffer(value) ? value.toString('hex') : String(value);
    })
    .join('\u0000');
}

/** The image of a change with the large values it leaves out: the row that was read has them, or a change before this one gave them. */
function withLargeValues(image: Row, present: Row): Row {
  let whole: Record<string, unknown> | null = null;
  for (const column in image) {
    if (image[column] !== UNAVAILABLE) continue;
    whole ??= { ...image };
    whole[column] = present[column];
  }
  return whole ?? image;
}
