import { describe, expect, it } from 'vitest';
import { parseBatch } from '#infra/standin/sql/parser.ts';
import { errorOf } from './evaluate.ts';

/** Statements of everyday T-SQL with the kinds they parse into. */
const STATEMENTS: readonly (readonly [sql: string, kinds: string])[] = [
  ['SELECT TOP (5) [Sku], [Item Name] FROM [shop].[Item] ORDER BY [Sku] DESC', 'select'],
  ['SELECT TOP 5 WITH TIES a FROM t ORDER BY a', 'select'],
  ['SELECT Sku FROM shop.Item ORDER BY Sku OFFSET 20 ROWS FETCH NEXT 10 ROWS ONLY', 'select'],
  [
    'SELECT c.Id, o.Sum FROM shop.Buyer c CROSS APPLY (SELECT TOP (1) Sum FROM shop.Ord o WHERE o.Buyer = c.Id ORDER BY At DESC) o',
    'select',
  ],
  ["SELECT i.Id, s.value FROM shop.Item i OUTER APPLY STRING_SPLIT(i.Tags, ',') AS s", 'select'],
  [
    `MERGE INTO shop.Stock WITH (HOLDLOCK) AS t USING (SELECT @sku AS Sku, @n AS N) AS s ON t.Sku = s.Sku
     WHEN MATCHED AND s.N = 0 THEN DELETE WHEN MATCHED THEN UPDATE SET N = t.N + s.N
     WHEN NOT MATCHED BY TARGET THEN INSERT (Sku, N) VALUES (s.Sku, s.N) WHEN NOT MATCHED BY SOURCE THEN DELETE
     OUTPUT $action, inserted.Sku, deleted.N;`,
    'merge',
  ],
  [
    "UPDATE o SET o.State = 'paid', o.N += 1 OUTPUT deleted.State, inserted.State FROM shop.Ord o JOIN shop.Buyer b ON b.Id = o.Buyer WHERE b.Mail = @m",
    'update',
  ],
  ['UPDATE t SET @old = a = a + 1 WHERE k = 1', 'update'],
  ["DELETE l FROM shop.Line l JOIN shop.Ord o ON o.Id = l.Ord WHERE o.State = N'void'", 'delete'],
  ['DELETE TOP (10) FROM #work', 'delete'],
  [
    'INSERT INTO shop.Ord (Buyer, Sum) OUTPUT inserted.Id, inserted.At INTO @out (Id, At) VALUES (@b, @s), (@b, DEFAULT)',
    'insert',
  ],
  ['INSERT shop.Ord DEFAULT VALUES', 'insert'],
  ["INSERT INTO @t EXEC sp_columns_100 @table_name = N'x', @ODBCVer = 3", 'insert'],
  ['INSERT INTO t (a) SELECT a FROM u UNION ALL SELECT b FROM v', 'insert'],
  [
    `CREATE TABLE shop.Ord (Id INT IDENTITY(1,1) NOT NULL CONSTRAINT PK_Ord PRIMARY KEY CLUSTERED, Buyer INT NOT NULL REFERENCES shop.Buyer(Id) ON DELETE CASCADE,
     Sum DECIMAL(18,2) NOT NULL CONSTRAINT CK_Sum CHECK (Sum >= 0), At DATETIME2(7) NOT NULL CONSTRAINT DF_At DEFAULT (SYSUTCDATETIME()),
     Ver ROWVERSION NOT NULL, Price MONEY NULL, Doc NVARCHAR(MAX) NULL, Ref UNIQUEIDENTIFIER ROWGUIDCOL NOT NULL DEFAULT NEWID(),
     Twice AS (Sum * 2) PERSISTED, CONSTRAINT UQ UNIQUE NONCLUSTERED (Buyer ASC, At DESC) WITH (PAD_INDEX = OFF) ON [PRIMARY],
     CONSTRAINT FK2 FOREIGN KEY (Buyer, At) REFERENCES shop.Other (a, b) ON UPDATE NO ACTION, INDEX IX (At)) ON [PRIMARY] TEXTIMAGE_ON [PRIMARY]`,
    'createTable',
  ],
  [
    'CREATE UNIQUE NONCLUSTERED INDEX IX ON shop.Item (a, b DESC) INCLUDE (c) WITH (FILLFACTOR = 80) ON [PRIMARY]',
    'createIndex',
  ],
  ['DROP INDEX IX ON shop.Item; DROP INDEX IF EXISTS a ON t, b ON t', 'dropIndex dropIndex'],
  ["ALTER TABLE shop.Item ADD c int NULL, d varchar(3) NOT NULL CONSTRAINT DF DEFAULT ('x')", 'alterTable'],
  ['ALTER TABLE t WITH NOCHECK ADD CONSTRAINT FK FOREIGN KEY (a) REFERENCES u (a)', 'alterTable'],
  [
    'ALTER TABLE t ADD CONSTRAINT DF DEFAULT (0) FOR a; ALTER TABLE t ALTER COLUMN a bigint NOT NULL; ALTER TABLE t DROP COLUMN IF EXISTS a, b',
    'alterTable alterTable alterTable',
  ],
  [
    'ALTER TABLE t DROP CONSTRAINT x; ALTER TABLE t NOCHECK CONSTRAINT ALL; ALTER TABLE t CHECK CONSTRAINT c; DISABLE TRIGGER tr ON t',
    'alterTable alterTable alterTable alterTable',
  ],
  [
    "SELECT ISNULL(a, N'none') + N'!' AS n, LEN(a), COALESCE(a, b) FROM t WHERE a LIKE N'%[0-9]!%%' ESCAPE '!'",
    'select',
  ],
  [
    'SELECT CONVERT(VARCHAR(10), At, 120), CONVERT(VARBINARY(10), @hex, 1), CAST(Sum AS INT), TRY_CONVERT(INT, Code), TRY_CAST(a AS date) FROM t',
    'select',
  ],
  ['SELECT DATEADD(MINUTE, -5, SYSUTCDATETIME()), DATEDIFF(dd, At, GETUTCDATE()), DATEPART(tz, x) FROM t', 'select'],
  ["SELECT a AT TIME ZONE 'UTC' AT TIME ZONE 'GMT Standard Time' COLLATE Latin1_General_BIN FROM t", 'select'],
  [
    'SELECT N FROM shop.Stock WITH (UPDLOCK, HOLDLOCK, ROWLOCK) WHERE Sku = @sku; SELECT * FROM t (NOLOCK) OPTION (RECOMPILE, MAXDOP 1)',
    'select select',
  ],
  [
    'DECLARE @i INT = 0, @name AS NVARCHAR(50); SET @i += 1; SELECT @name = Name, @i += 2 FROM t WHERE Id = @i; PRINT @name',
    'declare setVariable select print',
  ],
  ['WHILE @i < 10 BEGIN IF @i % 2 = 0 SET @i = @i + 1; ELSE BEGIN SET @i = @i + 2; CONTINUE END END', 'while'],
  [
    'BEGIN TRY BEGIN TRANSACTION; INSERT INTO t (a) VALUES (1); COMMIT TRANSACTION; END TRY BEGIN CATCH IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION; THROW; END CATCH',
    'tryCatch',
  ],
  ['BEGIN TRAN a; SAVE TRAN [b]; ROLLBACK TRAN b; COMMIT TRAN a', 'beginTran saveTran rollback commit'],
  ['CREATE PROCEDURE p AS IF NOT EXISTS (SELECT 1 FROM t) RETURN; RETURN -1', 'createProcedure'],
  ["THROW 50001, 'no lines', 1; RAISERROR (N'only %d of %s', 16, 1, @n, @sku) WITH NOWAIT", 'throw raiserror'],
  [
    "SELECT j.sku, j.qty FROM OPENJSON(@json, '$.lines') WITH (sku NVARCHAR(20) '$.sku', qty INT, more NVARCHAR(MAX) '$.m' AS JSON) AS j",
    'select',
  ],
  [
    "EXEC @rc = shop.AddOrder @Buyer = 1, @Lines = N'[]', @Id = @id OUTPUT; EXEC (N'SELECT 1'); EXEC sp_help t; EXEC @p 1, DEFAULT, NULL, -2",
    'execute executeString execute execute',
  ],
  ["sp_helptext 'x'", 'execute'],
  [
    'WITH x AS (SELECT Id, ROW_NUMBER() OVER (PARTITION BY a ORDER BY b DESC) rn FROM t), y (n) AS (SELECT 1) DELETE FROM x WHERE rn > 1',
    'delete',
  ],
  [
    'SELECT SUM(a) OVER (PARTITION BY b ORDER BY c ROWS BETWEEN 2 PRECEDING AND CURRENT ROW), LAG(a, 1, 0) OVER (ORDER BY c) FROM t',
    'select',
  ],
  [
    'SELECT Id, Sum INTO #t FROM shop.Ord WHERE Sum > 100; SELECT COUNT_BIG(*) FROM #t; DROP TABLE IF EXISTS #t',
    'select select drop',
  ],
  [
    "SELECT IIF(a > 10, 'big', 'small'), CHOOSE(2, 'a', 'b'), STRING_AGG(Sku, ',') WITHIN GROUP (ORDER BY Sku), COUNT(DISTINCT a) FROM t GROUP BY a HAVING COUNT(*) > 1",
    'select',
  ],
  ["SELECT Id, a AS 'b.c' FROM t FOR JSON PATH, ROOT('orders'), INCLUDE_NULL_VALUES", 'select'],
  [
    "CREATE LOGIN app WITH PASSWORD = 'P@ss', CHECK_POLICY = OFF; CREATE USER app FOR LOGIN app WITH DEFAULT_SCHEMA = shop; CREATE ROLE r; ALTER ROLE r ADD MEMBER app",
    'createLogin createUser createRole alterRole',
  ],
  [
    'GRANT EXECUTE ON SCHEMA::shop TO app; GRANT SELECT (a, b), UPDATE ON shop.Item TO [app], r WITH GRANT OPTION; DENY SELECT ON OBJECT::t TO app; REVOKE EXECUTE ON TYPE::shop.Lines FROM app; GRANT VIEW SERVER STATE TO app',
    'permission permission permission permission permission',
  ],
  [
    'SET TRANSACTION ISOLATION LEVEL SNAPSHOT; SET NOCOUNT, XACT_ABORT ON; SET LOCK_TIMEOUT 5000; SET IDENTITY_INSERT dbo.t ON; SET DATEFORMAT dmy',
    'setIsolation setOption setValue setIdentityInsert setValue',
  ],
  [
    "EXEC sys.sp_cdc_enable_table @source_schema = N'dbo', @source_name = N'Ord', @role_name = NULL, @supports_net_changes = 0",
    'execute',
  ],
  [
    "SELECT __$start_lsn, __$operation, Id FROM cdc.fn_cdc_get_all_changes_dbo_Ord(@from, @to, N'all update old') ORDER BY __$start_lsn, __$seqval",
    'select',
  ],
  [
    'ALTER DATABASE shop SET ALLOW_SNAPSHOT_ISOLATION ON; ALTER DATABASE CURRENT SET READ_COMMITTED_SNAPSHOT ON WITH ROLLBACK IMMEDIATE; CREATE DATABASE x',
    'alterDatabase alterDatabase createDatabase',
  ],
  [
    'CREATE TYPE shop.Lines AS TABLE (No int NOT NULL PRIMARY KEY, Sku varchar(20)); CREATE TYPE shop.Name FROM nvarchar(50) NOT NULL',
    'createType createType',
  ],
  [
    'CREATE SEQUENCE s AS bigint START WITH 5 INCREMENT BY 2 NO CYCLE; SELECT NEXT VALUE FOR s',
    'createSequence select',
  ],
  [
    "USE [shop]; TRUNCATE TABLE t; WAITFOR DELAY '00:00:01'; EXECUTE AS USER = 'app'; REVERT",
    'use truncate waitfor executeAs revert',
  ],
  ['(SELECT 1 UNION SELECT 2) EXCEPT SELECT 3 INTERSECT SELECT 4', 'select'],
  [
    "SELECT * FROM (VALUES (1, N'a'), (2, N'b')) AS v (n, s) LEFT JOIN t ON t.a = v.n FULL OUTER JOIN u ON 1 = 1 CROSS JOIN w",
    'select',
  ],
  ['SELECT a FROM t JOIN u JOIN v ON u.x = v.x ON t.x = u.x', 'select'],
  ['SELECT "quoted id", [a]]b], t.*, x = 1, \'lit\' AS "s" FROM t', 'select'],
  [
    'INSERT BULK [t] ([a] int, [b] nvarchar(10) COLLATE Latin1_General_CI_AS) WITH (TABLOCK, ROWS_PER_BATCH = 5)',
    'insertBulk',
  ],
  ['SELECT 1 -- comment\n/* a /* nested */ comment */ + 2', 'select'],
];

const MODULES: readonly (readonly [sql: string, kind: string])[] = [
  [
    `CREATE PROCEDURE shop.Add @Buyer INT, @Lines shop.Lines READONLY, @Note varchar(10) = NULL, @Id INT OUTPUT WITH EXECUTE AS OWNER AS
     SET NOCOUNT ON; BEGIN SET @Id = SCOPE_IDENTITY(); IF @@ROWCOUNT = 0 THROW 50001, 'none', 1; END`,
    'createProcedure',
  ],
  ['CREATE OR ALTER VIEW shop.V (a, b) WITH SCHEMABINDING AS WITH x AS (SELECT 1 a) SELECT a, 2 FROM x;', 'createView'],
  [
    'CREATE FUNCTION shop.F (@a int, @b int = 2) RETURNS decimal(9,2) AS BEGIN DECLARE @c int; RETURN @a + @b; END',
    'createFunction',
  ],
  ['ALTER FUNCTION shop.G (@a int) RETURNS TABLE AS RETURN (SELECT * FROM t WHERE a = @a)', 'createFunction'],
  [
    'CREATE TRIGGER shop.Tr ON shop.Ord AFTER INSERT, UPDATE AS IF UPDATE(State) INSERT a SELECT i.Id FROM inserted i JOIN deleted d ON d.Id = i.Id',
    'createTrigger',
  ],
  ['CREATE SCHEMA shop AUTHORIZATION dbo', 'createSchema'],
];

describe('parseBatch', () => {
  it.each(STATEMENTS)('parses %s', (sql, kinds) => {
    expect(
      parseBatch(sql)
        .statements.map((s) => s.k)
        .join(' '),
    ).toBe(kinds);
  });

  it.each(MODULES)('parses the module %s', (sql, kind) => {
    const [statement] = parseBatch(sql).statements;
    expect(statement?.k).toBe(kind);
    if (statement && 'text' in statement) expect(statement.text).toBe(sql.trim());
  });

  it.each([
    ['SELECT a FRM t WHERE', 102, "Incorrect syntax near 't'.", 1],
    ['SELECT a\nFROM t\nWHERE = 1', 102, "Incorrect syntax near '='.", 3],
    ['SELECT FROM t', 156, "Incorrect syntax near the keyword 'FROM'.", 1],
    ['SELECT 1 +', 102, "Incorrect syntax near '+'.", 1],
    ["PRINT 'open", 105, "Unclosed quotation mark after the character string 'open'.", 1],
    ['SELECT 1 /* open', 113, "Missing end comment mark '*/'.", 1],
    [
      'SELECT 1\n\nSELECT 1 WHERE 5',
      4145,
      "An expression of non-boolean type specified in a context where a condition is expected, near '5'.",
      3,
    ],
    ['SELECT DATEADD(fortnight, 1, x)', 155, "'fortnight' is not a recognized dateadd option.", 1],
    ['SELECT 1; CREATE VIEW v AS SELECT 1 a', 111, "'CREATE VIEW' must be the first statement in a query batch.", 1],
    [
      'EXEC p @a = 1, 2',
      119,
      "Must pass parameter number 2 and subsequent parameters as '@name = value'. After the form '@name = value' has been used, all subsequent parameters must be passed in the form '@name = value'.",
      1,
    ],
    [
      'MERGE t USING s ON t.a = s.a WHEN MATCHED THEN DELETE',
      10713,
      'A MERGE statement must be terminated by a semi-colon (;).',
      1,
    ],
    ['SELECT * FROM t WITH (FASTLOCK)', 321, undefined, 1],
    ['DECLARE @a decimal(39,0)', 2750, undefined, 1],
    ['SET NOCOUNTS ON', 195, "'NOCOUNTS' is not a recognized SET option.", 1],
    ['BEGIN SELECT 1', 102, "Incorrect syntax near '1'.", 1],
  ])('answers %s with error %d', (sql, number, message, line) => {
    const error = errorOf(() => parseBatch(sql));
    expect(error.number).toBe(number);
    if (message !== undefined) expect(error.message).toBe(message);
    expect(error.line).toBe(line);
  });

  it.each([
    ['DECLARE c CURSOR FOR SELECT 1', 'A cursor'],
    ['SELECT * FROM t FOR XML PATH', 'FOR XML'],
    ['SELECT * FROM t FOR JSON AUTO', 'FOR JSON AUTO'],
    ['SELECT TOP 5 PERCENT a FROM t', 'TOP … PERCENT'],
    ['SELECT a FROM t GROUP BY ROLLUP (a)', 'GROUP BY ROLLUP'],
    ["SELECT @x.query('/a')", 'The xml method query()'],
    ["SELECT x.exist('/a') FROM t", 'The xml method exist()'],
    ['GOTO done', 'GOTO'],
    ['SELECT 1 WHERE 1 = ANY (SELECT 2)', 'A comparison with ANY'],
    ['CREATE INDEX i ON t (a) WHERE a > 1', 'A filtered index'],
    ['SELECT * FROM a.b.c.d', 'A linked server name'],
    ['SELECT * FROM t PIVOT (SUM(a) FOR b IN ([x])) p', 'PIVOT'],
    ['CREATE TRIGGER tr ON t INSTEAD OF INSERT AS SELECT 1', 'An INSTEAD OF trigger'],
    ['CREATE FULLTEXT INDEX ON t (a)', 'CREATE FULLTEXT'],
    ['DECLARE @h hierarchyid', 'The data type hierarchyid'],
    ['BACKUP DATABASE x', 'BACKUP'],
  ])('refuses %s by name', (sql, construct) => {
    const error = errorOf(() => parseBatch(sql));
    expect(error).toMatchObject({ number: 40_517, message: `${construct} is not supported by this stand-in.` });
  });

  it('keeps the line of each statement', () => {
    const batch = parseBatch('SELECT 1;\n\n  SELECT 2\n/* x\n */ PRINT 3');
    expect(batch.statements.map((s) => s.line)).toEqual([1, 3, 5]);
  });

  it('does not take the THROW of a CATCH block for the name of a transaction', () => {
    const [statement] = parseBatch('BEGIN TRY SELECT 1 END TRY BEGIN CATCH ROLLBACK; THROW END CATCH').statements;
    expect(statement?.k === 'tryCatch' ? statement.handler.map((s) => s.k) : []).toEqual(['rollback', 'throw']);
  });

  it('binds ELSE to the nearest IF', () => {
    const [outer] = parseBatch('IF 1 = 1 IF 2 = 2 SELECT 1 ELSE SELECT 2').statements;
    expect(outer?.k === 'if' && outer.otherwise).toBeUndefined();
    expect(outer?.k === 'if' && outer.body.k === 'if' && outer.body.otherwise?.k).toBe('select');
  });
});
