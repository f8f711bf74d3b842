import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '#test/support/eventually.ts';
import { type EngineClient, type EngineUnderTest, startEngine } from '#test/support/standinEngine.ts';

let engine: EngineUnderTest;
let sa: EngineClient;

beforeAll(async () => {
  engine = startEngine();
  sa = await engine.connect();
  for (const sql of [
    `CREATE TABLE dbo.ITEM (ID int IDENTITY NOT NULL CONSTRAINT PK_ITEM PRIMARY KEY, NAME nvarchar(20) NULL,
      PRICE numeric(9, 2) NOT NULL DEFAULT (0), AT datetime2(3) NULL)`,
    'CREATE INDEX IX_NAME ON dbo.ITEM (NAME)',
    'CREATE VIEW dbo.CHEAP AS SELECT ID FROM dbo.ITEM WHERE PRICE < 1',
    'EXEC sys.sp_cdc_enable_db',
    "EXEC sys.sp_cdc_enable_table @source_schema = N'dbo', @source_name = N'ITEM', @role_name = NULL",
  ])
    expect(await sa.errorOf(sql)).toBe(0);
});

afterAll(() => engine.close());

describe('catalog procedures', () => {
  it('list tables and views, by pattern and type', async () => {
    const rows = await sa.rows(
      "EXEC sp_tables @table_name = N'%', @table_owner = N'dbo', @table_type = N'''TABLE'',''VIEW'''",
    );
    expect(rows.map((row) => [row['TABLE_NAME'], row['TABLE_TYPE']])).toEqual([
      ['ITEM', 'TABLE'],
      ['CHEAP', 'VIEW'],
    ]);
  });

  it('describe columns in the numbers of ODBC, through the table variable that mssql-jdbc uses', async () => {
    const columns = `TABLE_QUALIFIER SYSNAME, TABLE_OWNER SYSNAME, TABLE_NAME SYSNAME, COLUMN_NAME SYSNAME, DATA_TYPE SMALLINT,
      TYPE_NAME SYSNAME, PRECISION INT, LENGTH INT, SCALE SMALLINT, RADIX SMALLINT, NULLABLE SMALLINT, REMARKS VARCHAR(254),
      COLUMN_DEF NVARCHAR(4000), SQL_DATA_TYPE SMALLINT, SQL_DATETIME_SUB SMALLINT, CHAR_OCTET_LENGTH INT, ORDINAL_POSITION INT,
      IS_NULLABLE VARCHAR(254), SS_IS_SPARSE SMALLINT, SS_IS_COLUMN_SET SMALLINT, SS_IS_COMPUTED SMALLINT, SS_IS_IDENTITY SMALLINT,
      SS_UDT_CATALOG_NAME NVARCHAR(128), SS_UDT_SCHEMA_NAME NVARCHAR(128), SS_UDT_ASSEMBLY_TYPE_NAME NVARCHAR(max),
      SS_XML_SCHEMACOLLECTION_CATALOG_NAME NVARCHAR(128), SS_XML_SCHEMACOLLECTION_SCHEMA_NAME NVARCHAR(128),
      SS_XML_SCHEMACOLLECTION_NAME NVARCHAR(128), SS_DATA_TYPE TINYINT`;
    const { results, errors } = await sa.run(`DECLARE @t TABLE(${columns});
      INSERT INTO @t EXEC sp_columns_100 N'ITEM', N'dbo', N'SHOP', NULL, 2, 3;
      SELECT COLUMN_NAME, DATA_TYPE, TYPE_NAME, PRECISION, SCALE, NULLABLE, COLUMN_DEF FROM @t`);
    expect(errors).toEqual([]);
    expect(results[0]!.map((row) => Object.values(row))).toEqual([
      ['ID', 4, 'int identity', 10, 0, 0, null],
      ['NAME', -9, 'nvarchar', 20, null, 1, null],
      ['PRICE', 2, 'numeric', 9, 2, 0, '((0))'],
      ['AT', 93, 'datetime2', 23, 3, 1, null],
    ]);
  });

  it('list primary keys and indexes', async () => {
    const keys = await sa.rows("EXEC sp_pkeys N'ITEM', N'dbo'");
    expect(keys).toMatchObject([{ COLUMN_NAME: 'ID', KEY_SEQ: 1, PK_NAME: 'PK_ITEM' }]);
    const indexes = await sa.rows("EXEC sp_statistics_100 N'ITEM', N'dbo'");
    expect(indexes.map((row) => [row['INDEX_NAME'], row['TYPE'], row['NON_UNIQUE']])).toEqual([
      [null, 0, null],
      ['PK_ITEM', 1, 0],
      ['IX_NAME', 3, 1],
    ]);
  });

  it('give the text of a module, and 15009 for none', async () => {
    const [row] = await sa.rows("EXEC sp_helptext N'dbo.CHEAP'");
    expect(row!['Text']).toMatch(/^CREATE VIEW dbo\.CHEAP/);
    expect(await sa.errorOf("EXEC sp_helptext N'dbo.ABSENT'")).toBe(15009);
  });

  it('list the current database only', async () => {
    expect(await sa.errorOf("EXEC sp_tables @table_qualifier = N'master'")).toBe(15250);
  });
});

describe('the catalog of change data capture', () => {
  it('shows change tables with their columns as tables of the system', async () => {
    const rows = await sa.rows(`SELECT t.capture_instance, OBJECT_SCHEMA_NAME(t.source_object_id) AS [schema],
        OBJECT_NAME(t.source_object_id) AS source, OBJECT_NAME(t.object_id) AS change_table,
        CASE WHEN EXISTS (SELECT 1 FROM sys.columns AS k WHERE k.object_id = t.object_id AND k.name = N'__$command_id')
          THEN 1 ELSE 0 END AS has_command_id
      FROM cdc.change_tables AS t`);
    expect(rows).toEqual([
      { capture_instance: 'dbo_ITEM', schema: 'dbo', source: 'ITEM', change_table: 'dbo_ITEM_CT', has_command_id: 1 },
    ]);
    expect(await sa.rows("SELECT is_ms_shipped FROM sys.tables WHERE name = 'dbo_ITEM_CT'")).toEqual([
      { is_ms_shipped: 1 },
    ]);
    expect(await sa.rows("SELECT is_tracked_by_cdc FROM sys.tables WHERE name = 'ITEM'")).toEqual([
      { is_tracked_by_cdc: 1 },
    ]);
  });

  it('counts the scans of the capture job', async () => {
    await eventually(async () => {
      const rows = await sa.rows('SELECT session_id FROM sys.dm_cdc_log_scan_sessions WHERE session_id > 0');
      expect(rows.length).toBeGreaterThan(0);
    });
  });
});
