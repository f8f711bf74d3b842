import { quoteName, quoteText } from './identifiers.ts';

/** Statements of `sluice check`, each with its vendor page (docs: learn.microsoft.com/sql). */

/** Docs: "SERVERPROPERTY". */
export const PRODUCT_VERSION = "SELECT CONVERT(varchar(128), SERVERPROPERTY('ProductVersion')) AS version";

/** Docs: "sys.dm_exec_connections" (VIEW SERVER STATE). */
export const OWN_ENCRYPTION = 'SELECT c.encrypt_option FROM sys.dm_exec_connections AS c WHERE c.session_id = @@SPID';

/** Docs: "sys.databases". */
export const DATABASE_STATE =
  'SELECT d.is_cdc_enabled, d.snapshot_isolation_state FROM sys.databases AS d WHERE d.name = DB_NAME()';

/** Docs: "HAS_PERMS_BY_NAME". */
export const CAN_VIEW_SERVER_STATE = "SELECT HAS_PERMS_BY_NAME(NULL, NULL, 'VIEW SERVER STATE') AS granted";
export const CAN_VIEW_DATABASE_STATE =
  "SELECT HAS_PERMS_BY_NAME(DB_NAME(), 'DATABASE', 'VIEW DATABASE STATE') AS granted";

/** Docs: "sys.dm_cdc_log_scan_sessions" (VIEW DATABASE STATE). */
export const CAPTURE_JOB_STATE = `
SELECT TOP (1) s.session_id, s.end_time, s.error_count
FROM sys.dm_cdc_log_scan_sessions AS s
WHERE s.session_id <> 0
ORDER BY s.session_id DESC`;

/** Docs: "IS_SRVROLEMEMBER", "IS_MEMBER". */
export const TOO_POWERFUL = "SELECT IS_SRVROLEMEMBER('sysadmin') AS is_sysadmin, IS_MEMBER('db_owner') AS is_owner";

/** Docs: "HAS_PERMS_BY_NAME". */
export function canSelectTable({ schema, table }: { readonly schema: string; readonly table: string }): string {
  const name = quoteText(`${quoteName(schema)}.${quoteName(table)}`);
  return `SELECT HAS_PERMS_BY_NAME(${name}, 'OBJECT', 'SELECT') AS granted`;
}

/** Docs: "sys.dm_server_services" (VIEW SERVER STATE): status 4 = running. */
export const AGENT_STATUS =
  "SELECT MIN(v.status) AS status FROM sys.dm_server_services AS v WHERE v.servicename LIKE N'SQL Server Agent%'";
export const SERVICE_RUNNING = 4;
