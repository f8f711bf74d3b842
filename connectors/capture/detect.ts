import type { Queryable } from '#connectors/sqlserver/connection.ts';
import { type Lsn, lsnFromBuffer } from '#connectors/sqlserver/lsn.ts';

/** What one poll found. */
export interface Detected {
  /** Everything at or below it is in the change tables; null while nothing was captured yet. */
  readonly maxLsn: Lsn | null;
  /** When that was committed, ms since 1970 UTC; null when the source does not say. */
  readonly maxTimeMs: number | null;
  readonly utcOffsetMinutes: number;
  /** Differs when capture instances came or went, or a definition changed. */
  readonly fingerprint: string | null;
  /** Newest change by capture instance; null when its change table is empty. Of the instances that were asked for. */
  readonly newest: ReadonlyMap<string, Lsn | null>;
  /** Low-water mark by capture instance, of all there are: changes below it are gone. */
  readonly marks: ReadonlyMap<string, Lsn>;
}

const toLsn = (value: unknown): Lsn | null => (value ? lsnFromBuffer(value as Buffer) : null);

/** Runs the detect batch (see detectChanges in tableQueries.ts). */
export async function detect(db: Queryable, statement: string, signal: AbortSignal): Promise<Detected> {
  const sets = await db.sets(statement, {}, signal);
  const [maxLsn, maxTime, offset, fingerprint] = sets[0]?.[0] ?? [];
  const marks = sets.at(-1) ?? [];
  const utcOffsetMinutes = Number(offset ?? 0);
  return {
    maxLsn: toLsn(maxLsn),
    maxTimeMs: maxTime ? (maxTime as Date).getTime() - utcOffsetMinutes * 60_000 : null,
    utcOffsetMinutes,
    fingerprint: (fingerprint as string | null | undefined) ?? null,
    newest: new Map(
      sets.slice(1, -1).flatMap((set) => set.map(([name, newest]) => [name as string, toLsn(newest)] as const)),
    ),
    marks: new Map(marks.flatMap(([name, mark]) => (mark ? [[name as string, toLsn(mark)!] as const] : []))),
  };
}
