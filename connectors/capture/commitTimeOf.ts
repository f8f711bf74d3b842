import type { Queryable } from '#connectors/sqlserver/connection.ts';
import { type Lsn, lsnFromBuffer } from '#connectors/sqlserver/lsn.ts';
import { lsnParam } from '#connectors/sqlserver/params.ts';
import { COMMIT_TIME_FROM } from '#connectors/sqlserver/queries.ts';

/** When a transaction was committed, ms since 1970 UTC; null when the source does not know any more. */
export type CommitTimeOf = (lsn: Lsn, which: 'exactly' | 'first at or after') => Promise<number | null>;

/** Looks commit times up one by one; windows use CommitTimes. */
export function commitTimeOf(db: Queryable, utcOffsetMinutes: () => number, signal: AbortSignal): CommitTimeOf {
  return async (lsn, which) => {
    const [row] = await db.rows(COMMIT_TIME_FROM, { lsn: lsnParam(lsn) }, signal);
    if (!row || (which === 'exactly' && lsnFromBuffer(row[0] as Buffer) !== lsn)) return null;
    return (row[1] as Date).getTime() - utcOffsetMinutes() * 60_000;
  };
}
