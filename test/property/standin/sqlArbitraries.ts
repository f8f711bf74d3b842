import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';

const ROOT = join(import.meta.dirname, '../../..');

/** Statements over a table that `PRELUDE` makes, one or more for every corner of the language that is served. */
const STATEMENTS: readonly string[] = [
  'SELECT TOP (3) T.Id, UPPER(T.Name) AS n, COUNT(*) OVER (PARTITION BY T.Kind ORDER BY T.Id) FROM dbo.T AS T WHERE T.Id BETWEEN 1 AND 9 ORDER BY 1 DESC',
  'INSERT INTO dbo.T (Id, Name, Kind, Price) OUTPUT inserted.Id VALUES (900, N\u2019x\u2019, 1, 12.50), (901, NULL, 2, -0.01)'.replaceAll(
    '\u2019',
    "'",
  ),
  'UPDATE T SET Price += 1.5, Name = CONCAT(Name, 1) OUTPUT deleted.Price FROM dbo.T T WITH (UPDLOCK) JOIN dbo.T U ON U.Id = T.Id + 1 WHERE T.Kind IN (1, 2)',
  'DELETE TOP (2) FROM dbo.T WHERE EXISTS (SELECT 1 FROM dbo.T U WHERE U.Id = T.Id AND U.Price IS NOT NULL)',
  "MERGE dbo.T AS t USING (VALUES (1, N'a'), (77, N'b')) AS s (Id, Name) ON t.Id = s.Id WHEN MATCHED THEN UPDATE SET Name = s.Name WHEN NOT MATCHED THEN INSERT (Id, Name, Kind, Price) VALUES (s.Id, s.Name, 1, 0) OUTPUT $action;",
  "WITH c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 20) SELECT SUM(n), AVG(1.0 * n), MIN(n), STRING_AGG(n, N',') FROM c OPTION (MAXRECURSION 30)",
  'DECLARE @i int = 1, @t TABLE (a int PRIMARY KEY, b nvarchar(10)); INSERT INTO @t SELECT Id, LEFT(Name, 3) FROM dbo.T; SELECT @i = MAX(a) FROM @t; PRINT @i; SELECT @i AS i',
  'BEGIN TRY BEGIN TRANSACTION; INSERT INTO dbo.T VALUES (1, NULL, 1, 1, NULL); COMMIT; END TRY BEGIN CATCH IF XACT_STATE() <> 0 ROLLBACK; SELECT ERROR_NUMBER(), ERROR_MESSAGE(); END CATCH',
  'SELECT * FROM OPENJSON(N\'[{"a":1,"b":"x"},{"a":2}]\') WITH (a int \'$.a\', b nvarchar(5) \'$.b\') AS j CROSS APPLY (SELECT TOP 1 * FROM dbo.T WHERE Id >= j.a) AS x FOR JSON PATH',
  "SELECT CAST('2024-02-29T23:59:59.1234567' AS datetime2(7)), CONVERT(varchar(30), GETDATE(), 126), DATEADD(month, 1, '20240131'), DATEDIFF_BIG(second, '19000101', SYSUTCDATETIME()), FORMAT(1234.5, N'N2'), TRY_CONVERT(int, N'x'), NEWID()",
  'CREATE TABLE #w (k int IDENTITY(1, 1), d decimal(38, 10) DEFAULT (0), CONSTRAINT c CHECK (d >= 0)); INSERT INTO #w DEFAULT VALUES; ALTER TABLE #w ADD e AS d * 2; SELECT * FROM #w; DROP TABLE #w',
  "EXEC sp_executesql N'SELECT @p + 1, @q', N'@p int, @q nvarchar(10) OUTPUT', @p = 3, @q = N'z'",
  "SAVE TRANSACTION s; ROLLBACK TRANSACTION s; SET XACT_ABORT ON; SET TRANSACTION ISOLATION LEVEL SNAPSHOT; RAISERROR(N'%s %d', 16, 1, N'a', 5) WITH NOWAIT; THROW 50001, N'no', 1",
  "SELECT name, object_id FROM sys.objects WHERE type = 'U' UNION SELECT name, column_id FROM sys.columns EXCEPT SELECT N'x', 1 ORDER BY name OFFSET 1 ROWS FETCH NEXT 2 ROWS ONLY",
  "SELECT CASE WHEN Kind = 1 THEN N'one' ELSE N'other' END, IIF(Price > 1, 1, 0), COALESCE(NULL, Name), SUM(Price) FROM dbo.T GROUP BY Kind, Price, Name HAVING COUNT(*) >= 1",
  "SELECT * FROM cdc.fn_cdc_get_all_changes_dbo_T(sys.fn_cdc_get_min_lsn('dbo_T'), sys.fn_cdc_get_max_lsn(), N'all update old')",
  'GRANT SELECT ON dbo.T TO public; DENY INSERT ON SCHEMA::dbo TO guest; REVOKE SELECT ON dbo.T FROM public; CREATE VIEW dbo.v AS SELECT 1 AS a',
];

/** What the statements need. */
export const PRELUDE = `CREATE TABLE dbo.T (Id int NOT NULL PRIMARY KEY, Name nvarchar(40) NULL, Kind tinyint NOT NULL, Price decimal(12, 4) NULL, Ver rowversion);
INSERT INTO dbo.T (Id, Name, Kind, Price) VALUES (1, N'one', 1, 1.5), (2, N'two', 2, NULL), (3, N'three ', 1, 99999999.9999);`;

const WORDS =
  `SELECT FROM WHERE GROUP BY HAVING ORDER UNION ALL EXCEPT INSERT INTO VALUES UPDATE SET DELETE MERGE USING WHEN MATCHED THEN CREATE ALTER DROP
  TABLE VIEW PROCEDURE FUNCTION TRIGGER INDEX TYPE SCHEMA SEQUENCE AS BEGIN END IF ELSE TRY CATCH TRAN COMMIT ROLLBACK SAVE DECLARE EXEC RETURN RETURNS
  PRINT THROW RAISERROR CASE CAST CONVERT TRY_CAST NULL IS NOT AND OR IN LIKE BETWEEN EXISTS JOIN LEFT OUTER CROSS APPLY ON OVER PARTITION ROWS TOP
  DISTINCT WITH OUTPUT PRIMARY KEY FOREIGN REFERENCES CHECK DEFAULT IDENTITY UNIQUE int nvarchar decimal datetime2 varbinary xml sql_variant max
  dbo T Id Name Kind Price Ver inserted deleted #w @i @t @@ROWCOUNT @@ERROR @@TRANCOUNT COUNT SUM MAX LEN SUBSTRING REPLICATE DATEADD GETDATE OPENJSON
  JSON_VALUE STRING_SPLIT ROW_NUMBER sys.objects sys.columns sp_executesql sp_help PIVOT CURSOR FOR FETCH NEXT GOTO USE master SHOP GO`
    .split(/\s+/)
    .filter((word) => word !== '');

const ODDITIES: readonly string[] = [
  '(',
  ')',
  ',',
  ';',
  '.',
  '..',
  '*',
  '=',
  '<>',
  '+',
  '-',
  '/',
  '%',
  '&',
  '|',
  '^',
  '~',
  '::',
  '[',
  ']',
  '[a]]b]',
  '"',
  "'",
  "N'",
  "''",
  "N'\u{1F600}'",
  '0x',
  '0xF',
  '0x00FF',
  '1e309',
  '-0',
  '1.',
  '.5',
  '99999999999999999999999999999999999999.9',
  '2147483648',
  '$1.5',
  '@',
  '#',
  '$action',
  '--',
  '/*',
  '*/',
  '\u0000',
  '\uD800',
];

const wordOrOddity = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...WORDS) },
  { weight: 3, arbitrary: fc.constantFrom(...ODDITIES) },
  { weight: 1, arbitrary: fc.string({ maxLength: 6, unit: 'grapheme' }) },
);

/** Words and marks of the language in any order. */
export const tokenSoup: fc.Arbitrary<string> = fc
  .array(wordOrOddity, { maxLength: 40 })
  .map((words) => harmless(words.join(' ')));

const valid = [...STATEMENTS, ...ourBatches()];

type Edit = readonly [kind: number, at: number, word: string, from: number];

/** Legal statements with a few words left out, doubled, exchanged, or taken from another statement. */
export const mutatedStatement: fc.Arbitrary<string> = fc
  .tuple(
    fc.constantFrom(...valid),
    fc.constantFrom(...valid),
    fc.array(fc.tuple(fc.nat(5), fc.nat(), wordOrOddity, fc.nat()), { minLength: 1, maxLength: 5 }),
  )
  .map(([text, other, edits]) => harmless(mutate(text, other, edits)));

function mutate(text: string, other: string, edits: readonly Edit[]): string {
  const words = wordsOf(text);
  const others = wordsOf(other);
  for (const [kind, position, word, from] of edits) {
    const at = position % (words.length + 1);
    const span = from % 9;
    if (kind === 0) words.splice(at, 1 + span);
    else if (kind === 1) words.splice(at, 0, word);
    else if (kind === 2) words.splice(at, 1, word);
    else if (kind === 3) words.splice(at, 0, ...words.slice(at, at + span));
    else if (kind === 4) words.splice(at, 0, ...others.slice(from % (others.length + 1)).slice(0, 12));
    else words.length = at;
  }
  return words.join('');
}

function wordsOf(text: string): string[] {
  return text.match(/\s+|[@#\w]+|N?'(?:[^']|'')*'|./gs) ?? [];
}

/** Loops and waits are no fault of the server's. */
function harmless(text: string): string {
  return text.replaceAll(/WHILE/gi, 'IF').replaceAll(/WAITFOR/gi, 'PRINT');
}

function ourBatches(): string[] {
  const files = globSync(['infra/sql/**/*.sql', 'infra/demo/**/*.sql'], { cwd: ROOT }).sort();
  return files
    .flatMap((file) => readFileSync(join(ROOT, file), 'utf8').split(/^GO\s*$/im))
    .filter((b) => b.trim() !== '');
}
