import type { RowData } from './row.ts';
import type { Table } from './table.ts';

/** A row change of a tracked table. `lsn` and all other log places are ordinals of log records; cdc/lsn.ts spells them as binary(10). */
export interface Change {
  readonly table: Table;
  /** 1 delete, 2 insert, 4 update. */
  readonly op: 1 | 2 | 4;
  readonly before: RowData | null;
  readonly after: RowData | null;
  readonly lsn: number;
  readonly commandId: number;
}

/** A committed transaction's tracked changes in one database. */
export interface CommittedChanges {
  readonly transactionId: number;
  readonly beginLsn: number;
  readonly beginTimeMs: number;
  readonly commitLsn: number;
  readonly commitTimeMs: number;
  readonly changes: readonly Change[];
}

/** A database's transaction log, as the store needs it: it hands out places and takes what was committed. */
export interface TransactionLog {
  /** Reserves the next place. */
  append(): number;
  commit(entry: CommittedChanges): void;
}
