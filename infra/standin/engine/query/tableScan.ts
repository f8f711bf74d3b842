import { sqlError } from '../../sql/errors.ts';
import { Blocked } from '../../store/blocked.ts';
import { assertRowFree, lockRow } from '../../store/locks.ts';
import type { Bound, Cursor } from '../../store/orderedMap.ts';
import { LATEST, type Row, type RowData, visible } from '../../store/row.ts';
import type { TableIndex } from '../../store/tableTypes.ts';
import type { TableObject } from '../model/tableObject.ts';
import type { Execution } from '../run/execution.ts';
import type { LockPlan, SeekRange } from './source.ts';

/** No locks, committed versions. */
export const PLAIN_READ: LockPlan = {
  current: false,
  rowLock: null,
  range: null,
  tableLock: null,
  skipLocked: false,
  noWait: false,
  dirty: false,
};

function boundsOf(index: TableIndex, range: SeekRange): { from: Bound; to: Bound } {
  const prefix = index.prefixOf([...range.equals]);
  const encode = (values: readonly unknown[]): string => {
    let key = prefix;
    for (let i = 0; i < values.length; i++)
      key += index.encoders[range.equals.length + i]!(values[i] as RowData[number]);
    return key;
  };
  return {
    from: range.low ? { prefix: encode(range.low.values), after: !range.low.inclusive } : { prefix, after: false },
    to: range.high ? { prefix: encode(range.high.values), after: range.high.inclusive } : { prefix, after: true },
  };
}

/** Reads rows of a table over one index, in the ranges given. `row` and `data` are the current row's after `next()` returned true. */
export class TableScan {
  row!: Row;
  data!: RowData;
  readonly #object: TableObject;
  readonly #indexAt: number;
  readonly #index: TableIndex;
  readonly #ranges: readonly SeekRange[];
  readonly #reverse: boolean;
  readonly #env: Execution;
  readonly #lock: LockPlan;
  #cursor: Cursor<Row> | null = null;
  #rangeAt = 0;

  constructor(
    env: Execution,
    object: TableObject,
    indexAt: number,
    ranges: readonly SeekRange[],
    reverse: boolean,
    lock: LockPlan,
  ) {
    this.#env = env;
    this.#object = object;
    this.#indexAt = indexAt;
    this.#index = object.data.indexes[indexAt]!;
    this.#ranges = ranges;
    this.#reverse = reverse;
    this.#lock = object.isVariable ? PLAIN_READ : env.statement.effectiveLock(lock, object.database);
    env.statement.touch(object);
    const { tx } = env.statement;
    this.#now(() => {
      if (this.#lock.tableLock && tx) object.data.locks.lockTable(tx, this.#lock.tableLock);
      else if (this.#lock.current && !object.isVariable) object.data.locks.assertReadable(tx);
    });
  }

  next(): boolean {
    for (;;) {
      const cursor = this.#cursor ?? this.#open();
      if (cursor === null) return false;
      while (cursor.next()) if (this.#accept(cursor.value, cursor.key)) return true;
      this.#cursor = null;
    }
  }

  #open(): Cursor<Row> | null {
    const range = this.#ranges[this.#reverse ? this.#ranges.length - 1 - this.#rangeAt : this.#rangeAt];
    if (!range) return null;
    this.#rangeAt++;
    const { from, to } = boundsOf(this.#index, range);
    const { tx } = this.#env.statement;
    if (this.#lock.range && tx)
      this.#object.data.locks.lockRange({ tx, index: this.#indexAt, from, to, mode: this.#lock.range });
    this.#cursor = this.#index.entries.cursor(from, to, this.#reverse);
    return this.#cursor;
  }

  #accept(row: Row, key: string): boolean {
    const { statement } = this.#env;
    const lock = this.#lock;
    let data: RowData | null;
    if (this.#object.isVariable) data = visible(row, statement.localReads, LATEST);
    else if (lock.dirty) data = row.head.data;
    else if (lock.current) {
      if (!this.#pass(row)) return false;
      data = row.head.data;
    } else data = visible(row, statement.tx, statement.snapshot);
    if (data === null || !this.#object.data.isCurrentEntry(this.#index, key, data, row)) return false;
    this.row = row;
    this.data = data;
    return true;
  }

  /** Whether the row may be read as current: throws Blocked when a writer holds it, false when such rows are skipped. */
  #pass(row: Row): boolean {
    const lock = this.#lock;
    try {
      assertRowFree(this.#env.statement.tx, row, lock.rowLock ?? 'S');
      return true;
    } catch (error) {
      if (error instanceof Blocked && lock.skipLocked) return false;
      throw this.#impatient(error);
    }
  }

  #now(take: () => void): void {
    try {
      take();
    } catch (error) {
      throw this.#impatient(error);
    }
  }

  /** With NOWAIT a lock that is not to be had is an error at once. */
  #impatient(error: unknown): unknown {
    return error instanceof Blocked && this.#lock.noWait ? sqlError(1222) : error;
  }

  /** Takes the row lock the plan asks for; to be called once the row has passed the conditions on its table. */
  lockCurrent(): void {
    const { tx } = this.#env.statement;
    if (!this.#lock.rowLock || !tx) return;
    this.#object.data.locks.enter(tx, this.#lock.rowLock !== 'S');
    lockRow(tx, this.row, this.#lock.rowLock);
  }
}
