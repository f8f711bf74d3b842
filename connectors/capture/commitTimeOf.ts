import type { Queryable } from '#connectors/sqlserver/connection.ts';
import { type Lsn, lsnFromBuffer } from '#connectors/sqlserver/lsn.ts';
import { lsnParam, nvarcharOf } from '#connectors/sqlserver/params.ts';
import { COMMIT_TIME_FROM } from '#connectors/sqlserver/queries.ts';
import { ZONE_CHARACTERS } from './commitTimes.ts';
import { instantOf } from './sourceZone.ts';

/** When a transaction was committed, ms since 1970 UTC; null when the source does not know any more. */
export type CommitTimeOf = (lsn: Lsn, which: 'exactly' | 'first at or after') => Promise<number | null>;

/** How server-local times become instants, as it is at the moment of asking. */
export interface PresentReading {
  readonly zone: () => Promise<string | null>;
  readonly utcOffsetMinutes: () => number;
  readonly now: () => number;
}

/** Looks commit times up one by one; windows use CommitTimes. */
export function commitTimeOf(db: Queryable, reading: PresentReading, signal: AbortSignal): CommitTimeOf {
  return async (lsn, which) => {
    const params = { lsn: lsnParam(lsn), zone: nvarcharOf(ZONE_CHARACTERS, await reading.zone()) };
    const [row] = await db.rows(COMMIT_TIME_FROM, params, signal);
    if (!row || (which === 'exactly' && lsnFromBuffer(row[0] as Buffer) !== lsn)) return null;
    const time = { local: row[1] as Date, offsetMinutes: (row[2] as number | null | undefined) ?? null };
    return instantOf(time, reading.utcOffsetMinutes(), reading.now());
  };
}
