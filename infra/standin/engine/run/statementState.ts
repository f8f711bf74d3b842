import type { IsolationLevel } from '../../sql/astStatements.ts';
import { sqlError } from '../../sql/errors.ts';
import { LATEST } from '../../store/row.ts';
import type { Transaction } from '../../store/transaction.ts';
import type { Transactions } from '../../store/transactions.ts';
import type { Database } from '../model/database.ts';
import type { TableObject } from '../model/tableObject.ts';
import type { LockPlan } from '../query/source.ts';

/** What one run of one statement reads and writes with. */
export class StatementState {
  readonly tx: Transaction;
  readonly isolation: IsolationLevel;
  /** Results of subqueries that do not depend on the row, by plan. */
  readonly cache = new Map<object, unknown>();
  /** OPTION (MAXRECURSION n). */
  maxRecursion: number | null = null;
  readonly #transactions: Transactions;
  /** The commits a READ COMMITTED statement sees, all the same for its whole run. */
  readonly #reader: number;
  #local: Transaction | null = null;
  #closed = false;

  constructor(transactions: Transactions, tx: Transaction, isolation: IsolationLevel) {
    this.#transactions = transactions;
    this.tx = tx;
    this.isolation = isolation;
    this.#reader = transactions.openReader();
  }

  get snapshot(): number {
    return this.tx.snapshot === LATEST ? this.#reader : this.tx.snapshot;
  }

  /** Writes to table variables: they end with the statement, whatever becomes of the transaction. Null before the first. */
  get localReads(): Transaction | null {
    return this.#local;
  }

  /** The same, begun if need be. */
  get local(): Transaction {
    this.#local ??= this.#transactions.begin(this.tx.party);
    return this.#local;
  }

  /** Ends the statement: lets go of the versions kept for reading, keeps or takes back what it wrote to table variables. */
  close(succeeded: boolean): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#transactions.closeReader(this.#reader);
    if (this.#local && succeeded) this.#transactions.commit(this.#local);
    else if (this.#local) this.#transactions.rollback(this.#local);
    this.#local = null;
  }

  /** To be called before a table is read or written: fixes the view of a SNAPSHOT transaction at its first access. */
  touch(table: TableObject): void {
    if (table.isVariable) return;
    this.touchDatabase(table.database);
    if (this.tx.snapshot !== LATEST && table.definedAtSeq > this.tx.snapshot) throw sqlError(3961, table.database.name);
  }

  touchDatabase(database: Database): void {
    if (this.isolation !== 'snapshot' || database.isTemp) return;
    if (!database.options.snapshotIsolation) throw sqlError(3952, database.name);
    this.#transactions.fixSnapshot(this.tx, database.log);
  }

  /** The way a table is read, given its hints and the isolation level. */
  effectiveLock(plan: LockPlan, database: Database): LockPlan {
    if (plan.dirty) return plan;
    switch (this.isolation) {
      case 'readUncommitted':
        return plan.current ? plan : { ...plan, dirty: true };
      case 'repeatableRead':
        return { ...plan, current: true, rowLock: plan.rowLock ?? 'S' };
      case 'serializable':
        return {
          ...plan,
          current: true,
          rowLock: plan.rowLock ?? 'S',
          range: plan.range ?? (plan.rowLock ? 'U' : 'S'),
        };
      case 'readCommitted':
        return plan.current || database.options.readCommittedSnapshot ? plan : { ...plan, current: true };
      default:
        // Rows are found as of the snapshot; what changed since is a conflict when it is written.
        return plan.current ? { ...plan, current: false } : plan;
    }
  }
}
