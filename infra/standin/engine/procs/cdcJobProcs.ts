import { scan } from '../../cdc/captureJob.ts';
import { type CdcDatabase, jobId } from '../../cdc/cdcDatabase.ts';
import { cleanUp, dropTimes, raise } from '../../cdc/cleanUp.ts';
import { DEFAULT_CAPTURE, DEFAULT_CLEANUP, requireCdc } from '../../cdc/enableTable.ts';
import { lsnBytes, ordinalAtOrAfter } from '../../cdc/lsn.ts';
import { sqlError } from '../../sql/errors.ts';
import { BIGINT, BIT, binary, INT, nvarchar, type SqlType, SYSNAME } from '../../sql/values.ts';
import type { RowData } from '../../store/row.ts';
import { requireDbOwner } from './cdcProcs.ts';
import {
  type BoundArguments,
  type ProcedureContext,
  type SystemProcedure,
  sendRows,
  systemProcedure,
} from './systemProcedure.ts';

/** The capture and clean-up jobs, and what they do, by hand. */

const JOB_COLUMNS: readonly { readonly name: string; readonly type: SqlType }[] = [
  { name: 'job_id', type: { k: 'uniqueidentifier' } },
  { name: 'job_type', type: nvarchar(20) },
  { name: 'job_name', type: SYSNAME },
  { name: 'maxtrans', type: INT },
  { name: 'maxscans', type: INT },
  { name: 'continuous', type: BIT },
  { name: 'pollinginterval', type: BIGINT },
  { name: 'retention', type: BIGINT },
  { name: 'threshold', type: BIGINT },
];

async function helpJobs(context: ProcedureContext): Promise<number> {
  requireDbOwner(context);
  const { database } = context;
  const { jobs } = requireCdc(database);
  const rows: RowData[] = [];
  if (jobs.capture) {
    const { maxtrans, maxscans, continuous, pollingIntervalSeconds } = jobs.capture;
    const name = `cdc.${database.name}_capture`;
    rows.push([
      jobId(database.id, 1),
      'capture',
      name,
      maxtrans,
      maxscans,
      Number(continuous),
      BigInt(pollingIntervalSeconds),
      0n,
      0n,
    ]);
  }
  if (jobs.cleanup) {
    const { retentionMinutes, threshold } = jobs.cleanup;
    const name = `cdc.${database.name}_cleanup`;
    rows.push([jobId(database.id, 2), 'cleanup', name, 0, 0, 0, 0n, BigInt(retentionMinutes), BigInt(threshold)]);
  }
  await sendRows(context, JOB_COLUMNS, rows);
  return 0;
}

const JOB_PARAMETERS = [
  { name: '@job_type', type: nvarchar(20), value: 'capture' },
  { name: '@maxtrans', type: INT, value: null },
  { name: '@maxscans', type: INT, value: null },
  { name: '@continuous', type: BIT, value: null },
  { name: '@pollinginterval', type: BIGINT, value: null },
  { name: '@retention', type: BIGINT, value: null },
  { name: '@threshold', type: BIGINT, value: null },
];

/** sp_cdc_change_job and sp_cdc_add_job; a running capture job keeps its parameters until it is stopped and started. */
function setJob(context: ProcedureContext, args: BoundArguments, cdc: CdcDatabase): number {
  const { jobs } = cdc;
  if (jobType(args) === 'capture') {
    const before = jobs.capture ?? DEFAULT_CAPTURE;
    const polling = args.number('@pollinginterval');
    const continuous = args.number('@continuous');
    jobs.capture = {
      maxtrans: args.number('@maxtrans') ?? before.maxtrans,
      maxscans: args.number('@maxscans') ?? before.maxscans,
      continuous: continuous === null ? before.continuous : continuous === 1,
      pollingIntervalSeconds: polling ?? before.pollingIntervalSeconds,
      paced: before.paced || polling !== null,
    };
    context.session.server.changed();
    return 0;
  }
  const before = jobs.cleanup ?? DEFAULT_CLEANUP;
  const retentionMinutes = args.number('@retention') ?? before.retentionMinutes;
  if (retentionMinutes <= 0 || retentionMinutes > 52_494_800) throw sqlError(22994);
  jobs.cleanup = { retentionMinutes, threshold: args.number('@threshold') ?? before.threshold };
  context.session.server.changed();
  return 0;
}

function jobType(args: BoundArguments): 'capture' | 'cleanup' {
  const type = args.text('@job_type')?.trim().toLowerCase();
  if (type !== 'capture' && type !== 'cleanup') throw sqlError(22988, type ?? '');
  return type;
}

function startOrStop(running: boolean): (context: ProcedureContext, args: BoundArguments) => number {
  return (context, args) => {
    requireDbOwner(context);
    const cdc = requireCdc(context.database);
    const type = jobType(args);
    if (!cdc.jobs[type]) throw sqlError(14262, '@job_name', `cdc.${context.database.name}_${type}`);
    if (type === 'capture') startCaptureJob(context, cdc, running);
    else if (running) runCleanUpJob(context, cdc);
    return 0;
  };
}

function startCaptureJob(context: ProcedureContext, cdc: CdcDatabase, running: boolean): void {
  cdc.captureRunning = running;
  if (running) cdc.captureInForce = cdc.jobs.capture;
  context.session.server.changed();
}

/** The clean-up job runs once: it ends by itself, so there is nothing to stop. */
function runCleanUpJob({ session: { server }, database }: ProcedureContext, cdc: CdcDatabase): void {
  const { last } = cdc.times;
  if (last) cleanUp(server, database, cdc, last.endMs - cdc.jobs.cleanup!.retentionMinutes * 60_000);
}

/** sp_cdc_cleanup_change_table: the mark must be the LSN of a transaction; NULL keeps the present one. */
function cleanUpTable(context: ProcedureContext, args: BoundArguments): number {
  requireDbOwner(context);
  const cdc = requireCdc(context.database);
  const name = args.text('@capture_instance') ?? '';
  const instance = cdc.find(name);
  if (!instance) throw sqlError(22985, name);
  const mark = args.get('@low_water_mark');
  args.output('@fcleanupfailed', 0, BIT);
  if (!Buffer.isBuffer(mark)) return 0;
  const ordinal = ordinalAtOrAfter(mark);
  const row = cdc.times.at(cdc.times.countBelow(ordinal, false));
  if (row?.startLsn !== ordinal || !lsnBytes(ordinal).equals(mark)) throw sqlError(22964, hex(mark));
  if (ordinal < instance.startLsn)
    throw sqlError(22957, hex(mark), name, hex(lsnBytes(instance.startLsn)), hex(lsnBytes(cdc.times.last!.startLsn)));
  raise(instance, ordinal);
  dropTimes(cdc);
  context.session.server.keeper?.cleaned(context.database);
  return 0;
}

function hex(lsn: Buffer): string {
  return `0x${lsn.toString('hex').toUpperCase()}`;
}

export const CDC_JOB_PROCEDURES: readonly (readonly [string, SystemProcedure])[] = [
  systemProcedure('sp_cdc_help_jobs', [], helpJobs),
  systemProcedure(
    'sp_cdc_add_job',
    [...JOB_PARAMETERS, { name: '@start_job', type: BIT, value: 1 }],
    (context, args) => {
      requireDbOwner(context);
      const cdc = requireCdc(context.database);
      setJob(context, args, cdc);
      if (jobType(args) === 'capture' && args.number('@start_job') === 1) startCaptureJob(context, cdc, true);
      return 0;
    },
  ),
  systemProcedure('sp_cdc_change_job', JOB_PARAMETERS, (context, args) => {
    requireDbOwner(context);
    const cdc = requireCdc(context.database);
    const type = jobType(args);
    if (!cdc.jobs[type]) throw sqlError(14262, '@job_name', `cdc.${context.database.name}_${type}`);
    return setJob(context, args, cdc);
  }),
  systemProcedure('sp_cdc_drop_job', [{ name: '@job_type', type: nvarchar(20) }], (context, args) => {
    requireDbOwner(context);
    requireCdc(context.database).jobs[jobType(args)] = null;
    context.session.server.changed();
    return 0;
  }),
  systemProcedure('sp_cdc_start_job', [{ name: '@job_type', type: nvarchar(20), value: 'capture' }], startOrStop(true)),
  systemProcedure('sp_cdc_stop_job', [{ name: '@job_type', type: nvarchar(20), value: 'capture' }], startOrStop(false)),
  systemProcedure(
    'sp_cdc_scan',
    [
      { name: '@maxtrans', type: INT, value: 500 },
      { name: '@maxscans', type: INT, value: 10 },
      { name: '@continuous', type: BIT, value: 0 },
      { name: '@pollinginterval', type: BIGINT, value: 0n },
    ],
    (context) => {
      requireDbOwner(context);
      const { server } = context.session;
      scan(server, context.database, requireCdc(context.database), server.nowMs());
      return 0;
    },
  ),
  systemProcedure(
    'sp_cdc_cleanup_change_table',
    [
      { name: '@capture_instance', type: SYSNAME },
      { name: '@low_water_mark', type: binary(10) },
      { name: '@threshold', type: BIGINT, value: 5000n },
      { name: '@fcleanupfailed', type: BIT, value: 0 },
    ],
    cleanUpTable,
  ),
];
