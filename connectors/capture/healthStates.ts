/** How bad it is: `ok` nothing to do, `info` know it, `warning` look at it today, `critical` act now. */
export type SourceSeverity = 'ok' | 'info' | 'warning' | 'critical';

/** What the capture does in that state. */
export type SourceEffect = 'goes on' | 'waits' | 'stops';

/** Every state a source can be in, as far as the capture can tell. */
export const SOURCE_STATE_NAMES = [
  'unknown',
  'changing',
  'quiet',
  'quiet_unproven',
  'capture_job_stopped',
  'capture_job_failing',
  'capture_job_missing',
  'agent_down',
  'cdc_disabled',
  'instance_dropped',
  'failed_over',
  'rewound',
  'diverged',
  'login_refused',
  'rights_revoked',
  'database_unavailable',
  'connection_insecure',
  'unreachable',
] as const;

export type SourceStateName = (typeof SOURCE_STATE_NAMES)[number];

export interface SourceStateEntry {
  readonly severity: SourceSeverity;
  readonly effect: SourceEffect;
  /** One sentence for a person. */
  readonly meaning: string;
  /** What to do; empty when there is nothing to do. */
  readonly remedy: string;
}

const entry = (severity: SourceSeverity, effect: SourceEffect, meaning: string, remedy: string): SourceStateEntry => ({
  severity,
  effect,
  meaning,
  remedy,
});

const START_JOB =
  'EXEC sys.sp_cdc_start_job in the database (db_owner); see the history of the job cdc.<database>_capture in SQL Server Agent.';
const START_AFRESH =
  'The topics hold changes that this source does not have. Restore it to a later point, or start afresh: a new kafka.topicPrefix and a new consumers.groupPrefix, so that every copy is built again.';

/** The total table: a state without severity, effect and remedy does not compile. */
export const SOURCE_STATES: Readonly<Record<SourceStateName, SourceStateEntry>> = {
  unknown: entry('info', 'goes on', 'The source was not looked at yet.', ''),
  changing: entry('ok', 'goes on', 'Changes of captured tables arrive.', ''),
  quiet: entry('ok', 'goes on', 'Nothing changes, and the capture job is seen at work.', ''),
  quiet_unproven: entry(
    'info',
    'goes on',
    'Nothing changes; whether the capture job works cannot be seen with the rights this login has, or not from a readable secondary.',
    'GRANT VIEW DATABASE STATE to the capture login (or read from the primary), so that a dead capture job is noticed within a minute and not after a quarter of an hour.',
  ),
  capture_job_stopped: entry(
    'critical',
    'goes on',
    'The capture job of SQL Server does not read the log: changes are not captured, and the log cannot be truncated.',
    START_JOB,
  ),
  capture_job_failing: entry(
    'critical',
    'goes on',
    'The capture job of SQL Server runs into an error at each try: changes are not captured, and the log cannot be truncated.',
    'See sys.dm_cdc_errors. 2628 and 8115: a captured column was narrowed, widen it in the change table or make a new capture instance; 1105: the filegroup is full; 15517: the database has no valid owner, ALTER AUTHORIZATION.',
  ),
  capture_job_missing: entry(
    'critical',
    'goes on',
    'This server has no capture job for the database: msdb does not move with the database when another node takes over.',
    "EXEC sys.sp_cdc_add_job @job_type = N'capture'; EXEC sys.sp_cdc_add_job @job_type = N'cleanup'; in the database on this server (db_owner).",
  ),
  agent_down: entry(
    'critical',
    'goes on',
    'SQL Server Agent does not run, so the capture job does not either: changes are not captured, and the log cannot be truncated.',
    'Start the service SQL Server Agent and set it to start by itself.',
  ),
  cdc_disabled: entry(
    'critical',
    'waits',
    'Change data capture was disabled on the database: its change tables are gone.',
    'Run the script of `sluice sql capture`. The tables are then read again from the start, because what happened meanwhile was recorded nowhere.',
  ),
  instance_dropped: entry(
    'critical',
    'goes on',
    'The capture instance of a table was dropped: that table is not captured any more.',
    'Run the script of `sluice sql capture`. The table goes on by itself then and is read again, because what happened meanwhile was recorded nowhere; with capture.onLoss "stop" it waits for `sluice capture resume-table TABLE --how snapshot --execute`.',
  ),
  failed_over: entry(
    'warning',
    'goes on',
    'Another server answers for the database. Its log continues where ours ended, but the capture job was not seen at work there yet.',
    'Check that the jobs cdc.<database>_capture and _cleanup exist and run on the new server (sys.sp_cdc_add_job), and are disabled on the old one.',
  ),
  rewound: entry(
    'critical',
    'stops',
    'The database was restored to a point before the stored position, or another node took over without the newest transactions.',
    START_AFRESH,
  ),
  diverged: entry(
    'critical',
    'stops',
    'The database has another history than the one that was captured: it was restored and went on since, or it is another database.',
    START_AFRESH,
  ),
  login_refused: entry(
    'critical',
    'waits',
    'The server refuses the login of the capture.',
    'Enable the login, or set its password where source.password refers to and start again.',
  ),
  rights_revoked: entry(
    'critical',
    'waits',
    'The login may not read what it has to.',
    'Run the script of `sluice sql capture`; `sluice check` tells what is missing.',
  ),
  database_unavailable: entry(
    'critical',
    'waits',
    'The server answers, but the database cannot be opened.',
    'See its state in sys.databases: it may be restoring, recovering, offline, or not open to this login.',
  ),
  connection_insecure: entry(
    'critical',
    'waits',
    'The server does not encrypt, or its certificate is not to be trusted. The login was not sent.',
    'Set up TLS with a certificate that names the server and that an authority known here has signed (NODE_EXTRA_CA_CERTS names one).',
  ),
  unreachable: entry(
    'critical',
    'waits',
    'The server does not answer.',
    'Check that it runs, and the network between. The capture goes on by itself.',
  ),
};
