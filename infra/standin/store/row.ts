import type { SqlValue } from '../sql/values.ts';
import type { Transaction } from './transaction.ts';

/** Values in physical column order (dropped columns keep their place). Never changed once a version holds it. */
export type RowData = SqlValue[];

/** One state of a row. `data` null = deleted. `tx` is the writer until it commits; then `seq` tells when. Newest first. */
export interface Version {
  readonly data: RowData | null;
  tx: Transaction | null;
  /** Commit sequence number; meaningless while `tx` is set. */
  seq: number;
  prev: Version | null;
  /** Some index key differs from the version before (or there is a tombstone among the two). */
  readonly moved: boolean;
}

/** Modes of row and table locks: shared, update (excludes other updates, not readers), exclusive. */
export type LockMode = 'S' | 'U' | 'X';

export interface HeldLock {
  readonly tx: Transaction;
  mode: LockMode;
  /** Its number among the locks of the transaction. */
  readonly number: number;
}

/** A row's identity over its versions. */
export class Row {
  readonly id: number;
  head: Version;
  /** Locks beyond the exclusive one that an uncommitted `head` is. */
  locks: HeldLock[] | null = null;

  constructor(id: number, head: Version) {
    this.id = id;
    this.head = head;
  }
}

/** Sequence number that sees every committed version. */
export const LATEST = Number.POSITIVE_INFINITY;

/** What a reader at `snapshot` sees of a row: its own transaction's newest state, else the newest committed one; null = nothing. */
export function visible(row: Row, tx: Transaction | null, snapshot: number): RowData | null {
  let version: Version | null = row.head;
  do {
    if (version.tx !== null ? version.tx === tx : version.seq <= snapshot) return version.data;
    version = version.prev;
  } while (version !== null);
  return null;
}
