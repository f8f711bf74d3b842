import type { Queryable } from '#connectors/sqlserver/connection.ts';
import { NEWEST_LOG_SCAN } from '#connectors/sqlserver/queries.ts';
import { hasCode } from '#infra/runtime/errors.ts';

/** The capture job's newest log scan: which session, and how many scans since found nothing. */
export interface LogScanMark {
  readonly sessionId: number;
  readonly emptyScans: number;
}

/**
 * Whether the capture job has read the log to its end at some time after `then`: a scan that began afterwards found nothing left. The
 * first scan that ended after `then` may have begun before it, so it takes two, the last of them empty.
 * Source: documentation of sys.dm_cdc_log_scan_sessions.
 */
export function scannedToEndSince(then: LogScanMark, now: LogScanMark): boolean {
  if (now.sessionId === then.sessionId) return now.emptyScans - then.emptyScans >= 2;
  return now.emptyScans >= (now.sessionId - then.sessionId === 1 ? 2 : 1) && now.sessionId > then.sessionId;
}

/**
 * The newest scan; null when there was none or this login may not see them (VIEW DATABASE STATE). Then a quiet source proves its log read
 * only by the rows CDC writes about every five minutes.
 */
export async function newestLogScan(db: Queryable, signal: AbortSignal): Promise<LogScanMark | null> {
  try {
    const [row] = await db.rows(NEWEST_LOG_SCAN, {}, signal);
    return row ? { sessionId: Number(row[0]), emptyScans: Number(row[1]) } : null;
  } catch (error) {
    if (hasCode(error, 'SQL_PERMISSION_DENIED')) return null;
    throw error;
  }
}
