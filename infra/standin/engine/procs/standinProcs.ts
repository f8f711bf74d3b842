import { cleanUp } from '../../cdc/cleanUp.ts';
import { requireCdc } from '../../cdc/enableTable.ts';
import { sqlError } from '../../sql/errors.ts';
import { BIGINT, INT, nvarchar, SYSNAME } from '../../sql/values.ts';
import {
  type BoundArguments,
  type ProcedureContext,
  type SystemProcedure,
  systemProcedure,
} from './systemProcedure.ts';

/** Knobs for tests that the real server does not have: what an operator, a slow disk or a second node would do to it. */

/** The knobs are for sysadmin only; others get 229, as for any procedure of the system they may not run. */
function requireSysadmin({ session }: ProcedureContext, name: string): void {
  if (!session.security.isSysadmin) throw sqlError(229, 'EXECUTE', name, 'mssqlsystemresource', 'sys');
}

const CAPTURE_ACTIONS: ReadonlySet<string> = new Set(['stop', 'start', 'slow', 'fail']);

/**
 * sp_standin_capture @action, @delay_ms: 'stop' = the log is not read any more although the job runs (a hung Agent), 'start' = it is read at
 * once, 'slow' = each commit is captured when it is `delay_ms` old, 'fail' = each scan ends with the error of number @error.
 */
function capture(context: ProcedureContext, args: BoundArguments): number {
  requireSysadmin(context, 'sp_standin_capture');
  const cdc = requireCdc(context.database);
  const action = args.text('@action')?.trim().toLowerCase();
  const delayMs = args.number('@delay_ms') ?? 0;
  if (!CAPTURE_ACTIONS.has(action ?? '') || delayMs < 0)
    throw sqlError(
      50000,
      "sp_standin_capture: @action is 'stop', 'start', 'slow' or 'fail'; @delay_ms is not below 0.",
    );
  cdc.captureHeld = action === 'stop';
  cdc.captureDelayMs = action === 'slow' ? delayMs : 0;
  cdc.captureError = action === 'fail' ? (args.number('@error') ?? 0) : 0;
  return 0;
}

/** sp_standin_agent @action: 'stop' = the service SQL Server Agent ends and no job runs, 'start' = it runs again. */
function agent(context: ProcedureContext, args: BoundArguments): number {
  requireSysadmin(context, 'sp_standin_agent');
  const action = args.text('@action')?.trim().toLowerCase();
  if (action !== 'stop' && action !== 'start') throw sqlError(50000, "sp_standin_agent: @action is 'stop' or 'start'.");
  context.session.server.agentRunning = action === 'start';
  return 0;
}

/** sp_standin_cleanup @retention_seconds: runs clean-up now, with the retention of the job (72 hours without a job) or the one given. */
function cleanup(context: ProcedureContext, args: BoundArguments): number {
  requireSysadmin(context, 'sp_standin_cleanup');
  const { database, session } = context;
  const cdc = requireCdc(database);
  const seconds = args.number('@retention_seconds') ?? (cdc.jobs.cleanup?.retentionMinutes ?? 4320) * 60;
  const { last } = cdc.times;
  if (last) cleanUp(session.server, database, cdc, last.endMs - seconds * 1000);
  return 0;
}

/**
 * sp_standin_failover @server_name: what a client sees when another node takes over. All other sessions are disconnected, places in the logs
 * go on in a new virtual log file, the CDC jobs of all databases are absent until sp_cdc_add_job, and the server may have another name.
 */
function failover(context: ProcedureContext, args: BoundArguments): number {
  requireSysadmin(context, 'sp_standin_failover');
  const { session } = context;
  const { server } = session;
  server.name = args.text('@server_name') ?? server.name;
  for (const database of server.databases.values()) {
    database.log.skipToNextFile();
    const { cdc } = database;
    if (!cdc) continue;
    cdc.jobs.capture = null;
    cdc.jobs.cleanup = null;
    cdc.captureInForce = null;
  }
  for (const other of server.sessions) if (other !== session) other.disconnect();
  server.changed();
  return 0;
}

export const STANDIN_PROCEDURES: readonly (readonly [string, SystemProcedure])[] = [
  systemProcedure(
    'sp_standin_capture',
    [
      { name: '@action', type: nvarchar(20) },
      { name: '@delay_ms', type: INT, value: 0 },
      { name: '@error', type: INT, value: 18807 },
    ],
    capture,
  ),
  systemProcedure('sp_standin_cleanup', [{ name: '@retention_seconds', type: BIGINT, value: null }], cleanup),
  systemProcedure('sp_standin_failover', [{ name: '@server_name', type: SYSNAME, value: null }], failover),
  systemProcedure('sp_standin_agent', [{ name: '@action', type: nvarchar(20) }], agent),
];
