import type { TableLocks } from './locks.ts';
import type { Change, TransactionLog } from './log.ts';
import { LATEST, type Row, type Version } from './row.ts';
import type { Table } from './table.ts';
import type { Party } from './waits.ts';

/** One write: the row's newest version before it (null = the row is new). */
export interface UndoEntry {
  readonly table: Table;
  readonly row: Row;
  readonly before: Version | null;
}

/** How to take back a definition (a table made, an object dropped). */
export interface NotedDefinition {
  /** Number of writes of the transaction before it. */
  readonly writes: number;
  takeBack(): void;
}

/** What a transaction has in the log of one database. */
export interface LogPresence {
  readonly beginLsn: number;
  readonly beginTimeMs: number;
  lastLsn: number;
  savepointLsn: number | null;
}

/** A place inside a transaction to which it can be undone. */
export interface Mark {
  readonly undo: number;
  readonly changes: number;
  readonly locks: number;
  readonly definitions: number;
}

/** An open transaction: what it wrote, locked and logged. Made and ended by `Transactions`. */
export class Transaction {
  readonly id: number;
  readonly party: Party;
  readonly beginTimeMs: number;
  /** Under SNAPSHOT isolation: the commits it sees (set by `Transactions.fixSnapshot`); LATEST otherwise. */
  snapshot = LATEST;
  readonly undo: UndoEntry[] = [];
  readonly changes: Change[] = [];
  /** Definitions made in it, oldest first. */
  readonly definitions: NotedDefinition[] = [];
  readonly logs = new Map<TransactionLog, LogPresence>();
  /** WITH CHANGE_TRACKING_CONTEXT of the running statement, and what it was for the rows written so far. */
  trackingContext: Buffer | null = null;
  readonly contexts = new Map<Row, Buffer>();
  /** Tables that TRUNCATE emptied. */
  readonly truncated = new Set<Table>();
  /** Number of the running statement within the transaction (`__$command_id`). */
  commandId = 0;
  /** Locks taken so far: numbers them in their order. */
  lockCount = 0;
  readonly lockedRows: Row[] = [];
  /** Tables this transaction has rows locked in, a table lock on or a range lock in. */
  readonly lockedTables = new Set<TableLocks>();
  ended = false;

  constructor(id: number, party: Party, beginTimeMs: number) {
    this.id = id;
    this.party = party;
    this.beginTimeMs = beginTimeMs;
  }

  mark(): Mark {
    return {
      undo: this.undo.length,
      changes: this.changes.length,
      locks: this.lockCount,
      definitions: this.definitions.length,
    };
  }

  /** Has a definition taken back when the transaction is undone to a place before now. */
  noteDefinition(takeBack: () => void): void {
    this.definitions.push({ writes: this.undo.length, takeBack });
  }

  /** Where this transaction begins in the log; reserves a place the first time. */
  presence(log: TransactionLog): LogPresence {
    let presence = this.logs.get(log);
    if (!presence) {
      const beginLsn = log.append();
      presence = { beginLsn, beginTimeMs: this.beginTimeMs, lastLsn: beginLsn, savepointLsn: null };
      this.logs.set(log, presence);
    }
    return presence;
  }

  /** Reserves the log place of a further record. */
  append(log: TransactionLog): number {
    const presence = this.presence(log);
    presence.lastLsn = log.append();
    return presence.lastLsn;
  }
}
