import type { Queryable } from '#connectors/sqlserver/connection.ts';
import { SERVER_FACTS, SERVER_TIME_ZONE } from '#connectors/sqlserver/queries.ts';

/** First version that tells its time zone. */
const SQL_SERVER_2022 = 16;
/** Azure SQL Database and Managed Instance, of any version. */
const AZURE_EDITIONS = new Set([5, 8]);

/**
 * The server's time zone as in sys.time_zone_info: what the configuration says, else what the server says (SQL Server 2022 and Azure). Null
 * when neither knows; commit times then count with the present offset. Asked once.
 */
export function sourceZone(
  db: Queryable,
  configured: string | null,
  signal: AbortSignal,
): () => Promise<string | null> {
  let zone: Promise<string | null> | undefined;
  return () => {
    zone ??= configured === null ? askServer(db, signal) : Promise.resolve(configured);
    return zone;
  };
}

async function askServer(db: Queryable, signal: AbortSignal): Promise<string | null> {
  const [facts] = await db.rows(SERVER_FACTS, {}, signal);
  const [version, edition] = facts ?? [];
  if (Number(version) < SQL_SERVER_2022 && !AZURE_EDITIONS.has(Number(edition))) return null;
  const [row] = await db.rows(SERVER_TIME_ZONE, {}, signal);
  return (row?.[0] as string | null | undefined) ?? null;
}

/** A time of the server without a zone, and its offset from UTC at that time where the zone is known. */
export interface LocalTime {
  readonly local: Date;
  readonly offsetMinutes: number | null;
}

/**
 * The instant of a past server-local time, ms since 1970 UTC. In the hour that the clocks repeat in autumn a zone alone takes the later of the
 * two; nothing was committed in the future, so there the server's present offset decides.
 */
export function instantOf({ local, offsetMinutes }: LocalTime, presentOffsetMinutes: number, nowMs: number): number {
  const at = (offset: number): number => local.getTime() - offset * 60_000;
  if (offsetMinutes === null) return at(presentOffsetMinutes);
  return at(offsetMinutes) > nowMs + CLOCK_SKEW_MS ? at(presentOffsetMinutes) : at(offsetMinutes);
}

/** How far the clocks of the server and of this machine may differ. */
const CLOCK_SKEW_MS = 300_000;
