import type { Queryable } from '#connectors/sqlserver/connection.ts';
import { type Lsn, lsnFromBuffer } from '#connectors/sqlserver/lsn.ts';
import type { CaptureInstance } from '#connectors/sqlserver/metadata.ts';

/** What one poll found. */
export interface Detected {
  /** Everything at or below it is in the change tables; null while nothing was captured yet. */
  readonly maxLsn: Lsn | null;
  readonly utcOffsetMinutes: number;
  /** By capture instance. */
  readonly tables: ReadonlyMap<string, DetectedTable>;
}

export interface DetectedTable {
  /** Newest change of the table; null when its change table is empty. */
  readonly newestLsn: Lsn | null;
  /** Changes below it are gone; null when the instance does not exist any more. */
  readonly minLsn: Lsn | null;
}

const toLsn = (value: unknown): Lsn | null => (value ? lsnFromBuffer(value as Buffer) : null);

/** Runs the detect statement (see detectChanges in tableQueries.ts) made for these instances. */
export async function detect(
  db: Queryable,
  statement: string,
  instances: readonly CaptureInstance[],
  signal: AbortSignal,
): Promise<Detected> {
  const rows = await db.rows(statement, {}, signal);
  const byName = new Map(rows.map((row) => [row[0] as string, row]));
  return {
    maxLsn: toLsn(rows[0]?.[1]),
    utcOffsetMinutes: Number(rows[0]?.[4] ?? 0),
    tables: new Map(
      instances.map(({ name }) => {
        const row = byName.get(name);
        return [name, { newestLsn: toLsn(row?.[2]), minLsn: toLsn(row?.[3]) }];
      }),
    ),
  };
}
