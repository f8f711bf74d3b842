import type { ScanError, ScanSession } from '../cdc/cdcDatabase.ts';
import { lsnText } from '../cdc/lsn.ts';
import { BIGINT, DATETIME, INT, nvarchar } from '../sql/values.ts';
import { asDatetime, type CatalogContext, type ViewGroup, type ViewRow, view } from './view.ts';

const LSN_TEXT = nvarchar(23);
const ZERO_LSN_TEXT = '00000000:00000000:0000';

const textOf = (lsn: number): string => (lsn > 0 ? lsnText(lsn) : ZERO_LSN_TEXT);

function sessionRow(session: ScanSession): ViewRow {
  const latency = session.transactions > 0 ? Math.max(0, Math.round((session.endMs - session.lastCommitMs) / 1000)) : 0;
  return {
    session_id: session.id,
    start_time: asDatetime(session.startMs),
    end_time: asDatetime(session.endMs),
    duration: Math.round((session.endMs - session.startMs) / 1000),
    scan_phase: session.errorCount > 0 ? 'Aborted' : 'Done',
    error_count: session.errorCount,
    start_lsn: textOf(session.startLsn),
    current_lsn: textOf(session.endLsn),
    end_lsn: textOf(session.endLsn),
    tran_count: BigInt(session.transactions),
    last_commit_lsn: textOf(session.lastCommitLsn),
    last_commit_time: session.lastCommitMs > 0 ? asDatetime(session.lastCommitMs) : null,
    log_record_count: BigInt(session.commands + 2 * session.transactions),
    schema_change_count: 0,
    command_count: BigInt(session.commands),
    first_begin_cdc_lsn: textOf(session.transactions > 0 ? session.startLsn : 0),
    last_commit_cdc_lsn: textOf(session.lastCommitLsn),
    last_commit_cdc_time: session.lastCommitMs > 0 ? asDatetime(session.lastCommitMs) : null,
    latency,
    empty_scan_count: session.emptyScans,
    failed_sessions_count: session.errorCount,
  };
}

function errorRow({ session, timeMs, number }: ScanError): ViewRow {
  return {
    session_id: session,
    phase_number: 1,
    entry_time: asDatetime(timeMs),
    error_number: number,
    error_severity: 16,
    error_state: 1,
    error_message: 'The log scan failed.',
    start_lsn: ZERO_LSN_TEXT,
    begin_lsn: ZERO_LSN_TEXT,
    sequence_value: ZERO_LSN_TEXT,
  };
}

/** Session 0 sums up all sessions since the start; none before the first scan. */
function* scanRows({ database }: CatalogContext): Iterable<ViewRow> {
  const sessions = database.cdc?.sessions ?? [];
  const last = sessions.at(-1);
  if (!last) return;
  const sum = (of: (session: ScanSession) => number): number =>
    sessions.reduce((total, session) => total + of(session), 0);
  yield {
    ...sessionRow({
      ...last,
      id: 0,
      startMs: sessions[0]!.startMs,
      startLsn: sessions[0]!.startLsn,
      transactions: sum((session) => session.transactions),
      commands: sum((session) => session.commands),
      emptyScans: sum((session) => session.emptyScans),
      errorCount: sum((session) => session.errorCount),
    }),
    scan_phase: 'Aggregate',
  };
  for (const session of sessions) yield sessionRow(session);
}

/** Management views of the capture job. */
export const cdcViews: ViewGroup = {
  dm_cdc_log_scan_sessions: view(
    {
      session_id: INT,
      start_time: DATETIME,
      end_time: DATETIME,
      duration: INT,
      scan_phase: nvarchar(200),
      error_count: INT,
      start_lsn: LSN_TEXT,
      current_lsn: LSN_TEXT,
      end_lsn: LSN_TEXT,
      tran_count: BIGINT,
      last_commit_lsn: LSN_TEXT,
      last_commit_time: DATETIME,
      log_record_count: BIGINT,
      schema_change_count: INT,
      command_count: BIGINT,
      first_begin_cdc_lsn: LSN_TEXT,
      last_commit_cdc_lsn: LSN_TEXT,
      last_commit_cdc_time: DATETIME,
      latency: INT,
      empty_scan_count: INT,
      failed_sessions_count: INT,
    },
    scanRows,
    'VIEW DATABASE STATE',
  ),
  dm_cdc_errors: view(
    {
      session_id: INT,
      phase_number: INT,
      entry_time: DATETIME,
      error_number: INT,
      error_severity: INT,
      error_state: INT,
      error_message: nvarchar(1024),
      start_lsn: LSN_TEXT,
      begin_lsn: LSN_TEXT,
      sequence_value: LSN_TEXT,
    },
    ({ database }) => (database.cdc?.errors ?? []).map(errorRow),
    'VIEW DATABASE STATE',
  ),
};
