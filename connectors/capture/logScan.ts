import type { Queryable } from '#connectors/sqlserver/connection.ts';
import { NEWEST_LOG_SCAN } from '#connectors/sqlserver/queries.ts';
import { CAPTURE_CLOCK } from '#connectors/sqlserver/snapshotQueries.ts';
import { hasCode } from '#infra/runtime/errors.ts';

/** The capture job's newest log scan: which session, and how many scans since found nothing. */
export interface LogScanMark {
  readonly sessionId: number;
  readonly emptyScans: number;
}

/**
 * What is known of the capture job and the clock at one moment. Times are the server's own texts, whose order is time's.
 */
export interface CaptureMark {
  /** Null when there was none or this login may not see them. */
  readonly scan: LogScanMark | null;
  /** The server's clock. */
  readonly clock: string;
  /** Commit time of the newest captured transaction; null when nothing was captured. */
  readonly capturedTime: string | null;
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
 * Whether everything that had committed at `then` was captured at `now`. Where the scans cannot be seen: a commit that happened after `then`
 * was captured, and the log is read in the order of commits. That trusts the server's clock not to be set back.
 */
export function capturedSince(then: CaptureMark, now: CaptureMark): boolean {
  if (then.scan && now.scan) return scannedToEndSince(then.scan, now.scan);
  return now.capturedTime !== null && now.capturedTime > then.clock;
}

/** The present mark. */
export async function captureMark(db: Queryable, signal: AbortSignal): Promise<CaptureMark> {
  const scan = await newestLogScan(db, signal);
  const [row] = await db.rows(CAPTURE_CLOCK, {}, signal);
  return { scan, clock: row?.[0] as string, capturedTime: (row?.[1] as string | null | undefined) ?? null };
}

/** The newest scan; null when there was none or this login may not see them (VIEW DATABASE STATE). */
async function newestLogScan(db: Queryable, signal: AbortSignal): Promise<LogScanMark | null> {
  try {
    const [row] = await db.rows(NEWEST_LOG_SCAN, {}, signal);
    return row ? { sessionId: Number(row[0]), emptyScans: Number(row[1]) } : null;
  } catch (error) {
    if (hasCode(error, 'SQL_PERMISSION_DENIED')) return null;
    throw error;
  }
}
