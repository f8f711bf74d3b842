import type { Change } from '../store/log.ts';

/** A captured change with the commit it belongs to. */
export interface CapturedChange {
  readonly commitLsn: number;
  readonly change: Change;
}

/** Where reading begins or ends: a commit, and within it a command, a change and an operation; missing parts are open. */
export type ChangeKey = readonly number[];

/** Captured changes in the order (commit, command, change); grows at the end, is cleaned up from the front. */
export class ChangeList {
  #entries: (CapturedChange | undefined)[] = [];
  #head = 0;
  #dropped = 0;

  /** Number of entries taken off the front so far: positions have moved by as much. */
  get dropped(): number {
    return this.#dropped;
  }

  get length(): number {
    return this.#entries.length - this.#head;
  }

  push(entry: CapturedChange): void {
    this.#entries.push(entry);
  }

  at(position: number): CapturedChange | undefined {
    return this.#entries[this.#head + position];
  }

  get last(): CapturedChange | undefined {
    return this.length > 0 ? this.#entries.at(-1) : undefined;
  }

  /** Number of entries whose key is below `key` (with `orEqual`: not above it); parts missing in `key` are not compared. */
  countBelow(key: ChangeKey, orEqual: boolean): number {
    let lo = this.#head;
    let hi = this.#entries.length;
    while (lo < hi) {
      const mid = (lo + hi) >> 1;
      const order = compareKey(this.#entries[mid]!, key);
      if (order < 0 || (orEqual && order === 0)) lo = mid + 1;
      else hi = mid;
    }
    return lo - this.#head;
  }

  /** Drops at most `limit` entries from the front whose commit is below `commitLsn`; returns how many. */
  dropBelow(commitLsn: number, limit: number): number {
    const count = Math.min(limit, this.countBelow([commitLsn], false));
    // The array is cut now and then; what its places hold must go at once.
    this.#entries.fill(undefined, this.#head, this.#head + count);
    this.#head += count;
    this.#dropped += count;
    if (this.#head > 8192 && this.#head > this.#entries.length >> 1) {
      this.#entries = this.#entries.slice(this.#head);
      this.#head = 0;
    }
    return count;
  }
}

function compareKey(entry: CapturedChange, key: ChangeKey): number {
  const { commitLsn, change } = entry;
  return (
    commitLsn - key[0]! ||
    (key.length > 1 ? change.commandId - key[1]! : 0) ||
    (key.length > 2 ? change.lsn - key[2]! : 0)
  );
}
