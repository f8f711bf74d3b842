/** A row of cdc.lsn_time_mapping; places in the log are ordinals, times ms since 1970. */
export interface TimeMapping {
  readonly startLsn: number;
  readonly beginMs: number;
  readonly endMs: number;
  /** 0 for the rows that only mark passing time. */
  readonly transactionId: number;
  readonly beginLsn: number;
}

/** cdc.lsn_time_mapping: one row per captured transaction, ascending by LSN and by end time. */
export class TimeMap {
  #rows: TimeMapping[] = [];
  #head = 0;

  get length(): number {
    return this.#rows.length - this.#head;
  }

  get last(): TimeMapping | undefined {
    return this.length > 0 ? this.#rows.at(-1) : undefined;
  }

  at(position: number): TimeMapping | undefined {
    return this.#rows[this.#head + position];
  }

  push(row: TimeMapping): void {
    const last = this.last;
    // The clock may step back; the column may not.
    this.#rows.push(last && row.endMs < last.endMs ? { ...row, endMs: last.endMs } : row);
  }

  /** Number of rows below `lsn` (with `orEqual`: not above it). */
  countBelow(lsn: number, orEqual: boolean): number {
    return this.#count((row) => (orEqual ? row.startLsn <= lsn : row.startLsn < lsn));
  }

  /** Number of rows that ended before `ms` (with `orEqual`: not after it). */
  countEndedBefore(ms: number, orEqual: boolean): number {
    return this.#count((row) => (orEqual ? row.endMs <= ms : row.endMs < ms));
  }

  dropBelow(lsn: number): void {
    this.#head += this.countBelow(lsn, false);
    if (this.#head > 8192 && this.#head > this.#rows.length >> 1) {
      this.#rows = this.#rows.slice(this.#head);
      this.#head = 0;
    }
  }

  #count(before: (row: TimeMapping) => boolean): number {
    let lo = this.#head;
    let hi = this.#rows.length;
    while (lo < hi) {
      const mid = (lo + hi) >> 1;
      if (before(this.#rows[mid]!)) lo = mid + 1;
      else hi = mid;
    }
    return lo - this.#head;
  }
}
