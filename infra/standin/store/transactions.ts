import type { TrackedCommit } from '../tracking/trackedTable.ts';
import type { Change, CommittedChanges, TransactionLog } from './log.ts';
import { type HeldLock, LATEST, type Row } from './row.ts';
import type { Table } from './table.ts';
import { type Mark, Transaction } from './transaction.ts';
import type { Party } from './waits.ts';

const NO_COMMITS: ReadonlyMap<TransactionLog, CommittedChanges> = new Map();

/** Begins, commits and rolls back transactions of a whole server, and drops row versions that no reader can see any more. */
export class Transactions {
  #lastId = 1000;
  #lastSeq = 1;
  /** Sequence numbers readers look at, with their number of readers; insertion order is ascending. */
  readonly #readers = new Map<number, number>();
  /** Committed writes whose older versions a reader may still need, in commit order. */
  #prunable: { readonly seq: number; readonly table: Table; readonly row: Row }[] = [];
  #prunableFrom = 0;
  readonly active = new Set<Transaction>();
  readonly #nowMs: () => number;
  /** Told of every commit that wrote something, right after it took effect in memory. */
  onCommit:
    | ((
        tx: Transaction,
        commits: ReadonlyMap<TransactionLog, CommittedChanges>,
        tracked: readonly TrackedCommit[],
      ) => void)
    | null = null;
  /** Notes changes of tracked tables; null while no database tracks any. */
  track: ((tx: Transaction, seq: number) => readonly TrackedCommit[]) | null = null;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  begin(party: Party): Transaction {
    const tx = new Transaction(++this.#lastId, party, this.#nowMs());
    this.active.add(tx);
    return tx;
  }

  /** Number of the newest commit. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** Counts a change of a definition like a commit: snapshots of before are older than it, those opened from now on are not. */
  nextSeq(): number {
    return ++this.#lastSeq;
  }

  /** Keeps the present state readable until `closeReader` is called with the returned number. */
  openReader(): number {
    const seq = this.#lastSeq;
    this.#readers.set(seq, (this.#readers.get(seq) ?? 0) + 1);
    return seq;
  }

  closeReader(seq: number): void {
    const readers = this.#readers.get(seq)! - 1;
    if (readers > 0) this.#readers.set(seq, readers);
    else {
      this.#readers.delete(seq);
      this.#prune();
    }
  }

  /**
   * Fixes what a SNAPSHOT transaction sees, once. A place in each given log is reserved at the same instant, so commits the view holds have
   * a lower LSN than the transaction's begin LSN and all others a higher one.
   */
  fixSnapshot(tx: Transaction, log: TransactionLog): void {
    if (tx.snapshot !== LATEST) return;
    tx.snapshot = this.openReader();
    tx.presence(log);
  }

  commit(tx: Transaction): void {
    if (tx.undo.length > 0) {
      const seq = ++this.#lastSeq;
      for (const entry of tx.undo) {
        for (let version = entry.row.head; version.tx === tx; ) {
          version.tx = null;
          version.seq = seq;
          if (version.prev === null) break;
          version = version.prev;
        }
      }
      const commits = this.#log(tx);
      const tracked = this.track?.(tx, seq) ?? [];
      this.onCommit?.(tx, commits, tracked);
      this.#end(tx);
      for (const { table, row } of tx.undo) this.#prunable.push({ seq, table, row });
      this.#prune();
      return;
    }
    this.#end(tx);
  }

  rollback(tx: Transaction): void {
    this.undoTo(tx, { undo: 0, changes: 0, locks: 0, definitions: 0 });
    this.#end(tx);
  }

  /** Takes back the writes and definitions since the mark, the last first. Locks stay. */
  undoTo(tx: Transaction, mark: Mark): void {
    for (let i = tx.undo.length - 1; i >= mark.undo; i--) {
      if (tx.definitions.length > mark.definitions) takeBackDefinitions(tx, mark.definitions, i);
      const { table, row, before } = tx.undo[i]!;
      table.revert(row, before);
    }
    tx.undo.length = mark.undo;
    takeBackDefinitions(tx, mark.definitions, -1);
    tx.changes.length = mark.changes;
  }

  /** Lets go of the locks taken since the mark: what rolling back to a savepoint does beside undoing. */
  unlockTo(tx: Transaction, mark: Mark): void {
    for (const row of tx.lockedRows) dropRowLocks(row, (lock) => lock.tx !== tx || lock.number < mark.locks);
    for (const locks of tx.lockedTables) locks.dropSince(tx, mark.locks);
    tx.party.release();
  }

  /** The highest transaction id given out. */
  get lastId(): number {
    return this.#lastId;
  }

  /** Ids go on behind this one. */
  restore(lastId: number): void {
    this.#lastId = Math.max(this.#lastId, lastId);
  }

  #log(tx: Transaction): ReadonlyMap<TransactionLog, CommittedChanges> {
    if (tx.changes.length === 0) return NO_COMMITS;
    const byLog = new Map<TransactionLog, Change[]>();
    for (const change of tx.changes) {
      const log = change.table.log!;
      const list = byLog.get(log);
      if (list) list.push(change);
      else byLog.set(log, [change]);
    }
    const commits = new Map<TransactionLog, CommittedChanges>();
    for (const [log, changes] of byLog) {
      const { beginLsn, beginTimeMs } = tx.presence(log);
      const commitLsn = log.append();
      const commit = { transactionId: tx.id, beginLsn, beginTimeMs, commitLsn, commitTimeMs: this.#nowMs(), changes };
      log.commit(commit);
      commits.set(log, commit);
    }
    return commits;
  }

  #end(tx: Transaction): void {
    tx.ended = true;
    this.active.delete(tx);
    for (const row of tx.lockedRows) dropRowLocks(row, (lock) => lock.tx !== tx);
    for (const locks of tx.lockedTables) locks.drop(tx);
    if (tx.snapshot !== LATEST) this.closeReader(tx.snapshot);
    tx.party.release();
  }

  #prune(): void {
    const oldest = this.#readers.keys().next().value ?? LATEST;
    const queue = this.#prunable;
    let at = this.#prunableFrom;
    for (; at < queue.length && queue[at]!.seq <= oldest; at++) queue[at]!.table.prune(queue[at]!.row, oldest);
    if (at === queue.length) {
      this.#prunable = [];
      this.#prunableFrom = 0;
    } else if (at > 10_000 && at > queue.length >> 1) {
      this.#prunable = queue.slice(at);
      this.#prunableFrom = 0;
    } else this.#prunableFrom = at;
  }
}

/** Takes back the definitions that were noted behind the write with that number, down to `kept` ones. */
function takeBackDefinitions(tx: Transaction, kept: number, write: number): void {
  const { definitions } = tx;
  while (definitions.length > kept && definitions.at(-1)!.writes > write) definitions.pop()!.takeBack();
}

function dropRowLocks(row: Row, keep: (lock: HeldLock) => boolean): void {
  if (!row.locks) return;
  row.locks = row.locks.filter(keep);
  if (row.locks.length === 0) row.locks = null;
}
