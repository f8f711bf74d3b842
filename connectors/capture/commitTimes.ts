import type { Queryable } from '#connectors/sqlserver/connection.ts';
import { decrementLsn, type Lsn, lsnFromBuffer } from '#connectors/sqlserver/lsn.ts';
import { int, lsnParam, nvarcharOf } from '#connectors/sqlserver/params.ts';
import { COMMIT_TIMES } from '#connectors/sqlserver/queries.ts';
import { instantOf } from './sourceZone.ts';

const PAGE = 1000;
export const ZONE_CHARACTERS = 128;

/** How server-local times become instants. */
export interface TimeReading {
  /** The server's time zone; null when it is not known. */
  readonly zone: string | null;
  /** The server's present offset from UTC: counts where the zone is not known. */
  readonly utcOffsetMinutes: number;
  readonly now: () => number;
}

/**
 * Commit times of a window of transactions, asked for in LSN order and read page by page. The server keeps them in its local time without a
 * zone: see sourceZone.ts.
 */
export class CommitTimes {
  readonly #db: Queryable;
  readonly #to: Lsn;
  readonly #reading: TimeReading;
  readonly #signal: AbortSignal;
  #after: Lsn;
  #times = new Map<Lsn, number>();
  #complete = false;

  /** For the window [from, to]. */
  constructor(db: Queryable, from: Lsn, to: Lsn, reading: TimeReading, signal: AbortSignal) {
    this.#db = db;
    this.#after = decrementLsn(from);
    this.#to = to;
    this.#reading = reading;
    this.#signal = signal;
  }

  /** Milliseconds since 1970 UTC; null when the server no longer knows. Ask in ascending order. */
  async timeOf(commitLsn: Lsn): Promise<number | null> {
    while (!this.#complete && this.#after < commitLsn) await this.#fill();
    return this.#times.get(commitLsn) ?? null;
  }

  async #fill(): Promise<void> {
    const { zone, utcOffsetMinutes, now } = this.#reading;
    const window = { rows: int(PAGE), after: lsnParam(this.#after), to: lsnParam(this.#to) };
    const rows = await this.#db.rows(
      COMMIT_TIMES,
      { ...window, zone: nvarcharOf(ZONE_CHARACTERS, zone) },
      this.#signal,
    );
    const nowMs = now();
    this.#times = new Map();
    for (const [start, end, offset] of rows) {
      const at = lsnFromBuffer(start as Buffer);
      const time = { local: end as Date, offsetMinutes: (offset as number | null | undefined) ?? null };
      this.#times.set(at, instantOf(time, utcOffsetMinutes, nowMs));
      this.#after = at;
    }
    this.#complete = rows.length < PAGE;
  }
}
