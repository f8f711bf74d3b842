import type { CommittedChanges, TransactionLog } from '../store/log.ts';
import { firstOfNextFile } from './lsn.ts';

/** A database's log: places in commit order, and the committed transactions that the capture job has not read yet. */
export class DatabaseLog implements TransactionLog {
  #last = 20_000;
  #pending: (CommittedChanges | undefined)[] = [];
  #head = 0;
  /** Commits the capture job may take: with a log on disk those that are safe there, otherwise all. */
  #readable = Number.POSITIVE_INFINITY;

  /** From now on the capture job sees a commit only after `release`. */
  holdBack(): void {
    this.#readable = this.pendingCount;
  }

  /** One more of the waiting commits is safe. */
  release(): void {
    this.#readable++;
  }

  /** Goes on after a restart: `last` is the newest place given out before, `pending` what the capture job had not read. */
  restore(last: number, pending: readonly CommittedChanges[]): void {
    this.#last = Math.max(last, this.#last);
    this.#pending = [...pending];
    this.#head = 0;
  }

  /** The places of the present log file are left out: what a restart or a failover does. */
  skipToNextFile(): void {
    this.#last = firstOfNextFile(this.#last);
  }

  /** Commits the capture job has not read, oldest first. */
  get pending(): readonly CommittedChanges[] {
    return this.#pending.slice(this.#head) as CommittedChanges[];
  }

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

  /** The oldest commit that the capture job has not read, whether it may yet or not. */
  get head(): CommittedChanges | undefined {
    return this.#pending[this.#head];
  }

  /** The oldest waiting transaction, without taking it. */
  peek(): CommittedChanges | undefined {
    return this.#readable > 0 ? this.#pending[this.#head] : undefined;
  }

  /** Takes the oldest waiting transaction. */
  take(): CommittedChanges | undefined {
    const entry = this.peek();
    if (!entry) return undefined;
    this.#readable--;
    this.#pending[this.#head] = undefined;
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
