import type { Lsn } from '#connectors/sqlserver/lsn.ts';
import type { ErrorCode } from '#infra/runtime/errorCodes.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import { SOURCE_STATES, type SourceEffect, type SourceSeverity, type SourceStateName } from './healthStates.ts';
import type { LogScanMark } from './logScan.ts';

/**
 * What tells a source's history from another's: a transaction that was seen there. Stored with the position. Times are the server's own
 * text, compared and never computed with.
 */
export interface SourceMark {
  /** `@@SERVERNAME`. */
  readonly server: string;
  /** `sys.databases.create_date`. */
  readonly created: string;
  /** `recovery_fork_guid`; null when it cannot be seen. */
  readonly fork: string | null;
  readonly lsn: Lsn;
  readonly endTime: string;
  /** Hexadecimal. */
  readonly tranId: string;
}

/** A fact that may lie outside the login's rights. */
export type Seen<T> = { readonly seen: true; readonly value: T } | { readonly seen: false };

/** A row of cdc.lsn_time_mapping. */
export interface MappedTransaction {
  readonly lsn: Lsn;
  readonly endTime: string;
  readonly tranId: string;
}

/** What one look at the source found. Ages are seconds by the server's clock. */
export interface SourceFacts {
  readonly server: string;
  readonly created: string;
  readonly cdcEnabled: boolean;
  /** Why the log cannot be truncated, as sys.databases says it: `REPLICATION` when the capture job is behind. */
  readonly logReuseWait: string;
  readonly fork: Seen<{ readonly guid: string; readonly pointLsn: Lsn | null }>;
  /** The transaction at the marked LSN; null when there is none (or nothing was marked). */
  readonly marked: MappedTransaction | null;
  readonly oldestLsn: Lsn | null;
  readonly newest: (MappedTransaction & { readonly ageSeconds: number }) | null;
  /** The newest log scan; null when none was made since the server started. */
  readonly scan: Seen<{ readonly signature: string; readonly errorCount: number; readonly mark: LogScanMark } | null>;
  /** The newest error of the capture job. */
  readonly fault: Seen<{ readonly number: number; readonly ageSeconds: number } | null>;
  readonly agent: Seen<'running' | 'stopped' | 'absent'>;
  readonly job: Seen<'present' | 'absent'>;
}

/** What was noticed between looks. */
export interface SourceWatchFacts {
  /** Since a captured table changed, ms; null when none did since the start. */
  readonly changedAgoMs: number | null;
  /** Since the newest captured LSN moved or a log scan was seen to end, ms; null when neither was seen yet. */
  readonly provedAgoMs: number | null;
  /** Since the watch began to look, ms. */
  readonly watchedMs: number;
  /** Capture instances that are gone. */
  readonly missing: readonly string[];
  readonly stored: SourceMark | null;
}

export interface HealthLimits {
  /** Nothing new for this long is quiet, ms. */
  readonly quietAfterMs: number;
  /** No sign of the capture job for this long is a stopped job, ms. */
  readonly jobSilenceMs: number;
}

export interface SourceFinding {
  readonly state: SourceStateName;
  readonly severity: SourceSeverity;
  readonly effect: SourceEffect;
  /** What was seen, in one line. */
  readonly reason: string;
  readonly remedy: string;
}

/** CDC writes a row that only marks time about every five minutes; three of them missing prove that the job is dead. */
const IDLE_ROWS_MISSING_SECONDS = 15 * 60;

export function finding(state: SourceStateName, reason: string): SourceFinding {
  const { severity, effect, remedy, meaning } = SOURCE_STATES[state];
  return { state, severity, effect, remedy, reason: reason === '' ? meaning : reason };
}

/**
 * Whether the log of the source continues the one that was captured. `pending`: nothing was captured yet, so nothing can be compared and
 * nothing can be read either. `forgotten`: clean-up removed the marked transaction, so only the recovery fork could tell; what was lost
 * with it shows at the tables' low-water marks.
 */
export type Continuity = 'unmarked' | 'proved' | 'pending' | 'forgotten' | 'rewound' | 'diverged';

export function continuityOf(stored: SourceMark | null, facts: SourceFacts): Continuity {
  if (!stored) return 'unmarked';
  const { marked, newest, oldestLsn, fork } = facts;
  const forked = fork.seen && stored.fork !== null && fork.value.guid !== stored.fork;
  if (forked && fork.value.pointLsn !== null && fork.value.pointLsn < stored.lsn) return 'diverged';
  if (marked) return marked.endTime === stored.endTime && marked.tranId === stored.tranId ? 'proved' : 'diverged';
  if (!newest || !oldestLsn) return 'pending';
  if (newest.lsn < stored.lsn) return 'rewound';
  return stored.lsn < oldestLsn ? 'forgotten' : 'diverged';
}

/** The state of the source. Pure; the order of the questions is the order of what hides what. */
export function judgeSource(facts: SourceFacts, watched: SourceWatchFacts, limits: HealthLimits): SourceFinding {
  if (!facts.cdcEnabled) return finding('cdc_disabled', '');
  const broken = brokenHistory(facts, watched.stored);
  if (broken) return broken;
  if (watched.missing.length > 0) return finding('instance_dropped', `gone: ${watched.missing.join(', ')}`);
  if (watched.changedAgoMs !== null && watched.changedAgoMs < limits.quietAfterMs) return finding('changing', '');
  return judgeJob(facts, watched, limits);
}

function brokenHistory(facts: SourceFacts, stored: SourceMark | null): SourceFinding | null {
  const continuity = continuityOf(stored, facts);
  if (!stored || (continuity !== 'rewound' && continuity !== 'diverged')) return null;
  const moved = movedText(facts, stored);
  const created = facts.created === stored.created ? '' : `; the database was created ${facts.created}`;
  const found = facts.newest ? `the newest there is ${facts.newest.lsn}` : 'there is none';
  const what =
    continuity === 'rewound'
      ? `expected the transaction ${stored.lsn}, ${found}`
      : `expected at ${stored.lsn} a transaction of ${stored.endTime}, found ${facts.marked ? `one of ${facts.marked.endTime}` : 'none'}`;
  return finding(continuity, `${what}${moved}${created}`);
}

/** Whether the capture job works, when nothing changes. */
function judgeJob(facts: SourceFacts, watched: SourceWatchFacts, limits: HealthLimits): SourceFinding {
  const { scan, fault, agent, job, newest } = facts;
  const proved = watched.provedAgoMs !== null && watched.provedAgoMs < limits.jobSilenceMs;
  const failing = scan.seen && scan.value !== null && scan.value.errorCount > 0;
  if (failing) return finding('capture_job_failing', faultText(fault));
  if (proved) return finding('quiet', '');
  if (job.seen && job.value === 'absent') return finding('capture_job_missing', '');
  if (agent.seen && agent.value === 'stopped') return finding('agent_down', '');
  const silentMs = watched.provedAgoMs ?? watched.watchedMs;
  const moved = movedText(facts, watched.stored);
  if (scan.seen && silentMs >= limits.jobSilenceMs) {
    return finding('capture_job_stopped', `no log scan for ${Math.round(silentMs / 1000)} s${heldText(facts)}${moved}`);
  }
  if (moved !== '') return finding('failed_over', moved.slice(2));
  if (scan.seen) return finding('quiet', 'waiting for the next log scan');
  if (newest && newest.ageSeconds >= IDLE_ROWS_MISSING_SECONDS) {
    return finding(
      'capture_job_stopped',
      `the newest captured transaction is ${newest.ageSeconds} s old${heldText(facts)}`,
    );
  }
  return finding('quiet_unproven', '');
}

const movedText = (facts: SourceFacts, stored: SourceMark | null): string =>
  stored === null || facts.server === stored.server ? '' : `; server ${stored.server} is now ${facts.server}`;

const heldText = ({ logReuseWait }: SourceFacts): string =>
  logReuseWait === 'REPLICATION' ? '; the log waits for it and cannot be truncated' : '';

const faultText = (fault: SourceFacts['fault']): string => {
  if (!fault.seen || !fault.value) return 'the newest log scan failed; its errors are in sys.dm_cdc_errors';
  return `error ${fault.value.number}, ${fault.value.ageSeconds} s ago`;
};

/** What an error of the source says about its state; undefined for errors that are not the source's. */
const STATE_OF_ERROR: Readonly<Partial<Record<ErrorCode, SourceStateName>>> = {
  SQL_LOGIN_FAILED: 'login_refused',
  SQL_PERMISSION_DENIED: 'rights_revoked',
  SQL_DATABASE_UNAVAILABLE: 'database_unavailable',
  SQL_NOT_ENCRYPTED: 'connection_insecure',
  SQL_CERTIFICATE_UNTRUSTED: 'connection_insecure',
  SQL_UNREACHABLE: 'unreachable',
  SQL_TIMEOUT: 'unreachable',
  CDC_NOT_ENABLED: 'cdc_disabled',
  CDC_TABLE_NOT_CAPTURED: 'instance_dropped',
  CDC_INSTANCE_DROPPED: 'instance_dropped',
  SQL_OBJECT_MISSING: 'instance_dropped',
  CDC_SOURCE_REWOUND: 'rewound',
  CDC_SOURCE_DIVERGED: 'diverged',
};

/** The state an error shows; null when it is not about the source. */
export function findingOfError(error: unknown): SourceFinding | null {
  for (let e = error; e instanceof Error; e = e.cause) {
    const state = e instanceof SluiceError ? STATE_OF_ERROR[e.code] : undefined;
    if (state) return finding(state, e.message);
  }
  return null;
}
