/**
 * Every fixed statement Sluice's reader sends, each with the vendor page it rests on (docs: learn.microsoft.com/sql). They are legal from
 * SQL Server 2012 on unless a line says otherwise. Statements built for one table are in tableQueries.ts.
 */

/** Docs: "cdc.change_tables", "sys.columns". The instance's start LSN is what sys.fn_cdc_get_min_lsn answers, without its odd cases. */
export const CAPTURE_INSTANCES = `
SELECT t.capture_instance, t.object_id, t.source_object_id, t.start_lsn,
  OBJECT_SCHEMA_NAME(t.source_object_id) AS schema_name, OBJECT_NAME(t.source_object_id) AS table_name,
  CASE WHEN EXISTS (SELECT 1 FROM sys.columns AS k WHERE k.object_id = t.object_id AND k.name = N'__$command_id')
    THEN 1 ELSE 0 END AS has_command_id
FROM cdc.change_tables AS t
ORDER BY t.create_date, t.start_lsn`;

/**
 * Docs: "cdc.captured_columns", "sys.columns", "sys.default_constraints". What the change table gives (`type_name` and its like: altered when
 * the capture job passes the change of definition) beside what the source table holds now (`source_…`, NULL when the column was dropped).
 * Nullability and defaults are the source's: the change table makes all nullable and has none. A CLR type has a name of its own only.
 */
export const CAPTURED_COLUMNS = `
SELECT cc.object_id, cc.column_name, cc.column_ordinal, c.is_computed,
  COALESCE(TYPE_NAME(k.system_type_id), TYPE_NAME(k.user_type_id)) AS type_name, k.max_length, k.precision, k.scale,
  COALESCE(TYPE_NAME(c.system_type_id), TYPE_NAME(c.user_type_id)) AS source_type, c.max_length AS source_length,
  c.precision AS source_precision, c.scale AS source_scale, c.is_nullable, c.collation_name, d.definition AS default_text
FROM cdc.captured_columns AS cc
INNER JOIN cdc.change_tables AS t ON t.object_id = cc.object_id
INNER JOIN sys.columns AS k ON k.object_id = cc.object_id AND k.name = cc.column_name
LEFT JOIN sys.columns AS c ON c.object_id = t.source_object_id AND c.name = cc.column_name
LEFT JOIN sys.default_constraints AS d ON d.object_id = c.default_object_id
ORDER BY cc.object_id, cc.column_ordinal`;

/** Docs: "sys.columns". Columns of captured tables that no capture instance of theirs holds are found with it. */
export const SOURCE_COLUMNS = `
SELECT c.object_id, c.name, COALESCE(TYPE_NAME(c.system_type_id), TYPE_NAME(c.user_type_id)) AS type_name, c.is_nullable, c.is_computed, c.default_object_id
FROM sys.columns AS c
WHERE c.object_id IN (SELECT t.source_object_id FROM cdc.change_tables AS t)
ORDER BY c.object_id, c.column_id`;

/** Docs: "sys.columns". What a table looks like at this moment. Parameter: @object. */
export const TABLE_DEFINITION = `
SELECT c.name, COALESCE(TYPE_NAME(c.system_type_id), TYPE_NAME(c.user_type_id)), c.max_length, c.precision, c.scale
FROM sys.columns AS c WHERE c.object_id = @object`;

/**
 * Docs: "cdc.ddl_history". The capture job writes a row when it reads the change in the log, once for each instance of the table. Rows of
 * instances that are gone stay; the join leaves them out.
 */
export const DDL_HISTORY = `
SELECT h.object_id, h.required_column_update, h.ddl_command, h.ddl_lsn
FROM cdc.ddl_history AS h
INNER JOIN cdc.change_tables AS t ON t.object_id = h.object_id
WHERE h.ddl_lsn >= @from
ORDER BY h.ddl_lsn`;

/**
 * Text that differs whenever a capture instance came, went or was made anew, or a change of a definition was noted. An expression, to be
 * read with the poll: both tables have a row or few for each captured table.
 * Docs: "cdc.change_tables", "cdc.ddl_history".
 */
export const SCHEMA_FINGERPRINT = `(SELECT CONVERT(varchar(12), COUNT(*)) + ':' + ISNULL(CONVERT(varchar(20), SUM(CONVERT(bigint, t.object_id))), '')
    + ':' + ISNULL(CONVERT(varchar(23), MAX(t.create_date), 121), '') FROM cdc.change_tables AS t)
  + '/' + (SELECT CONVERT(varchar(12), COUNT(*)) + ':' + ISNULL(CONVERT(varchar(20), MAX(h.ddl_lsn), 2), '') FROM cdc.ddl_history AS h)`;

/**
 * Docs: "sys.indexes", "sys.index_columns". Columns of the unique indexes without a filter: the primary key first, then the clustered one, then by
 * name.
 */
export const KEY_INDEXES = `
SELECT i.object_id, i.index_id, i.is_primary_key, c.name, c.is_nullable
FROM sys.indexes AS i
INNER JOIN sys.index_columns AS ic ON ic.object_id = i.object_id AND ic.index_id = i.index_id
INNER JOIN sys.columns AS c ON c.object_id = ic.object_id AND c.column_id = ic.column_id
WHERE i.is_unique = 1 AND i.has_filter = 0 AND ic.key_ordinal > 0
  AND i.object_id IN (SELECT t.source_object_id FROM cdc.change_tables AS t)
ORDER BY i.object_id, i.is_primary_key DESC, CASE WHEN i.index_id = 1 THEN 0 ELSE 1 END, i.name, ic.key_ordinal`;

/** Docs: "sys.fn_cdc_get_max_lsn". NULL while nothing was captured yet. */
export const MAX_CAPTURED_LSN = 'SELECT sys.fn_cdc_get_max_lsn() AS max_lsn';

/** Docs: "cdc.change_tables". Asked again after a window was read: clean-up may have run meanwhile. */
export const LOW_WATER_MARKS = 'SELECT t.capture_instance, t.start_lsn FROM cdc.change_tables AS t';

/** Docs: "SERVERPROPERTY". */
export const SERVER_FACTS = `SELECT CONVERT(int, SERVERPROPERTY('ProductMajorVersion')) AS version,
  CONVERT(int, SERVERPROPERTY('EngineEdition')) AS edition`;

/** Docs: "CURRENT_TIMEZONE_ID" (SQL Server 2022, Azure). */
export const SERVER_TIME_ZONE = 'SELECT CURRENT_TIMEZONE_ID() AS zone';

const OFFSET_THEN =
  "CASE WHEN @zone IS NOT NULL THEN DATEPART(TZOFFSET, m.tran_end_time AT TIME ZONE ISNULL(@zone, N'UTC')) END";

/**
 * Docs: "cdc.lsn_time_mapping", "AT TIME ZONE" (SQL Server 2016). Times are server-local without a zone; the last column is their offset from UTC
 * in minutes, NULL when @zone is.
 */
export const COMMIT_TIMES = `
SELECT TOP (@rows) m.start_lsn, m.tran_end_time,
  ${OFFSET_THEN} AS offset_minutes
FROM cdc.lsn_time_mapping AS m
WHERE m.start_lsn > @after AND m.start_lsn <= @to
ORDER BY m.start_lsn`;

/**
 * Docs: "sys.dm_cdc_log_scan_sessions" (needs VIEW DATABASE STATE). One row per log scan; scans that find nothing are counted in the
 * newest row.
 */
export const NEWEST_LOG_SCAN = `
SELECT TOP (1) s.session_id, s.empty_scan_count
FROM sys.dm_cdc_log_scan_sessions AS s
WHERE s.session_id <> 0
ORDER BY s.session_id DESC`;

/**
 * Docs: "sys.dm_tran_database_transactions" (needs VIEW SERVER STATE), "CURRENT_TRANSACTION_ID" (SQL Server 2016). To be run between the
 * savepoints of a snapshot read.
 */
export const OWN_TRANSACTION_LSNS = `
SELECT CONVERT(varchar(25), t.database_transaction_begin_lsn) AS begin_lsn,
  CONVERT(varchar(25), t.database_transaction_most_recent_savepoint_lsn) AS savepoint_lsn
FROM sys.dm_tran_database_transactions AS t
WHERE t.transaction_id = CURRENT_TRANSACTION_ID() AND t.database_id = DB_ID()`;

/** Docs: as above. When the first transaction at or after an LSN was committed. */
export const COMMIT_TIME_FROM = `
SELECT TOP (1) m.start_lsn, m.tran_end_time,
  ${OFFSET_THEN} AS offset_minutes
FROM cdc.lsn_time_mapping AS m
WHERE m.start_lsn >= @lsn
ORDER BY m.start_lsn`;

/** Docs: "dbo.cdc_jobs" (needs SELECT on it in msdb). Minutes for which clean-up keeps changes. */
export const CLEANUP_RETENTION = `
SELECT j.retention
FROM msdb.dbo.cdc_jobs AS j
WHERE j.database_id = DB_ID() AND j.job_type = N'cleanup'`;
