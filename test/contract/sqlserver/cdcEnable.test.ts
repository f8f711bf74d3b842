import { type SqlCase, sqlCases } from './support/cases.ts';
import { enableTable } from './support/cdc.ts';
import { useContractServer } from './support/server.ts';

const server = useContractServer([
  'EXEC sys.sp_cdc_enable_db',
  'CREATE TABLE dbo.HEAP (id int NOT NULL, v int NULL, note varchar(10) NULL)',
  'CREATE TABLE dbo.KEYED (id int NOT NULL CONSTRAINT PK_KEYED PRIMARY KEY, code varchar(10) NOT NULL, maybe int NULL)',
  'CREATE UNIQUE INDEX UX_CODE ON dbo.KEYED (code); CREATE UNIQUE INDEX UX_MAYBE ON dbo.KEYED (maybe); CREATE INDEX IX_MAYBE ON dbo.KEYED (maybe, code)',
  'CREATE TABLE dbo.TWICE (id int NOT NULL CONSTRAINT PK_TWICE PRIMARY KEY, v int NULL)',
  enableTable('TWICE'),
  'CREATE TABLE dbo.FROZEN (id int NOT NULL CONSTRAINT PK_FROZEN PRIMARY KEY, v int NULL, gone int NULL, later varchar(5) NULL)',
  enableTable('FROZEN'),
]);
const plain = useContractServer(['CREATE TABLE dbo.T (id int NOT NULL PRIMARY KEY)']);

const ENABLE = 'sys.sp_cdc_enable_table (Transact-SQL)';
const DISABLE = 'sys.sp_cdc_disable_table (Transact-SQL)';
const CHANGES = 'About change data capture (SQL Server): schema changes';

const enable = (table: string, options: string): string =>
  `EXEC sys.sp_cdc_enable_table @source_schema = N'dbo', @source_name = N'${table}', ${options}`;

const WITHOUT: readonly SqlCase[] = [
  {
    name: 'a table cannot be enabled before its database: 22901',
    source: 'Database engine events and errors: 22901',
    batch: enable('T', '@role_name = NULL'),
    errors: [22901],
  },
  {
    name: 'a database that is not enabled cannot be asked for its instances either',
    source: 'Database engine events and errors: 22901',
    batch: 'EXEC sys.sp_cdc_help_change_data_capture',
    errors: [22901],
  },
  {
    name: 'sp_cdc_enable_db makes schema, user and metadata tables and sets the flag; sp_cdc_disable_db takes them away',
    source: 'sys.sp_cdc_enable_db; sys.sp_cdc_disable_db (Transact-SQL)',
    batch: `EXEC sys.sp_cdc_enable_db;
      SELECT is_cdc_enabled FROM sys.databases WHERE name = DB_NAME();
      SELECT name FROM sys.tables WHERE schema_id = SCHEMA_ID('cdc') AND name IN ('change_tables', 'captured_columns', 'index_columns', 'ddl_history', 'lsn_time_mapping') ORDER BY name;
      SELECT name FROM sys.database_principals WHERE name = 'cdc';
      EXEC sys.sp_cdc_disable_db;
      SELECT is_cdc_enabled, SCHEMA_ID('cdc') FROM sys.databases WHERE name = DB_NAME()`,
    rows: [
      [true],
      ['captured_columns'],
      ['change_tables'],
      ['ddl_history'],
      ['index_columns'],
      ['lsn_time_mapping'],
      ['cdc'],
      [false, null],
    ],
  },
  {
    name: 'a schema called cdc stands in the way: 22906',
    source: 'sys.sp_cdc_enable_db (Transact-SQL)',
    given: ["EXEC('CREATE SCHEMA cdc')"],
    batch: 'EXEC sys.sp_cdc_enable_db',
    errors: [22906],
    after: { batch: 'DROP SCHEMA cdc' },
  },
];

const ENABLING: readonly SqlCase[] = [
  {
    name: 'the role must be named, be it NULL',
    source: ENABLE,
    batch: enable('HEAP', "@capture_instance = N'x'"),
    errors: [201],
  },
  {
    name: 'a table that is not there is 22931',
    source: 'Database engine events and errors: 22931',
    batch: enable('NOWHERE', '@role_name = NULL'),
    errors: [22931],
  },
  {
    name: 'net changes need a key: 22939',
    source: ENABLE,
    batch: enable('HEAP', '@role_name = NULL, @supports_net_changes = 1'),
    errors: [22939],
  },
  {
    name: 'a table without a key is captured without net changes',
    source: ENABLE,
    batch: `${enable('HEAP', '@role_name = NULL')}; SELECT capture_instance, supports_net_changes, index_name FROM cdc.change_tables WHERE source_object_id = OBJECT_ID('dbo.HEAP');
      SELECT OBJECT_ID('cdc.fn_cdc_get_net_changes_dbo_HEAP'); SELECT is_tracked_by_cdc FROM sys.tables WHERE name = 'HEAP'`,
    rows: [['dbo_HEAP', false, null], [null], [true]],
    after: { batch: "EXEC sys.sp_cdc_disable_table N'dbo', N'HEAP', N'all'" },
  },
  {
    name: 'the primary key is the index unless another unique one is named',
    source: ENABLE,
    batch: `${enable('KEYED', "@role_name = NULL, @capture_instance = N'by_pk'")}; ${enable('KEYED', "@role_name = NULL, @capture_instance = N'by_code', @index_name = N'UX_CODE'")};
      SELECT capture_instance, index_name, supports_net_changes FROM cdc.change_tables WHERE source_object_id = OBJECT_ID('dbo.KEYED') ORDER BY capture_instance`,
    rows: [
      ['by_code', 'UX_CODE', true],
      ['by_pk', 'PK_KEYED', true],
    ],
    after: {
      batch:
        "EXEC sys.sp_cdc_disable_table N'dbo', N'KEYED', N'all'; SELECT COUNT(*) FROM cdc.change_tables WHERE capture_instance LIKE 'by[_]%'",
      rows: [[0]],
    },
  },
  {
    name: 'a third capture instance is 22962',
    source: 'sys.sp_cdc_enable_table (Transact-SQL): at most two capture instances',
    batch: `${enable('TWICE', "@role_name = NULL, @capture_instance = N'second'")}; ${enable('TWICE', "@role_name = NULL, @capture_instance = N'third'")}`,
    errors: [22962],
    after: { batch: "EXEC sys.sp_cdc_disable_table N'dbo', N'TWICE', N'second'" },
  },
  {
    name: 'the same instance twice is 22926',
    source: 'Database engine events and errors: 22926',
    batch: enable('TWICE', '@role_name = NULL'),
    errors: [22926],
  },
  {
    name: 'a column that is not there cannot be captured',
    source: ENABLE,
    batch: enable('HEAP', "@role_name = NULL, @captured_column_list = N'id, nothing'"),
    errors: [22930],
  },
  {
    name: 'a captured list must hold the key columns',
    source: ENABLE,
    batch: `BEGIN TRY ${enable('KEYED', "@role_name = NULL, @captured_column_list = N'code'")} END TRY BEGIN CATCH SELECT IIF(ERROR_NUMBER() BETWEEN 22900 AND 22999, 'refused', 'other') END CATCH`,
    rows: [['refused']],
  },
  {
    name: 'a captured list keeps ordinals of its own, brackets and blanks allowed',
    source: 'sys.sp_cdc_enable_table; cdc.captured_columns (Transact-SQL)',
    batch: `${enable('KEYED', "@role_name = NULL, @captured_column_list = N'[maybe], id'")};
      SELECT column_name, column_id, column_ordinal FROM cdc.captured_columns WHERE object_id = OBJECT_ID('cdc.dbo_KEYED_CT') ORDER BY column_ordinal;
      SELECT sys.fn_cdc_get_column_ordinal('dbo_KEYED', 'maybe'), sys.fn_cdc_get_column_ordinal('dbo_KEYED', 'code')`,
    rows: [
      ['id', 1, 1],
      ['maybe', 3, 2],
      [2, null],
    ],
    after: { batch: "EXEC sys.sp_cdc_disable_table N'dbo', N'KEYED', N'all'" },
  },
  {
    name: 'a role that is not there is made, and stays',
    source: ENABLE,
    batch: `${enable('HEAP', "@role_name = N'gate_of_heap'")}; EXEC sys.sp_cdc_disable_table N'dbo', N'HEAP', N'all'; SELECT type FROM sys.database_principals WHERE name = 'gate_of_heap'`,
    rows: [['R']],
  },
  {
    name: 'an instance that is not there cannot be disabled',
    source: DISABLE,
    batch: `BEGIN TRY EXEC sys.sp_cdc_disable_table N'dbo', N'TWICE', N'nope' END TRY BEGIN CATCH SELECT IIF(ERROR_NUMBER() BETWEEN 22900 AND 22999, 'refused', 'other') END CATCH`,
    rows: [['refused']],
  },
  {
    name: 'the help lists index columns and captured columns in brackets',
    source: 'sys.sp_cdc_help_change_data_capture (Transact-SQL)',
    batch: `DECLARE @h TABLE (source_schema sysname, source_table sysname, capture_instance sysname, object_id int, source_object_id int, start_lsn binary(10), end_lsn binary(10),
        supports_net_changes bit, has_drop_pending bit, role_name sysname NULL, index_name sysname NULL, filegroup_name sysname NULL, create_date datetime,
        index_column_list nvarchar(max), captured_column_list nvarchar(max));
      INSERT INTO @h EXEC sys.sp_cdc_help_change_data_capture N'dbo', N'TWICE';
      SELECT source_table, capture_instance, supports_net_changes, index_name, index_column_list, captured_column_list FROM @h`,
    rows: [['TWICE', 'dbo_TWICE', true, 'PK_TWICE', '[id]', '[id], [v]']],
  },
];

const DDL: readonly SqlCase[] = [
  {
    name: 'TRUNCATE TABLE is refused: 4711',
    source: 'TRUNCATE TABLE (Transact-SQL)',
    batch: 'TRUNCATE TABLE dbo.FROZEN',
    errors: [4711],
  },
  {
    name: 'the primary key cannot be dropped',
    source: CHANGES,
    batch:
      "BEGIN TRY ALTER TABLE dbo.FROZEN DROP CONSTRAINT PK_FROZEN END TRY BEGIN CATCH PRINT ERROR_MESSAGE() END CATCH; SELECT COUNT(*) FROM sys.key_constraints WHERE name = 'PK_FROZEN'",
    rows: [[1]],
  },
  {
    name: 'a captured column cannot be renamed: 4928',
    source: CHANGES,
    batch: "EXEC sp_rename 'dbo.FROZEN.v', 'w', 'COLUMN'",
    errors: [4928],
  },
  {
    name: 'a new column is not captured by the instance that is there',
    source: CHANGES,
    batch: `ALTER TABLE dbo.FROZEN ADD fresh int NULL; SELECT COUNT(*) FROM cdc.captured_columns WHERE object_id = OBJECT_ID('cdc.dbo_FROZEN_CT') AND column_name = 'fresh';
      SELECT COL_LENGTH('cdc.dbo_FROZEN_CT', 'fresh')`,
    rows: [[0], [null]],
  },
  {
    name: 'dropping a captured column keeps it in the change table',
    source: CHANGES,
    batch: "ALTER TABLE dbo.FROZEN DROP COLUMN gone; SELECT COL_LENGTH('cdc.dbo_FROZEN_CT', 'gone')",
    rows: [[4]],
  },
  {
    name: 'DROP TABLE takes instance, change table and functions with it',
    source: CHANGES,
    given: ['CREATE TABLE dbo.DOOMED (id int NOT NULL PRIMARY KEY)', enableTable('DOOMED')],
    batch: `DROP TABLE dbo.DOOMED; SELECT COUNT(*), OBJECT_ID('cdc.dbo_DOOMED_CT'), OBJECT_ID('cdc.fn_cdc_get_all_changes_dbo_DOOMED') FROM cdc.change_tables WHERE capture_instance = 'dbo_DOOMED'`,
    rows: [[0, null, null]],
  },
];

sqlCases(plain, 'a database without capture', WITHOUT);
sqlCases(server, 'sp_cdc_enable_table', ENABLING);
sqlCases(server, 'definitions of captured tables', DDL);
