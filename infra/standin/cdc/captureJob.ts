import type { Database } from '../engine/model/database.ts';
import type { ServerState } from '../engine/run/serverState.ts';
import { expireTracking } from '../tracking/tracker.ts';
import type { CdcDatabase } from './cdcDatabase.ts';
import { cleanUp } from './cleanUp.ts';
import { noteDdl } from './ddlHistory.ts';

/** Transactions one scan takes at most per database before others get a turn. */
const SCAN_LIMIT = 5000;
/** An idle database gets a row in lsn_time_mapping about this often, so that the maximum LSN moves on. */
const IDLE_ROW_MS = 5 * 60_000;
/** How often the clean-up job looks. The real one runs once a day; its retention is what counts. */
const CLEANUP_EVERY_MS = 5000;
/** Rows sys.dm_cdc_log_scan_sessions keeps. */
const KEPT_SESSIONS = 32;

/** Starts the capture job of all databases: it reads their logs every `captureIntervalMs`. */
export function startCapture(server: ServerState): { stop(): Promise<void> } {
  let stopped = false;
  let timer: NodeJS.Timeout;
  const tick = (): void => {
    if (stopped) return;
    let more = false;
    for (const database of server.databases.values()) if (database.tracking) expireTracking(server, database);
    for (const database of server.databases.values()) more = runJobs(server, database) || more;
    timer = setTimeout(tick, more ? 0 : server.captureIntervalMs);
  };
  timer = setTimeout(tick, server.captureIntervalMs);
  return {
    stop: () => {
      stopped = true;
      clearTimeout(timer);
      return Promise.resolve();
    },
  };
}

/** One pass over a database's log; true when there is more to read at once. */
function runJobs(server: ServerState, database: Database): boolean {
  const { cdc } = database;
  if (!cdc) {
    // Nobody will read what was logged.
    while (database.log.take());
    return false;
  }
  if (!server.agentRunning) return false;
  const nowMs = server.nowMs();
  if (cdc.jobs.cleanup && nowMs - cdc.lastCleanupMs >= CLEANUP_EVERY_MS) {
    cdc.lastCleanupMs = nowMs;
    const last = cdc.times.last;
    if (last) cleanUp(server, database, cdc, last.endMs - cdc.jobs.cleanup.retentionMinutes * 60_000);
  }
  if (!cdc.captureRunning || !cdc.jobs.capture || cdc.captureHeld) return false;
  const job = cdc.captureInForce ?? cdc.jobs.capture;
  if (job.paced && nowMs - cdc.lastScanMs < job.pollingIntervalSeconds * 1000) return false;
  cdc.lastScanMs = nowMs;
  if (!job.continuous) cdc.captureRunning = false;
  if (cdc.captureError !== 0) {
    noteFailure(cdc, nowMs);
    return false;
  }
  const limit = job.paced ? job.maxtrans * job.maxscans : SCAN_LIMIT;
  return scan(server, database, cdc, nowMs, limit) === SCAN_LIMIT;
}

/** Turns committed transactions into change rows, in commit order; returns how many. */
export function scan(
  server: ServerState,
  database: Database,
  cdc: CdcDatabase,
  nowMs: number,
  limit = SCAN_LIMIT,
): number {
  let taken = 0;
  let transactions = 0;
  let commands = 0;
  let lastCommitLsn = 0;
  let lastCommitMs = 0;
  const from = database.log.peek()?.beginLsn ?? 0;
  const until = nowMs - cdc.captureDelayMs;
  noteDdl(server, database, cdc, until);
  while (taken < limit) {
    if (cdc.captureDelayMs > 0 && (database.log.peek()?.commitTimeMs ?? 0) > until) break;
    const entry = database.log.take();
    if (!entry) break;
    taken++;
    noteDdl(server, database, cdc, until);
    let captured = 0;
    for (const change of entry.changes) {
      for (const instance of cdc.byTable.get(change.table) ?? []) {
        if (entry.commitLsn < instance.startLsn) continue;
        instance.changes.push({ commitLsn: entry.commitLsn, change });
        captured++;
      }
    }
    if (captured === 0) continue;
    transactions++;
    commands += captured;
    lastCommitLsn = entry.commitLsn;
    lastCommitMs = entry.commitTimeMs;
    cdc.times.push({
      startLsn: entry.commitLsn,
      beginMs: entry.beginTimeMs,
      endMs: entry.commitTimeMs,
      transactionId: entry.transactionId,
      beginLsn: entry.beginLsn,
    });
  }
  if (transactions > 0) cdc.lastActivityMs = nowMs;
  const markLsn = markTime(database, cdc, nowMs);
  if (taken > 0 || markLsn > 0) server.keeper?.scanned(database, taken, markLsn, nowMs);
  note(cdc, { nowMs, from, transactions, commands, lastCommitLsn, lastCommitMs });
  return taken;
}

/** Rows of lsn_time_mapping without a transaction: after a table was enabled, and now and then on an idle database. */
function markTime(database: Database, cdc: CdcDatabase, nowMs: number): number {
  // A commit that waits has a lower place: readers who saw a later one would never look for it.
  if (database.log.pendingCount > 0) return 0;
  const fresh = [...cdc.captures.values()].filter((instance) => !instance.ready);
  if (fresh.length === 0 && nowMs - cdc.lastActivityMs < IDLE_ROW_MS) return 0;
  const lsn = database.log.append();
  cdc.times.push({ startLsn: lsn, beginMs: nowMs, endMs: nowMs, transactionId: 0, beginLsn: lsn });
  cdc.lastActivityMs = nowMs;
  for (const instance of fresh) instance.ready = true;
  return lsn;
}

interface Scanned {
  readonly nowMs: number;
  readonly from: number;
  readonly transactions: number;
  readonly commands: number;
  readonly lastCommitLsn: number;
  readonly lastCommitMs: number;
}

/** Keeps the row of this scan; scans that find nothing are counted in one row. */
function note(cdc: CdcDatabase, scanned: Scanned): void {
  const last = cdc.sessions.at(-1);
  if (scanned.transactions === 0 && last && last.transactions === 0 && last.errorCount === 0) {
    last.emptyScans++;
    last.endMs = scanned.nowMs;
    return;
  }
  cdc.sessions.push({
    id: ++cdc.lastSessionId,
    startMs: scanned.nowMs,
    endMs: scanned.nowMs,
    startLsn: scanned.from,
    endLsn: scanned.lastCommitLsn,
    transactions: scanned.transactions,
    commands: scanned.commands,
    lastCommitMs: scanned.lastCommitMs,
    lastCommitLsn: scanned.lastCommitLsn,
    emptyScans: scanned.transactions === 0 ? 1 : 0,
    errorCount: 0,
  });
  forgetOldest(cdc);
}

/** A scan that ended with an error has read nothing. */
function noteFailure(cdc: CdcDatabase, nowMs: number): void {
  cdc.sessions.push({
    id: ++cdc.lastSessionId,
    startMs: nowMs,
    endMs: nowMs,
    startLsn: 0,
    endLsn: 0,
    transactions: 0,
    commands: 0,
    lastCommitMs: 0,
    lastCommitLsn: 0,
    emptyScans: 0,
    errorCount: 1,
  });
  cdc.errors.push({ session: cdc.lastSessionId, timeMs: nowMs, number: cdc.captureError });
  forgetOldest(cdc);
}

function forgetOldest(cdc: CdcDatabase): void {
  if (cdc.sessions.length > KEPT_SESSIONS) cdc.sessions.shift();
  const oldest = cdc.sessions[0]!.id;
  while ((cdc.errors[0]?.session ?? oldest) < oldest) cdc.errors.shift();
}
