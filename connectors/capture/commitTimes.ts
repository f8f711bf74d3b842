import type { Queryable } from '#connectors/sqlserver/connection.ts';
import { decrementLsn, type Lsn, lsnFromBuffer } from '#connectors/sqlserver/lsn.ts';
import { int, lsnParam } from '#connectors/sqlserver/params.ts';
import { COMMIT_TIMES } from '#connectors/sqlserver/queries.ts';

const PAGE = 1000;

/**
 * Commit times of a window of transactions, asked for in LSN order and read page by page. The server keeps them in its local time without
 * a zone; `utcOffsetMinutes` is its present offset, so times before the last change of summer time are an hour off.
 */
export class CommitTimes {
  readonly #db: Queryable;
  readonly #to: Lsn;
  readonly #offsetMs: number;
  readonly #signal: AbortSignal;
  #after: Lsn;
  #times = new Map<Lsn, number>();
  #complete = false;

  /** For the window [from, to]. */
  constructor(db: Queryable, from: Lsn, to: Lsn, utcOffsetMinutes: number, signal: AbortSignal) {
    this.#db = db;
    this.#after = decrementLsn(from);
    this.#to = to;
    this.#offsetMs = utcOffsetMinutes * 60_000;
    this.#signal = signal;
  }

  /** Milliseconds since 1970 UTC; null when the server no longer knows. Ask in ascending order. */
  async timeOf(commitLsn: Lsn): Promise<number | null> {
    while (!this.#complete && this.#after < commitLsn) await this.#fill();
    return this.#times.get(commitLsn) ?? null;
  }

  async #fill(): Promise<void> {
    const params = { rows: int(PAGE), after: lsnParam(this.#after), to: lsnParam(this.#to) };
    const rows = await this.#db.rows(COMMIT_TIMES, params, this.#signal);
    this.#times = new Map();
    for (const [start, end] of rows) {
      const at = lsnFromBuffer(start as Buffer);
      this.#times.set(at, (end as Date).getTime() - this.#offsetMs);
      this.#after = at;
    }
    this.#complete = rows.length < PAGE;
  }
}
