/** The database role that gates the functions of the capture instances the script makes. */
const GATING_ROLE = 'sluice_cdc_reader';

/** What the capture of one database needs of it. */
export interface CaptureScriptNeeds {
  readonly database: string;
  /** `schema.table`, plain names. */
  readonly tables: readonly string[];
  /** Patterns that plain names could not be told from; named in a comment. */
  readonly patterns: readonly string[];
}

export interface CaptureScriptOptions {
  readonly databases: readonly CaptureScriptNeeds[];
  /** The login the capture uses. */
  readonly login: string;
  /** The capture makes or drops capture instances itself (capture.schemaChange). */
  readonly managesInstances: boolean;
}

const name = (text: string): string => `[${text.replaceAll(']', ']]')}]`;
const literal = (text: string): string => `N'${text.replaceAll("'", "''")}'`;
/** Text inside a comment: one line. */
const comment = (text: string): string => text.replaceAll(/[\r\n]+/g, ' ');

/**
 * The script a DBA reads and runs once for a configuration, and again after it has changed: every step looks first whether it is done.
 * Batches end with GO; the password is the sqlcmd variable SluiceCapturePassword and never stands in the text.
 */
export function captureScript(options: CaptureScriptOptions): string {
  const { databases, login } = options;
  return [
    `-- What the capture of Sluice needs, for login ${comment(login)}. Run as sysadmin; it may be run again at any time.`,
    '-- Minimum version: SQL Server 2016 SP1 (Standard, Enterprise or Developer). SQL Server Agent must run and start by itself.',
    `--   sqlcmd -b -S <server> -v SluiceCapturePassword="..." -i <this file>`,
    'USE master;',
    'GO',
    `IF NOT EXISTS (SELECT 1 FROM sys.server_principals WHERE name = ${literal(login)})`,
    `    CREATE LOGIN ${name(login)} WITH PASSWORD = N'$(SluiceCapturePassword)';`,
    'GO',
    '-- A snapshot must learn the log position of its own transaction, and a stopped Agent must be seen.',
    `GRANT VIEW SERVER STATE TO ${name(login)};`,
    'GO',
    ...databases.flatMap((database) => databaseSteps(database, options)),
    '',
  ].join('\n');
}

function databaseSteps({ database, tables, patterns }: CaptureScriptNeeds, options: CaptureScriptOptions): string[] {
  const user = name(options.login);
  return [
    '',
    `-- ===== database ${comment(database)}`,
    `USE ${name(database)};`,
    'GO',
    'IF EXISTS (SELECT 1 FROM sys.databases WHERE name = DB_NAME() AND is_cdc_enabled = 0)',
    '    EXEC sys.sp_cdc_enable_db;',
    'GO',
    '-- Snapshots read without locks. Row versions go to tempdb while one is read: a few seconds a chunk.',
    'IF EXISTS (SELECT 1 FROM sys.databases WHERE name = DB_NAME() AND snapshot_isolation_state = 0)',
    `    ALTER DATABASE ${name(database)} SET ALLOW_SNAPSHOT_ISOLATION ON;`,
    'GO',
    `IF NOT EXISTS (SELECT 1 FROM sys.database_principals WHERE name = ${literal(GATING_ROLE)})`,
    `    CREATE ROLE ${name(GATING_ROLE)};`,
    'GO',
    `IF NOT EXISTS (SELECT 1 FROM sys.database_principals WHERE name = ${literal(options.login)})`,
    `    CREATE USER ${user} FOR LOGIN ${user};`,
    'GO',
    `IF IS_ROLEMEMBER(${literal(GATING_ROLE)}, ${literal(options.login)}) = 0`,
    `    ALTER ROLE ${name(GATING_ROLE)} ADD MEMBER ${user};`,
    'GO',
    ...(options.managesInstances
      ? [
          '-- capture.schemaChange lets the capture make or drop capture instances: only db_owner may. This gives it every right in the',
          '-- database; without it a DBA makes the second instance and Sluice only reads.',
          `IF IS_ROLEMEMBER(N'db_owner', ${literal(options.login)}) = 0`,
          `    ALTER ROLE db_owner ADD MEMBER ${user};`,
          'GO',
        ]
      : []),
    '-- Change tables and the metadata of CDC; whether the capture job works.',
    `GRANT SELECT ON SCHEMA::cdc TO ${user};`,
    `GRANT VIEW DATABASE STATE TO ${user};`,
    'GO',
    ...patterns.flatMap((pattern) => [
      `-- source.tables holds the pattern ${comment(pattern)}: enable each table it names as below, and grant SELECT on it.`,
    ]),
    ...tables.flatMap((table) => tableSteps(table, user)),
    ...advice(),
  ];
}

function tableSteps(id: string, user: string): string[] {
  const dot = id.indexOf('.');
  const [schema, table] = [id.slice(0, dot), id.slice(dot + 1)];
  const full = `${name(schema)}.${name(table)}`;
  return [
    `IF NOT EXISTS (SELECT 1 FROM cdc.change_tables WHERE source_object_id = OBJECT_ID(${literal(full)}))`,
    `    EXEC sys.sp_cdc_enable_table @source_schema = ${literal(schema)}, @source_name = ${literal(table)}, @role_name = ${literal(GATING_ROLE)}, @supports_net_changes = 0;`,
    'GO',
    `GRANT SELECT ON ${full} TO ${user};`,
    '-- Lets the record schemas carry the defaults of columns.',
    `GRANT VIEW DEFINITION ON ${full} TO ${user};`,
    'GO',
  ];
}

/** Steps that depend on the house: left to the DBA, so that running the script changes nothing unasked. */
function advice(): string[] {
  return [
    '-- Advice, not run by this script:',
    '-- Changes are kept for three days (4320 minutes). A capture that is away for longer has to read whole tables again; a week is safer:',
    "--   EXEC sys.sp_cdc_change_job @job_type = N'cleanup', @retention = 10080;",
    "--   EXEC sys.sp_cdc_stop_job @job_type = N'cleanup'; EXEC sys.sp_cdc_start_job @job_type = N'cleanup';",
    '-- The capture job looks every five seconds; one second brings changes sooner, for a few more reads of the log:',
    "--   EXEC sys.sp_cdc_change_job @job_type = N'capture', @pollinginterval = 1;",
    "--   EXEC sys.sp_cdc_stop_job @job_type = N'capture'; EXEC sys.sp_cdc_start_job @job_type = N'capture';",
    '-- A large value of more than 64 KB in a captured table fails at the writer (7139) until:',
    "--   EXEC sp_configure 'max text repl size', -1; RECONFIGURE;",
    '-- Sluice tells a missing capture job from a stopped one when the login may read msdb.dbo.cdc_jobs:',
    '--   USE msdb; CREATE USER [<login>] FOR LOGIN [<login>]; GRANT SELECT ON dbo.cdc_jobs TO [<login>];',
  ];
}
