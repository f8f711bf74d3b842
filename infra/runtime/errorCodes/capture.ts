import { entry } from './entry.ts';

/** Error codes of capture. */
export const CAPTURE_ERRORS = {
  // connectors/capture
  CDC_NOT_ENABLED: entry(
    'Change data capture is not enabled on the database.',
    'Run sys.sp_cdc_enable_db in it (sysadmin), then enable each table; `sluice sql` prints the script.',
  ),
  CDC_TABLE_NOT_CAPTURED: entry(
    'A configured table has no capture instance that this login can see.',
    'Run sys.sp_cdc_enable_table for it (db_owner) and grant SELECT on it and on schema cdc to the login.',
  ),
  CDC_TABLE_HAS_NO_KEY: entry(
    'A captured table has no primary key that is among its captured columns.',
    'Give the table a primary key, or include its key columns in the capture instance.',
  ),
  CDC_COLUMN_UNSUPPORTED: entry(
    'A captured column has a type that cannot be carried (sql_variant, hierarchyid, geometry, geography or another CLR type).',
    'Leave it out with source.excludeColumns, or leave out all such columns with source.unsupportedColumns: "skip".',
  ),
  CAPTURE_COLUMN_RULE_UNFIT: entry(
    'A rule of the configuration cannot be applied to a column.',
    'See the message; the rules are source.excludeColumns, source.includeColumns and source.maskColumns.',
  ),
  CDC_LSN_NOT_AVAILABLE: entry(
    'CDC has cleaned up changes that were not read yet; they are lost to the stream.',
    'Snapshot the table again. Raise the retention of the clean-up job, or keep the capture running.',
  ),
  CDC_SNAPSHOT_UNAVAILABLE: entry(
    'A snapshot cannot learn the log position of its own transaction.',
    'Grant VIEW SERVER STATE to the capture login and set ALLOW_SNAPSHOT_ISOLATION ON in the database.',
  ),
  SNAPSHOT_NOT_POSSIBLE: entry(
    'A table cannot be read by a snapshot.',
    'The message says why; give it a primary key, narrow it with a filter, or leave it out of the snapshot (capture.snapshot.tables).',
  ),
  SNAPSHOT_FILTER_INVALID: entry(
    'The filter of a snapshot cannot be read.',
    'Write conditions joined by AND: column op value, IN, BETWEEN, LIKE, IS NULL; see docs/snapshots.md.',
  ),
  CDC_PAIR_BROKEN: entry(
    'A change table holds half of an update.',
    'Somebody deletes rows from change tables by hand, or CDC cleaned up while the page was read: snapshot the table again.',
  ),
  CAPTURE_SIGNAL_INVALID: entry(
    'A signal to the capture cannot be understood; it was passed by.',
    'Send it again as the message says; `sluice capture --help` lists the verbs.',
  ),
  CDC_INSTANCE_DROPPED: entry(
    'The capture instance of a table is gone while the table is captured.',
    'Make a capture instance for it again (sys.sp_cdc_enable_table), then resume the table with a snapshot.',
  ),
  CDC_SOURCE_REWOUND: entry(
    'The database was restored to a point before the stored position, or another node took over without the newest transactions.',
    'Restore it to a later point, or start afresh with a new kafka.topicPrefix and consumers.groupPrefix: the topics hold changes this source does not have.',
  ),
  CDC_SOURCE_DIVERGED: entry(
    'The database has another history than the one that was captured: it was restored and went on since, or it is another database.',
    'Check source.server and source.database; else start afresh with a new kafka.topicPrefix and consumers.groupPrefix.',
  ),
  CDC_SCHEMA_MOVED: entry(
    'The definition of a table changed while it was read.',
    'Sluice looks at it again and goes on by itself.',
    true,
  ),
  CDC_COLUMN_NOT_CAPTURED: entry(
    'A column was added to a table, and the capture instance does not hold it.',
    'Make a second capture instance with the statement in the message; the table goes on by itself.',
  ),
  CAPTURE_POSITION_UNREADABLE: entry(
    'The stored position of the capture cannot be understood.',
    'It was written by another version: see CHANGELOG.md, or choose a new capture.name to start again with a snapshot.',
  ),
} as const;
