import type { TableTracking } from '../tracking/trackedTable.ts';
import { Blocked } from './blocked.ts';
import { rowSuffix } from './key.ts';
import { assertRowFree, TableLocks } from './locks.ts';
import type { Change, TransactionLog } from './log.ts';
import { FIRST, LAST } from './orderedMap.ts';
import { LATEST, Row, type RowData, type Version, visible } from './row.ts';
import { type DuplicateError, type IndexOptions, type StoredColumn, TableIndex } from './tableTypes.ts';
import type { Transaction } from './transaction.ts';

/** What a table needs of its surroundings. */
export interface TableHost {
  /** Errors worded by the engine. */
  readonly duplicate: DuplicateError;
  updateConflict(table: Table): Error;
  nextRowversion(): Buffer;
}

/**
 * Rows with their versions, and the indexes over them; `indexes[0]` holds every row and gives the order of scans (the clustered index, or
 * a heap ordered by row id). All methods are synchronous; when another transaction is in the way they throw Blocked, and the caller
 * undoes what its statement has done so far.
 */
export class Table {
  readonly columns: StoredColumn[];
  indexes: TableIndex[];
  readonly locks = new TableLocks();
  /** Where changes are logged; null for tables nobody tracks. */
  log: TransactionLog | null = null;
  /** Number of capture instances: changes are logged while it is above 0. */
  tracked = 0;
  /** Where the rows are kept on disk: ids of the database and the table. Null for temporary ones. */
  place: { readonly database: number; readonly table: number } | null = null;
  /** Change tracking (not capture) of this table; null = off. */
  tracking: TableTracking | null = null;
  /** How often the definition has changed the rows themselves. */
  rewrites = 0;
  readonly #host: TableHost;
  readonly #rowversionAt: number;
  #lastRowId = 0;

  constructor(host: TableHost, columns: readonly StoredColumn[], clustered: IndexOptions | null) {
    this.#host = host;
    this.columns = [...columns];
    this.#rowversionAt = columns.findIndex((column) => column.type.k === 'rowversion');
    this.indexes = [new TableIndex(clustered ?? HEAP, this.columns)];
  }

  /** Rows and tombstones somebody may still see. */
  get rowCount(): number {
    return this.indexes[0]!.entries.size;
  }

  get isHeap(): boolean {
    return this.indexes[0]!.columns.length === 0;
  }

  insert(tx: Transaction, data: RowData): Row {
    this.locks.enter(tx, true);
    const row = this.#place(tx, data);
    this.#change(tx, 2, null, data);
    return row;
  }

  /** Replaces a row whose unique keys stay as they are (see `movesUniqueKey`); secondary keys may change. */
  update(tx: Transaction, row: Row, data: RowData): void {
    const before = this.#writable(tx, row);
    if (this.#rowversionAt >= 0) data[this.#rowversionAt] = this.#host.nextRowversion();
    let moved = false;
    for (let i = 0; i < this.indexes.length; i++) {
      const index = this.indexes[i]!;
      if (index.sameKey(before, data)) continue;
      moved = true;
      this.locks.assertKeyFree(tx, i, index.entryKey(data, row));
    }
    this.#push(tx, row, data, moved);
    if (moved) for (const index of this.indexes) index.entries.set(index.entryKey(data, row), row);
    this.#change(tx, 4, before, data);
  }

  delete(tx: Transaction, row: Row): void {
    const before = this.#writable(tx, row);
    this.#push(tx, row, null, true);
    this.#change(tx, 1, before, null);
  }

  /** Whether the new values change a unique key: SQL Server then deletes and inserts instead of updating. */
  movesUniqueKey(before: RowData, after: RowData): boolean {
    return this.indexes.some((index) => index.unique && !index.sameKey(before, after));
  }

  /**
   * Updates rows whose unique keys change: first all deletes, then all inserts, so that keys may be swapped inside one statement. The log
   * shows what SQL Server's split, sort and collapse leaves: one row becomes a delete and an insert with one LSN and consecutive command ids;
   * of several rows, a primary key that is both deleted and inserted becomes an update.
   */
  moveRows(tx: Transaction, moves: readonly { readonly row: Row; readonly data: RowData }[]): Row[] {
    const befores = moves.map(({ row }) => this.#writable(tx, row));
    for (const { row } of moves) this.#push(tx, row, null, true);
    const rows = moves.map(({ data }) => this.#place(tx, data));
    if (this.tracked > 0)
      this.#logMoves(
        tx,
        befores,
        moves.map(({ data }) => data),
      );
    return rows;
  }

  /** The newest committed (or own) data of the row with this unique key; throws Blocked when another transaction is changing that. */
  findUnique(tx: Transaction | null, index: TableIndex, key: string): Row | null {
    const cursor = index.entries.cursor({ prefix: key, after: false }, { prefix: key, after: true });
    while (cursor.next()) {
      const row = cursor.value;
      const head = row.head;
      if (head.tx !== null && head.tx !== tx) throw new Blocked([head.tx.party]);
      if (head.data !== null && index.keyOf(head.data) === key) return row;
    }
    return null;
  }

  /** Puts back a committed row with its id; the caller answers for unique keys. */
  load(id: number, data: RowData): void {
    const row = new Row(id, { data, tx: null, seq: 0, prev: null, moved: true });
    if (id > this.#lastRowId) this.#lastRowId = id;
    for (const index of this.indexes) index.entries.set(index.entryKey(data, row), row);
  }

  /** The committed rows with their ids, in scan order. */
  *committedRows(): Generator<readonly [id: number, data: RowData]> {
    const cursor = this.indexes[0]!.entries.cursor(FIRST, LAST);
    while (cursor.next()) {
      const data = visible(cursor.value, null, LATEST);
      if (data !== null && this.isCurrentEntry(this.indexes[0]!, cursor.key, data, cursor.value))
        yield [cursor.value.id, data];
    }
  }

  /** All rows visible now to the transaction (null: committed ones), in scan order. For DDL and tests. */
  *rows(tx: Transaction | null = null, snapshot = LATEST): Generator<RowData> {
    const cursor = this.indexes[0]!.entries.cursor(FIRST, LAST);
    while (cursor.next()) {
      const data = visible(cursor.value, tx, snapshot);
      if (data !== null && this.isCurrentEntry(this.indexes[0]!, cursor.key, data, cursor.value)) yield data;
    }
  }

  /** False when the index entry belongs to another version of the row than `data`. */
  isCurrentEntry(index: TableIndex, entryKey: string, data: RowData, row: Row): boolean {
    return (row.head.prev === null && row.head.data === data) || index.entryKey(data, row) === entryKey;
  }

  /** Adds an index over all rows; throws the duplicate error when it is unique and they are not. The table must not be in use by others. */
  addIndex(options: IndexOptions): TableIndex {
    const index = new TableIndex(options, this.columns);
    for (const row of this.#allRows()) {
      for (let version: Version | null = row.head; version; version = version.prev) {
        if (version.data === null) continue;
        if (version === row.head && index.unique && index.entries.firstWithPrefix(index.keyOf(version.data)))
          throw this.#host.duplicate(index, version.data);
        index.entries.set(index.entryKey(version.data, row), row);
      }
    }
    if (!options.clustered) this.indexes.push(index);
    else if (this.isHeap) this.indexes[0] = index;
    else this.indexes.unshift(index);
    return index;
  }

  dropIndex(name: string): void {
    const rows = this.#allRows();
    this.indexes = this.indexes.filter((index) => index.name !== name);
    if (this.indexes.some((index) => index.clustered)) return;
    const heap = new TableIndex(HEAP, this.columns);
    for (const row of rows) heap.entries.set(heap.entryKey([], row), row);
    this.indexes.unshift(heap);
  }

  /** Replaces the data of every version by what `change` makes of it, for ALTER TABLE; no index may hold a changed column. */
  rewrite(change: (data: RowData) => RowData): void {
    this.rewrites++;
    for (const row of this.#allRows()) {
      const copies: Version[] = [];
      for (let version: Version | null = row.head; version; version = version.prev)
        copies.push({ ...version, data: version.data === null ? null : change(version.data) });
      for (let i = 0; i + 1 < copies.length; i++) copies[i]!.prev = copies[i + 1]!;
      row.head = copies[0]!;
    }
  }

  /** Takes a write back: `before` is the row's head again. */
  revert(row: Row, before: Version | null): void {
    const undone = row.head;
    if (before === null) {
      if (undone.data) this.#dropEntries(row, [undone.data], []);
      return;
    }
    row.head = before;
    if (undone.moved && undone.data) this.#dropEntries(row, [undone.data], versionsOf(before));
  }

  /** Drops versions that nobody at `oldest` or later can see, and rows of which only a tombstone is left. */
  prune(row: Row, oldest: number): void {
    let keep: Version | null = row.head;
    while (keep !== null && (keep.tx !== null || keep.seq > oldest)) keep = keep.prev;
    if (keep === null || (keep.prev === null && keep.data !== null)) return;
    let moved = keep.moved;
    for (let version = keep.prev; version; version = version.prev) moved ||= version.moved;
    const dropped = keep.prev ? versionsOf(keep.prev) : [];
    keep.prev = null;
    if (moved) this.#dropEntries(row, dropped, versionsOf(row.head));
  }

  #place(tx: Transaction, data: RowData): Row {
    if (this.#rowversionAt >= 0) data[this.#rowversionAt] = this.#host.nextRowversion();
    const { indexes } = this;
    const keys: string[] = [];
    for (let i = 0; i < indexes.length; i++) {
      const index = indexes[i]!;
      const key = index.keyOf(data);
      keys.push(key);
      if (!index.unique || index.entries.firstWithPrefix(key) === undefined) continue;
      if (this.findUnique(tx, index, key) !== null) throw this.#host.duplicate(index, data);
    }
    const row = new Row(++this.#lastRowId, { data, tx, seq: 0, prev: null, moved: true });
    const suffix = rowSuffix(row.id);
    for (let i = 0; i < keys.length; i++) {
      keys[i] += suffix;
      this.locks.assertKeyFree(tx, i, keys[i]!);
    }
    for (let i = 0; i < keys.length; i++) indexes[i]!.entries.set(keys[i]!, row);
    tx.undo.push({ table: this, row, before: null });
    if (tx.trackingContext !== null) tx.contexts.set(row, tx.trackingContext);
    return row;
  }

  #writable(tx: Transaction, row: Row): RowData {
    this.locks.enter(tx, true);
    assertRowFree(tx, row, 'X');
    if (row.head.tx === null && row.head.seq > tx.snapshot) throw this.#host.updateConflict(this);
    if (row.head.data === null) throw new Error('the row to write is deleted');
    return row.head.data;
  }

  #push(tx: Transaction, row: Row, data: RowData | null, moved: boolean): void {
    const before = row.head;
    tx.undo.push({ table: this, row, before });
    if (tx.trackingContext !== null) tx.contexts.set(row, tx.trackingContext);
    row.head = { data, tx, seq: 0, prev: before, moved };
  }

  #change(tx: Transaction, op: 1 | 2 | 4, before: RowData | null, after: RowData | null): void {
    if (this.tracked === 0 || this.log === null) return;
    const lsn = tx.append(this.log);
    tx.changes.push({ table: this, op, before, after, lsn, commandId: tx.commandId });
  }

  #logMoves(tx: Transaction, befores: readonly RowData[], afters: readonly RowData[]): void {
    const log = this.log!;
    const deleteId = tx.commandId++;
    if (befores.length === 1) {
      const lsn = tx.append(log);
      const change = { table: this, lsn };
      tx.changes.push({ ...change, op: 1, before: befores[0]!, after: null, commandId: deleteId });
      tx.changes.push({ ...change, op: 2, before: null, after: afters[0]!, commandId: tx.commandId });
      return;
    }
    const primary = this.indexes.find((index) => index.primary);
    const collapsed: Change[] = [];
    const inserts = new Map(primary ? afters.map((data) => [primary.keyOf(data), data]) : []);
    for (const before of befores) {
      const key = primary?.keyOf(before) ?? '';
      const after = inserts.get(key);
      inserts.delete(key);
      collapsed.push({ table: this, op: after ? 4 : 1, before, after: after ?? null, lsn: 0, commandId: deleteId });
    }
    const left = primary ? [...inserts.values()] : afters;
    for (const after of left)
      collapsed.push({ table: this, op: 2, before: null, after, lsn: 0, commandId: tx.commandId });
    for (const change of collapsed) tx.changes.push({ ...change, lsn: tx.append(log) });
  }

  #dropEntries(row: Row, dropped: readonly (RowData | null)[], kept: readonly (RowData | null)[]): void {
    for (const index of this.indexes) {
      const keep = new Set(kept.filter((data) => data !== null).map((data) => index.entryKey(data, row)));
      for (const data of dropped) {
        if (data === null) continue;
        const key = index.entryKey(data, row);
        if (!keep.has(key)) index.entries.delete(key);
      }
    }
  }

  #allRows(): Set<Row> {
    const rows = new Set<Row>();
    const cursor = this.indexes[0]!.entries.cursor(FIRST, LAST);
    while (cursor.next()) rows.add(cursor.value);
    return rows;
  }
}

/** The index of a table without a clustered one: ordered by row id alone. */
const HEAP: IndexOptions = {
  name: '',
  columns: [],
  unique: false,
  primary: false,
  constraint: false,
  clustered: false,
};

function versionsOf(head: Version): (RowData | null)[] {
  const versions: (RowData | null)[] = [];
  for (let version: Version | null = head; version; version = version.prev) versions.push(version.data);
  return versions;
}
