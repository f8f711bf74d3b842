import type { CommittedChanges, TransactionLog } from '../store/log.ts';

/** A database's log: places in commit order, and the committed transactions that the capture job has not read yet. */
export class DatabaseLog implements TransactionLog {
  #last = 20_000;
  #pending: CommittedChanges[] = [];
  #head = 0;

  append(): number {
    return ++this.#last;
  }

  /** The newest place given out. */
  get last(): number {
    return this.#last;
  }

  commit(entry: CommittedChanges): void {
    this.#pending.push(entry);
  }

  /** Transactions waiting for the capture job. */
  get pendingCount(): number {
    return this.#pending.length - this.#head;
  }

  /** The oldest waiting transaction, without taking it. */
  peek(): CommittedChanges | undefined {
    return this.#pending[this.#head];
  }

  /** Takes the oldest waiting transaction. */
  take(): CommittedChanges | undefined {
    const entry = this.#pending[this.#head];
    if (!entry) return undefined;
    this.#head++;
    if (this.#head === this.#pending.length) {
      this.#pending = [];
      this.#head = 0;
    } else if (this.#head > 4096) {
      this.#pending = this.#pending.slice(this.#head);
      this.#head = 0;
    }
    return entry;
  }
}
