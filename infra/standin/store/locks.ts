import { Blocked } from './blocked.ts';
import { type Bound, compareBounds, isBefore } from './orderedMap.ts';
import type { HeldLock, LockMode, Row } from './row.ts';
import type { Transaction } from './transaction.ts';
import type { Party } from './waits.ts';

/** The keys of an index (given by its position) from `from` to `to`: nobody else may put a key in there. */
export interface RangeRequest {
  readonly tx: Transaction;
  readonly index: number;
  readonly from: Bound;
  readonly to: Bound;
  readonly mode: 'S' | 'U';
}

interface RangeLock extends RangeRequest {
  readonly number: number;
}

/** Whether two different transactions may hold these at once. */
function compatible(a: LockMode, b: LockMode): boolean {
  if (a === 'X' || b === 'X') return false;
  return a === 'S' || b === 'S';
}

const STRENGTH: Record<LockMode, number> = { S: 1, U: 2, X: 3 };

/** Takes a row lock for the transaction, or throws Blocked. */
export function lockRow(tx: Transaction, row: Row, mode: LockMode): void {
  assertRowFree(tx, row, mode);
  const own = row.locks?.find((lock) => lock.tx === tx);
  if (own) {
    if (STRENGTH[mode] > STRENGTH[own.mode]) own.mode = mode;
    return;
  }
  const lock: HeldLock = { tx, mode, number: tx.lockCount++ };
  if (row.locks) row.locks.push(lock);
  else row.locks = [lock];
  tx.lockedRows.push(row);
}

/** Throws Blocked when another transaction's write or lock stands in the way of `mode`. */
export function assertRowFree(tx: Transaction | null, row: Row, mode: LockMode): void {
  const writer = row.head.tx;
  if (writer !== null && writer !== tx) throw new Blocked([writer.party]);
  if (row.locks === null) return;
  const others = row.locks.filter((lock) => lock.tx !== tx && !compatible(lock.mode, mode));
  if (others.length > 0) throw new Blocked(others.map((lock) => lock.tx.party));
}

/** The locks on a table as a whole and on ranges of its indexes, and who works in it. */
export class TableLocks {
  #table: HeldLock[] = [];
  #ranges: RangeLock[] = [];
  /** Transactions with row locks here; true = they write or hold update locks. */
  readonly #intents = new Map<Transaction, boolean>();

  /** Notes that the transaction is about to lock or write rows; throws Blocked when a table lock forbids it. */
  enter(tx: Transaction, writes: boolean): void {
    const intent = this.#intents.get(tx);
    tx.lockedTables.add(this);
    if (intent === undefined || (writes && !intent)) {
      this.#throwIf(
        this.#table.filter((lock) => lock.tx !== tx && (lock.mode === 'X' || (writes && lock.mode === 'S'))),
      );
      this.#intents.set(tx, writes);
      return;
    }
    if (this.#table.length > 0)
      this.#throwIf(
        this.#table.filter((lock) => lock.tx !== tx && (lock.mode === 'X' || (writes && lock.mode === 'S'))),
      );
  }

  /** Throws Blocked when another transaction has the table for itself. */
  assertReadable(tx: Transaction | null): void {
    if (this.#table.length > 0) this.#throwIf(this.#table.filter((lock) => lock.tx !== tx && lock.mode === 'X'));
  }

  /** Locks the whole table: S keeps writers out, X everybody who locks. */
  lockTable(tx: Transaction, mode: 'S' | 'X'): void {
    const blockers: Party[] = [];
    for (const [other, writes] of this.#intents)
      if (other !== tx && (mode === 'X' || writes)) blockers.push(other.party);
    for (const lock of this.#table)
      if (lock.tx !== tx && !(lock.mode === 'S' && mode === 'S')) blockers.push(lock.tx.party);
    if (blockers.length > 0) throw new Blocked(blockers);
    const own = this.#table.find((lock) => lock.tx === tx);
    tx.lockedTables.add(this);
    if (!own) this.#table.push({ tx, mode, number: tx.lockCount++ });
    else if (mode === 'X') own.mode = 'X';
  }

  /** Locks a range of index keys, present and future. */
  lockRange(lock: RangeRequest): void {
    const blockers: Party[] = [];
    for (const other of this.#ranges) {
      if (other.tx === lock.tx) {
        if (covers(other, lock)) return;
      } else if (other.index === lock.index && other.mode === 'U' && lock.mode === 'U' && overlap(other, lock))
        blockers.push(other.tx.party);
    }
    if (blockers.length > 0) throw new Blocked(blockers);
    lock.tx.lockedTables.add(this);
    this.#ranges.push({ ...lock, number: lock.tx.lockCount++ });
  }

  /** Throws Blocked when another transaction holds the range that this new index key falls into. */
  assertKeyFree(tx: Transaction, index: number, key: string): void {
    if (this.#ranges.length === 0) return;
    const blockers: Party[] = [];
    for (const lock of this.#ranges)
      if (lock.tx !== tx && lock.index === index && !isBefore(key, lock.from) && isBefore(key, lock.to))
        blockers.push(lock.tx.party);
    if (blockers.length > 0) throw new Blocked(blockers);
  }

  /** Drops everything the transaction holds here. */
  drop(tx: Transaction): void {
    this.#intents.delete(tx);
    this.dropSince(tx, 0);
  }

  /** Drops the table and range locks the transaction took from its lock of that number on. */
  dropSince(tx: Transaction, number: number): void {
    const keep = (lock: { readonly tx: Transaction; readonly number: number }): boolean =>
      lock.tx !== tx || lock.number < number;
    if (this.#table.length > 0) this.#table = this.#table.filter(keep);
    if (this.#ranges.length > 0) this.#ranges = this.#ranges.filter(keep);
  }

  #throwIf(locks: readonly HeldLock[]): void {
    if (locks.length > 0) throw new Blocked(locks.map((lock) => lock.tx.party));
  }
}

function overlap(a: RangeRequest, b: RangeRequest): boolean {
  return compareBounds(a.from, b.to) < 0 && compareBounds(b.from, a.to) < 0;
}

function covers(a: RangeRequest, b: RangeRequest): boolean {
  return (
    a.index === b.index &&
    (a.mode === 'U' || b.mode === 'S') &&
    compareBounds(a.from, b.from) <= 0 &&
    compareBounds(b.to, a.to) <= 0
  );
}
