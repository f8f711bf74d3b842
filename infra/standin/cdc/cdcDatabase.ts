import type { SqlType } from '../sql/values.ts';
import type { Table } from '../store/table.ts';
import type { CaptureInstance } from './captureInstance.ts';
import { TimeMap } from './timeMap.ts';

/**
 * Parameters of the capture job. Nobody wants to wait the 5 s of the real default: a job whose polling interval was never set runs at the
 * program's own interval; one whose interval was set keeps to all of its parameters.
 */
export interface CaptureJob {
  readonly maxtrans: number;
  readonly maxscans: number;
  readonly continuous: boolean;
  readonly pollingIntervalSeconds: number;
  /** The polling interval was set by sp_cdc_change_job or sp_cdc_add_job. */
  readonly paced: boolean;
}

/** Parameters of the capture and clean-up jobs, as in msdb.dbo.cdc_jobs. */
export interface CdcJobs {
  capture: CaptureJob | null;
  cleanup: { retentionMinutes: number; threshold: number } | null;
}

/** Id of a database's job: 1 = capture, 2 = cleanup. */
export function jobId(database: number, kind: 1 | 2): string {
  return `00000000-0000-0000-${String(kind).padStart(4, '0')}-${String(database).padStart(12, '0')}`;
}

/** One row of cdc.ddl_history, made when the definition changes; rows of instances that are gone stay. */
export interface DdlRecord {
  readonly sourceId: number;
  readonly objectId: number;
  readonly requiredColumnUpdate: boolean;
  readonly command: string;
  readonly lsn: number;
  readonly timeMs: number;
  /** What becomes of the column in the change table. */
  readonly retype: {
    readonly column: string;
    readonly from: SqlType;
    readonly to: SqlType;
    readonly typeName: string;
  } | null;
}

/** One row of sys.dm_cdc_log_scan_sessions. */
export interface ScanSession {
  readonly id: number;
  readonly startMs: number;
  endMs: number;
  readonly startLsn: number;
  readonly endLsn: number;
  transactions: number;
  commands: number;
  lastCommitMs: number;
  lastCommitLsn: number;
  emptyScans: number;
  errorCount: number;
}

/** One row of sys.dm_cdc_errors. */
export interface ScanError {
  readonly session: number;
  readonly timeMs: number;
  readonly number: number;
}

/** The tables every CDC database has. */
export const METADATA_TABLES = [
  'change_tables',
  'captured_columns',
  'index_columns',
  'ddl_history',
  'lsn_time_mapping',
] as const;

/** Everything CDC keeps in a database. */
export class CdcDatabase {
  readonly enabledMs: number;
  readonly captures = new Map<string, CaptureInstance>();
  /** The instances by the rows of their source table. */
  readonly byTable = new Map<Table, CaptureInstance[]>();
  readonly times = new TimeMap();
  readonly ddl: DdlRecord[] = [];
  /** How many of them the capture job has come past: the others are not to be seen yet. */
  ddlNoted = 0;
  readonly jobs: CdcJobs = { capture: null, cleanup: null };
  captureRunning = true;
  /** What the running capture job was started with: sp_cdc_change_job counts from the next start. */
  captureInForce: CaptureJob | null = null;
  /** Knobs of sys.sp_standin_capture: the log is not read at all, commits are taken only when they are this old, or each scan fails. */
  captureHeld = false;
  captureDelayMs = 0;
  /** Number of the error every scan ends with; 0 = none. */
  captureError = 0;
  /** What sys.dm_cdc_errors shows: those of the sessions that are kept. */
  errors: ScanError[] = [];
  lastScanMs = 0;
  sessions: ScanSession[] = [];
  lastSessionId = 0;
  lastActivityMs: number;
  lastCleanupMs: number;

  constructor(nowMs: number, metadataIds: ReadonlyMap<string, number>) {
    this.metadataIds = metadataIds;
    this.enabledMs = nowMs;
    this.lastActivityMs = nowMs;
    this.lastCleanupMs = nowMs;
  }

  find(name: string): CaptureInstance | undefined {
    return this.captures.get(name.toLowerCase());
  }

  /** Object ids of the metadata tables, by name. */
  readonly metadataIds: ReadonlyMap<string, number>;

  /** Object id of a table or function of schema cdc by name, any case. */
  objectIdOf(name: string): number | undefined {
    const wanted = name.toLowerCase();
    const known = this.metadataIds.get(wanted);
    if (known !== undefined) return known;
    for (const instance of this.captures.values())
      if (wanted === `${instance.name}_ct`.toLowerCase()) return instance.objectId;
    return undefined;
  }

  /** Instances of a source table, oldest first. */
  of(sourceId: number): CaptureInstance[] {
    return [...this.captures.values()].filter((instance) => instance.sourceId === sourceId);
  }
}
