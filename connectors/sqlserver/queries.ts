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

/** Docs: "cdc.captured_columns", "sys.columns". Types and nullability are the source table's: the change table makes all nullable. */
export const CAPTURED_COLUMNS = `
SELECT cc.object_id, cc.column_name, cc.column_ordinal, c.is_computed,
  TYPE_NAME(c.system_type_id) AS type_name, c.max_length, c.precision, c.scale, c.is_nullable
FROM cdc.captured_columns AS cc
INNER JOIN cdc.change_tables AS t ON t.object_id = cc.object_id
LEFT JOIN sys.columns AS c ON c.object_id = t.source_object_id AND c.name = cc.column_name
ORDER BY cc.object_id, cc.column_ordinal`;

/** Docs: "sys.indexes", "sys.index_columns". */
export const PRIMARY_KEYS = `
SELECT i.object_id, c.name
FROM sys.indexes AS i
INNER JOIN sys.index_columns AS ic ON ic.object_id = i.object_id AND ic.index_id = i.index_id
INNER JOIN sys.columns AS c ON c.object_id = ic.object_id AND c.column_id = ic.column_id
WHERE i.is_primary_key = 1 AND i.object_id IN (SELECT t.source_object_id FROM cdc.change_tables AS t)
ORDER BY i.object_id, ic.key_ordinal`;

/** Docs: "sys.fn_cdc_get_max_lsn". NULL while nothing was captured yet. */
export const MAX_CAPTURED_LSN = 'SELECT sys.fn_cdc_get_max_lsn() AS max_lsn';

/** Docs: "cdc.change_tables". Asked again after a window was read: clean-up may have run meanwhile. */
export const LOW_WATER_MARKS = 'SELECT t.capture_instance, t.start_lsn FROM cdc.change_tables AS t';

/** Docs: "cdc.lsn_time_mapping". Times are server-local without a zone. */
export const COMMIT_TIMES = `
SELECT TOP (@rows) m.start_lsn, m.tran_end_time
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
