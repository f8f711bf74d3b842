import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EngineClient, type EngineUnderTest, startEngine } from '#test/support/standinEngine.ts';

let engine: EngineUnderTest;
let sa: EngineClient;

beforeAll(async () => {
  engine = startEngine();
  sa = await engine.connect();
  for (const sql of [
    'CREATE SCHEMA sales',
    'CREATE TYPE dbo.PHONE FROM varchar(20) NOT NULL',
    `CREATE TABLE dbo.CUSTOMER (
      ID int IDENTITY(10, 5) NOT NULL CONSTRAINT PK_CUSTOMER PRIMARY KEY,
      NAME nvarchar(60) NOT NULL,
      PHONE dbo.PHONE NULL,
      CREDIT decimal(9, 2) NOT NULL CONSTRAINT DF_CREDIT DEFAULT (0),
      BORN datetime2(3) NULL,
      NOTES text NULL,
      ROW_VER rowversion,
      CONSTRAINT CK_CREDIT CHECK (CREDIT >= 0),
      CONSTRAINT UQ_NAME UNIQUE (NAME)
    )`,
    `CREATE TABLE sales.ORDERS (
      NO int NOT NULL, LINE smallint NOT NULL, CUSTOMER_ID int NOT NULL,
      AMOUNT AS (NO * LINE), CONSTRAINT PK_ORDERS PRIMARY KEY (NO, LINE),
      CONSTRAINT FK_CUSTOMER FOREIGN KEY (CUSTOMER_ID) REFERENCES dbo.CUSTOMER (ID) ON DELETE CASCADE
    )`,
    'CREATE INDEX IX_CUSTOMER ON sales.ORDERS (CUSTOMER_ID DESC)',
    'CREATE VIEW sales.BIG AS SELECT NO FROM sales.ORDERS WHERE NO > 100',
    'CREATE PROCEDURE sales.Add1 @n int, @sum int OUTPUT AS SET @sum = @n + 1',
    "INSERT INTO dbo.CUSTOMER (NAME) VALUES (N'Ann'), (N'Bob')",
  ])
    expect(await sa.errorOf(sql)).toBe(0);
});

afterAll(() => engine.close());

describe('the catalog', () => {
  it('lists objects with their schemas and types', async () => {
    const rows = await sa.rows(`SELECT s.name AS [schema], o.name, RTRIM(o.type) AS type FROM sys.objects o
      JOIN sys.schemas s ON s.schema_id = o.schema_id WHERE o.is_ms_shipped = 0 AND o.type IN ('U', 'V', 'P', 'F', 'C', 'UQ')
      ORDER BY o.name`);
    expect(rows.map((row) => Object.values(row).join(' '))).toEqual([
      'sales Add1 P',
      'sales BIG V',
      'dbo CK_CREDIT C',
      'dbo CUSTOMER U',
      'sales FK_CUSTOMER F',
      'sales ORDERS U',
      'dbo UQ_NAME UQ',
    ]);
  });

  it('describes columns with type, size and properties', async () => {
    const rows =
      await sa.rows(`SELECT c.name, TYPE_NAME(c.system_type_id) AS type, c.max_length AS size, c.precision, c.scale,
        c.is_nullable AS nullable, c.is_identity AS [identity]
      FROM sys.columns c WHERE c.object_id = OBJECT_ID(N'dbo.CUSTOMER') ORDER BY c.column_id`);
    expect(rows.map((row) => Object.values(row))).toEqual([
      ['ID', 'int', 4, 10, 0, 0, 1],
      ['NAME', 'nvarchar', 120, 0, 0, 0, 0],
      ['PHONE', 'varchar', 20, 0, 0, 1, 0],
      ['CREDIT', 'decimal', 5, 9, 2, 0, 0],
      ['BORN', 'datetime2', 7, 23, 3, 1, 0],
      ['NOTES', 'text', 16, 0, 0, 1, 0],
      ['ROW_VER', 'timestamp', 8, 0, 0, 0, 0],
    ]);
  });

  it('finds primary keys in order, and indexes with their direction', async () => {
    const keys = await sa.rows(`SELECT c.name FROM sys.indexes i
      JOIN sys.index_columns ic ON ic.object_id = i.object_id AND ic.index_id = i.index_id
      JOIN sys.columns c ON c.object_id = ic.object_id AND c.column_id = ic.column_id
      WHERE i.is_primary_key = 1 AND i.object_id = OBJECT_ID('sales.ORDERS') ORDER BY ic.key_ordinal`);
    expect(keys.map((row) => row['name'])).toEqual(['NO', 'LINE']);
    const [index] = await sa.rows(`SELECT i.type_desc, ic.is_descending_key FROM sys.indexes i
      JOIN sys.index_columns ic ON ic.object_id = i.object_id AND ic.index_id = i.index_id WHERE i.name = 'IX_CUSTOMER'`);
    expect(index).toEqual({ type_desc: 'NONCLUSTERED', is_descending_key: 1 });
  });

  it('knows foreign keys, checks, defaults, computed and identity columns', async () => {
    expect(
      await sa.rows(`SELECT OBJECT_NAME(f.referenced_object_id) AS parent, f.delete_referential_action_desc AS action,
        COL_NAME(k.parent_object_id, k.parent_column_id) AS child_column
        FROM sys.foreign_keys f JOIN sys.foreign_key_columns k ON k.constraint_object_id = f.object_id`),
    ).toEqual([{ parent: 'CUSTOMER', action: 'CASCADE', child_column: 'CUSTOMER_ID' }]);
    const [def] = await sa.rows("SELECT definition FROM sys.default_constraints WHERE name = 'DF_CREDIT'");
    expect(def).toEqual({ definition: '((0))' });
    expect(await sa.rows('SELECT name FROM sys.computed_columns')).toEqual([{ name: 'AMOUNT' }]);
    const [identity] = await sa.rows(`SELECT CONVERT(int, seed_value) AS seed, CONVERT(int, increment_value) AS step,
      CONVERT(int, last_value) AS last FROM sys.identity_columns`);
    expect(identity).toEqual({ seed: 10, step: 5, last: 15 });
  });

  it('counts rows in sys.partitions', async () => {
    const rows = await sa.rows(
      "SELECT SUM(p.rows) AS n FROM sys.partitions p WHERE p.object_id = OBJECT_ID('dbo.CUSTOMER') AND p.index_id IN (0, 1)",
    );
    expect(rows).toEqual([{ n: 2n }]);
  });

  it('serves INFORMATION_SCHEMA', async () => {
    const rows = await sa.rows(`SELECT COLUMN_NAME, DATA_TYPE, CHARACTER_MAXIMUM_LENGTH, NUMERIC_PRECISION
      FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_SCHEMA = 'dbo' AND ORDINAL_POSITION <= 4`);
    expect(rows.map((row) => Object.values(row))).toEqual([
      ['ID', 'int', null, 10],
      ['NAME', 'nvarchar', 60, null],
      ['PHONE', 'varchar', 20, null],
      ['CREDIT', 'decimal', null, 9],
    ]);
  });

  it('lists databases with their settings', async () => {
    const rows = await sa.rows(
      "SELECT name, database_id, is_cdc_enabled, state_desc, compatibility_level FROM sys.databases WHERE name = 'SHOP'",
    );
    expect(rows).toEqual([
      { name: 'SHOP', database_id: 5, is_cdc_enabled: 0, state_desc: 'ONLINE', compatibility_level: 160 },
    ]);
  });

  it('shows the session that asks', async () => {
    const rows = await sa.rows(`SELECT s.login_name, s.host_name, c.encrypt_option FROM sys.dm_exec_sessions s
      JOIN sys.dm_exec_connections c ON c.session_id = s.session_id WHERE s.session_id = @@SPID`);
    expect(rows).toEqual([{ login_name: 'sa', host_name: 'test-host', encrypt_option: 'FALSE' }]);
  });

  it('gives a transaction its place in the log after a savepoint', async () => {
    await sa.run('ALTER DATABASE SHOP SET ALLOW_SNAPSHOT_ISOLATION ON');
    const { results, errors } = await sa.run(`SET TRANSACTION ISOLATION LEVEL SNAPSHOT; BEGIN TRAN; SAVE TRAN a;
      SELECT COUNT(*) AS n FROM sys.dm_tran_database_transactions t WHERE t.transaction_id = CURRENT_TRANSACTION_ID()
        AND t.database_id = DB_ID() AND t.database_transaction_begin_lsn > 0 AND
        t.database_transaction_most_recent_savepoint_lsn > t.database_transaction_begin_lsn;
      ROLLBACK; SET TRANSACTION ISOLATION LEVEL READ COMMITTED;`);
    expect(errors).toEqual([]);
    expect(results[0]).toEqual([{ n: 1 }]);
  });

  it('raises 208 for a system view that is not served', async () => {
    expect(await sa.errorOf('SELECT * FROM sys.nothing')).toBe(208);
  });
});

describe('metadata functions', () => {
  it.each<[string, unknown]>([
    ["OBJECT_NAME(OBJECT_ID('[sales].[ORDERS]'))", 'ORDERS'],
    ["OBJECT_SCHEMA_NAME(OBJECT_ID('SHOP.sales.ORDERS'))", 'sales'],
    ["OBJECT_ID('sales.ORDERS', 'V')", null],
    ["CASE WHEN OBJECT_ID('dbo.PK_CUSTOMER', 'PK') > 0 THEN 1 ELSE 0 END", 1],
    ["OBJECT_ID('absent')", null],
    ['DB_NAME()', 'SHOP'],
    ["DB_ID('absent')", null],
    ["SCHEMA_NAME(SCHEMA_ID('sales'))", 'sales'],
    ["TYPE_NAME(TYPE_ID('dbo.PHONE'))", 'PHONE'],
    ["COL_NAME(OBJECT_ID('dbo.CUSTOMER'), 2)", 'NAME'],
    ["COL_LENGTH('dbo.CUSTOMER', 'NAME')", 120],
    ["COLUMNPROPERTY(OBJECT_ID('dbo.CUSTOMER'), 'ID', 'IsIdentity')", 1],
    ["OBJECTPROPERTY(OBJECT_ID('dbo.CUSTOMER'), 'TableHasPrimaryKey')", 1],
    ["IDENT_CURRENT('dbo.CUSTOMER')", 15n],
    ["CONVERT(int, SERVERPROPERTY('EngineEdition'))", 3],
    ["CONVERT(nvarchar(20), DATABASEPROPERTYEX('SHOP', 'Recovery'))", 'FULL'],
    ['SUSER_SNAME()', 'sa'],
    ['USER_NAME()', 'dbo'],
    ['APP_NAME()', 'test'],
    ["IS_SRVROLEMEMBER('sysadmin')", 1],
    ["IS_MEMBER('absent')", null],
    ["HAS_PERMS_BY_NAME('dbo.CUSTOMER', 'OBJECT', 'SELECT')", 1],
    ["HAS_PERMS_BY_NAME('dbo.ABSENT', 'OBJECT', 'SELECT')", null],
    ['@@TRANCOUNT', 0],
    ['XACT_STATE()', 0],
    ['LEFT(@@VERSION, 25)', 'Microsoft SQL Server 2022'],
  ])('%s', async (expression, expected) => {
    expect(await sa.rows(`SELECT ${expression} AS v`)).toEqual([{ v: expected }]);
  });

  it('complain about a wrong number of arguments', async () => {
    expect(await sa.errorOf('SELECT OBJECT_NAME()')).toBe(189);
    expect(await sa.errorOf('SELECT XACT_STATE(1)')).toBe(174);
  });
});

describe('what a login without rights sees', () => {
  let user: EngineClient;

  beforeAll(async () => {
    for (const sql of [
      "CREATE LOGIN till WITH PASSWORD = 'Till-Password-1'",
      'CREATE USER till FOR LOGIN till',
      'GRANT EXECUTE ON SCHEMA::sales TO till',
      'GRANT SELECT ON dbo.CUSTOMER TO till',
    ])
      expect(await sa.errorOf(sql)).toBe(0);
    user = await engine.connect('till', 'Till-Password-1');
  });

  it('is what it was granted something on', async () => {
    const rows = await user.rows("SELECT name FROM sys.objects WHERE type IN ('U', 'P', 'V') ORDER BY name");
    expect(rows.map((row) => row['name'])).toEqual(['Add1', 'BIG', 'CUSTOMER', 'ORDERS']);
  });

  it('does not include management views of the server', async () => {
    expect(await user.errorOf('SELECT * FROM sys.dm_tran_database_transactions')).toBe(300);
    expect(await user.errorOf('SELECT * FROM sys.dm_cdc_log_scan_sessions')).toBe(262);
    const rows = await user.rows('SELECT login_name FROM sys.dm_exec_sessions');
    expect(rows).toEqual([{ login_name: 'till' }]);
  });

  it('is told truly by HAS_PERMS_BY_NAME and the role functions', async () => {
    const [rights] = await user.rows(`SELECT HAS_PERMS_BY_NAME('dbo.CUSTOMER', 'OBJECT', 'SELECT') AS a,
      HAS_PERMS_BY_NAME('dbo.CUSTOMER', 'OBJECT', 'DELETE') AS b, HAS_PERMS_BY_NAME('sales.Add1', 'OBJECT', 'EXECUTE') AS c,
      HAS_PERMS_BY_NAME(NULL, NULL, 'CONTROL SERVER') AS d, HAS_PERMS_BY_NAME(DB_NAME(), 'DATABASE', 'CREATE TABLE') AS e,
      IS_MEMBER('db_owner') AS f, IS_SRVROLEMEMBER('sysadmin') AS g, ORIGINAL_LOGIN() AS h`);
    expect(rights).toEqual({ a: 1, b: 0, c: 1, d: 0, e: 0, f: 0, g: 0, h: 'till' });
  });

  it('is refused elsewhere: 18456, 4060, 229', async () => {
    await expect(engine.connect('till', 'wrong')).rejects.toThrow('18456');
    await expect(engine.connect('till', 'Till-Password-1', 'ABSENT')).rejects.toThrow('4060');
    expect(await user.errorOf('SELECT * FROM sales.ORDERS')).toBe(229);
    expect(await user.errorOf('DELETE FROM dbo.CUSTOMER')).toBe(229);
  });
});
