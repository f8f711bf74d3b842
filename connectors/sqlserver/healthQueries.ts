/**
 * The one statement that tells how the source is. Each part is a derived table for OUTER APPLY, because a login may lack the right for
 * some of them, and SQL Server refuses a whole statement for one view. Times go as text in the server's own clock.
 */

/** Docs: "sys.databases", "@@SERVERNAME", "DATABASEPROPERTYEX" (a readable secondary is READ_ONLY). Visible to every login. */
const BASE = `SELECT @@SERVERNAME AS server, CONVERT(varchar(23), d.create_date, 121) AS created, d.is_cdc_enabled,
  d.log_reuse_wait_desc AS log_reuse_wait, CONVERT(varchar(20), DATABASEPROPERTYEX(DB_NAME(), 'Updateability')) AS updateability
FROM sys.databases AS d WHERE d.name = DB_NAME()`;

/** What a part needs, and its derived table. Columns begin with the part's name. */
export const HEALTH_PARTS = {
  /** Docs: "cdc.lsn_time_mapping". Parameter @mark. SELECT on schema cdc. */
  mapped: `SELECT
  (SELECT MIN(o.start_lsn) FROM cdc.lsn_time_mapping AS o) AS mapped_oldest,
  n.start_lsn AS mapped_lsn, CONVERT(varchar(23), n.tran_end_time, 121) AS mapped_end, n.tran_id AS mapped_id,
  DATEDIFF(second, n.tran_end_time, GETDATE()) AS mapped_age
FROM cdc.lsn_time_mapping AS n
WHERE n.start_lsn = (SELECT MAX(x.start_lsn) FROM cdc.lsn_time_mapping AS x)`,
  /** Docs: "cdc.lsn_time_mapping". The transaction that was marked. */
  marked: `SELECT k.start_lsn AS marked_lsn, CONVERT(varchar(23), k.tran_end_time, 121) AS marked_end, k.tran_id AS marked_id
FROM cdc.lsn_time_mapping AS k WHERE k.start_lsn = @mark`,
  /** Docs: "sys.dm_cdc_log_scan_sessions". VIEW DATABASE STATE. Scans that find nothing are counted in the newest row. */
  scan: `SELECT TOP (1) CONVERT(varchar(12), s.session_id) + '/' + CONVERT(varchar(12), s.empty_scan_count) + '/'
  + ISNULL(CONVERT(varchar(23), s.end_time, 121), '') + '/' + CONVERT(varchar(20), s.log_record_count) AS scan_signature,
  s.error_count AS scan_errors
FROM sys.dm_cdc_log_scan_sessions AS s WHERE s.session_id <> 0 ORDER BY s.session_id DESC`,
  /** Docs: "sys.dm_cdc_errors". VIEW DATABASE STATE. */
  fault: `SELECT TOP (1) e.error_number AS fault_number, DATEDIFF(second, e.entry_time, GETDATE()) AS fault_age
FROM sys.dm_cdc_errors AS e ORDER BY e.entry_time DESC, e.session_id DESC`,
  /** Docs: "sys.dm_server_services": status 4 = running, 1 = stopped. VIEW SERVER STATE. */
  agent: `SELECT MIN(v.status) AS agent_status FROM sys.dm_server_services AS v WHERE v.servicename LIKE N'SQL Server Agent%'`,
  /** Docs: "dbo.cdc_jobs". SELECT on it in msdb. */
  job: `SELECT COUNT(*) AS job_count FROM msdb.dbo.cdc_jobs AS j WHERE j.database_id = DB_ID() AND j.job_type = N'capture'`,
  /** Docs: "sys.database_recovery_status": the fork changes with every point-in-time restore and forced failover. VIEW ANY DATABASE. */
  fork: `SELECT CONVERT(varchar(36), r.recovery_fork_guid) AS fork_guid, CONVERT(varchar(25), r.fork_point_lsn) AS fork_point
FROM sys.database_recovery_status AS r WHERE r.database_id = DB_ID()`,
} as const;

export type HealthPart = keyof typeof HEALTH_PARTS;

/** The statement with these parts; one row, columns by name. Parameter @mark, binary(10). */
export function healthStatement(parts: readonly HealthPart[]): string {
  const applied = parts.map((part) => `OUTER APPLY (${HEALTH_PARTS[part]}) AS [${part}]`);
  const columns = ['base.*', ...parts.map((part) => `[${part}].*`)];
  return `SELECT ${columns.join(', ')}\nFROM (${BASE}) AS base\n${applied.join('\n')}`;
}
