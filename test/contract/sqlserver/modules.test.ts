import { type SqlCase, sqlCases } from './support/cases.ts';
import { useContractServer } from './support/server.ts';

const server = useContractServer([
  'CREATE TABLE dbo.T (id int NOT NULL CONSTRAINT PK_T PRIMARY KEY, v int NULL)',
  'INSERT INTO dbo.T VALUES (1, 10), (2, 20)',
  'CREATE PROCEDURE dbo.Sum2 @a int, @b int = 10, @sum int = NULL OUTPUT AS SET @sum = @a + @b; RETURN @b',
  'CREATE PROCEDURE dbo.TwoSets AS SELECT 1 AS a; SELECT 2 AS b',
  'CREATE TYPE dbo.LINES AS TABLE (line int NOT NULL PRIMARY KEY, qty decimal(9,2) NULL CHECK (qty > 0))',
  'CREATE PROCEDURE dbo.TakeLines @lines dbo.LINES READONLY AS SELECT COUNT(*), SUM(qty) FROM @lines',
  'CREATE FUNCTION dbo.Twice (@v int) RETURNS int AS BEGIN DECLARE @r int = @v * 2; RETURN @r END',
  'CREATE FUNCTION dbo.Above (@v int) RETURNS TABLE AS RETURN (SELECT id, v FROM dbo.T WHERE v > @v)',
  'CREATE VIEW dbo.V AS SELECT id, v * 2 AS twice FROM dbo.T',
  'CREATE VIEW dbo.SIMPLE AS SELECT id, v FROM dbo.T',
]);

const PROCEDURES: readonly SqlCase[] = [
  {
    name: 'parameters by position and name, defaults, output and return code',
    source: 'EXECUTE (Transact-SQL)',
    batch: `DECLARE @s int, @rc int; EXEC @rc = dbo.Sum2 1, 2, @s OUTPUT; SELECT @s, @rc; EXEC @rc = dbo.Sum2 @sum = @s OUTPUT, @a = 5; SELECT @s, @rc;
      EXEC dbo.Sum2 @a = 1, @b = DEFAULT, @sum = @s OUTPUT; SELECT @s`,
    rows: [[3, 2], [15, 10], [11]],
  },
  {
    name: 'without OUTPUT at the call the variable keeps its value',
    source: 'EXECUTE (Transact-SQL)',
    batch: 'DECLARE @s int = 7; EXEC dbo.Sum2 1, 2, @s; SELECT @s',
    rows: [[7]],
  },
  {
    name: 'a missing parameter is 201',
    source: 'MSSQLSERVER_201',
    batch: 'EXEC dbo.Sum2',
    errors: [201],
    text: "Procedure or function 'Sum2' expects parameter '@a', which was not supplied.",
  },
  {
    name: 'one too many is 8144',
    source: 'Database engine events and errors',
    batch: 'EXEC dbo.Sum2 1, 2, 3, 4',
    errors: [8144],
  },
  {
    name: 'an unknown one is 8145',
    source: 'Database engine events and errors',
    batch: 'EXEC dbo.Sum2 @x = 1',
    errors: [8145],
  },
  {
    name: 'a value of the wrong type is 8114',
    source: 'Database engine events and errors',
    batch: "EXEC dbo.Sum2 'x'",
    errors: [8114],
  },
  {
    name: 'INSERT EXEC takes all result sets',
    source: 'INSERT (Transact-SQL)',
    batch: 'CREATE TABLE #r (v int); INSERT INTO #r EXEC dbo.TwoSets; SELECT v FROM #r ORDER BY v',
    rows: [[1], [2]],
  },
  {
    name: 'INSERT EXEC does not nest: 8164',
    source: 'Database engine events and errors: 8164',
    given: [
      "EXEC('CREATE PROCEDURE dbo.Inner1 AS DECLARE @t TABLE (a int); INSERT INTO @t EXEC dbo.TwoSets; SELECT a FROM @t')",
    ],
    batch: 'CREATE TABLE #r (v int); INSERT INTO #r EXEC dbo.Inner1',
    errors: [8164],
  },
  {
    name: 'sp_executesql takes and gives back parameters',
    source: 'sp_executesql (Transact-SQL)',
    batch:
      "DECLARE @o int; EXEC sp_executesql N'SELECT @o = v FROM dbo.T WHERE id = @i', N'@i int, @o int OUTPUT', @i = 2, @o = @o OUTPUT; SELECT @o",
    rows: [[20]],
  },
  {
    name: 'EXEC of text does not see the variables around it: 137',
    source: 'EXECUTE (Transact-SQL)',
    batch: "DECLARE @x int = 1; EXEC('SELECT @x')",
    errors: [137],
  },
  {
    name: 'recursion ends at 32 levels: 217',
    source: 'Database engine events and errors: 217',
    given: ["EXEC('CREATE PROCEDURE dbo.Deep AS EXEC dbo.Deep')"],
    batch: 'EXEC dbo.Deep',
    errors: [217],
  },
];

const TVP: readonly SqlCase[] = [
  {
    name: 'a variable of a table type goes into a procedure',
    source: 'Use table-valued parameters',
    batch: 'DECLARE @l dbo.LINES; INSERT INTO @l VALUES (1, 1.5), (2, 2.25); EXEC dbo.TakeLines @l',
    rows: [[2, 3.75]],
  },
  {
    name: 'a table parameter left out is empty',
    source: 'Use table-valued parameters',
    batch: 'EXEC dbo.TakeLines',
    rows: [[0, null]],
  },
  {
    name: 'its CHECK holds',
    source: 'CREATE TYPE (Transact-SQL)',
    batch: 'DECLARE @l dbo.LINES; INSERT INTO @l VALUES (1, -1)',
    errors: [547],
  },
  {
    name: 'its primary key holds',
    source: 'CREATE TYPE (Transact-SQL)',
    batch: 'DECLARE @l dbo.LINES; INSERT INTO @l VALUES (1, 1), (1, 2)',
    errors: [2627],
  },
  {
    name: 'a table parameter must be READONLY: 352',
    source: 'Use table-valued parameters',
    batch: "EXEC('CREATE PROCEDURE dbo.Bad @l dbo.LINES AS SELECT 1')",
    errors: [352],
  },
  {
    name: 'a type in use cannot be dropped: 3732',
    source: 'DROP TYPE (Transact-SQL)',
    batch: 'DROP TYPE dbo.LINES',
    errors: [3732],
  },
];

const FUNCTIONS: readonly SqlCase[] = [
  {
    name: 'a scalar function is called by two-part name',
    source: 'CREATE FUNCTION (Transact-SQL)',
    batch: 'SELECT dbo.Twice(v) FROM dbo.T ORDER BY id',
    rows: [[20], [40]],
  },
  {
    name: 'a scalar function may be called where nothing else is read',
    source: 'CREATE FUNCTION (Transact-SQL)',
    batch: 'DECLARE @a int; SET @a = dbo.Twice(4); IF dbo.Twice(@a) = 16 SELECT @a, dbo.Twice(dbo.Twice(1))',
    rows: [[8, 4]],
  },
  {
    name: 'without its schema it is 195',
    source: 'Database engine events and errors: 195',
    batch: 'SELECT Twice(1)',
    errors: [195],
  },
  {
    name: 'an inline function joins by APPLY',
    source: 'FROM (Transact-SQL)',
    batch: 'SELECT t.id, a.id FROM dbo.T AS t OUTER APPLY dbo.Above(t.v) AS a ORDER BY t.id',
    rows: [
      [1, 2],
      [2, null],
    ],
  },
  {
    name: 'too few arguments are 313',
    source: 'Database engine events and errors: 313',
    batch: 'SELECT dbo.Twice()',
    errors: [313],
  },
  {
    name: 'a function must not write tables: 443',
    source: 'CREATE FUNCTION (Transact-SQL)',
    batch: `BEGIN TRY EXEC('CREATE FUNCTION dbo.Writes () RETURNS int AS BEGIN DELETE FROM dbo.T; RETURN 1 END') END TRY
      BEGIN CATCH SELECT ERROR_NUMBER() END CATCH; SELECT COUNT(*) FROM dbo.T`,
    rows: [[443], [2]],
  },
  {
    name: 'DEFAULT must be written for defaults',
    source: 'CREATE FUNCTION (Transact-SQL)',
    given: ["EXEC('CREATE FUNCTION dbo.Def (@a int = 5) RETURNS int AS BEGIN RETURN @a END')"],
    batch: 'SELECT dbo.Def(DEFAULT)',
    rows: [[5]],
  },
];

const VIEWS: readonly SqlCase[] = [
  {
    name: 'a view reads its table',
    source: 'CREATE VIEW (Transact-SQL)',
    batch: 'SELECT twice FROM dbo.V ORDER BY id',
    rows: [[20], [40]],
  },
  {
    name: 'a view over one table takes writes',
    source: 'CREATE VIEW (Transact-SQL): updatable views',
    batch:
      'BEGIN TRAN; UPDATE dbo.SIMPLE SET v = 11 WHERE id = 1; INSERT INTO dbo.SIMPLE VALUES (3, 30); DELETE FROM dbo.SIMPLE WHERE id = 2; SELECT id, v FROM dbo.T ORDER BY id; ROLLBACK',
    rows: [
      [1, 11],
      [3, 30],
    ],
  },
  {
    name: 'a derived column cannot be written: 4406',
    source: 'CREATE VIEW (Transact-SQL): updatable views',
    batch: 'UPDATE dbo.V SET twice = 1',
    errors: [4406],
  },
  {
    name: 'ORDER BY in a view needs TOP: 1033',
    source: 'Database engine events and errors: 1033',
    batch: "EXEC('CREATE VIEW dbo.Ordered AS SELECT id FROM dbo.T ORDER BY id')",
    errors: [1033],
  },
  {
    name: 'a column without a name is 4511',
    source: 'CREATE VIEW (Transact-SQL)',
    batch: "EXEC('CREATE VIEW dbo.Nameless AS SELECT id + 1 FROM dbo.T')",
    errors: [4511],
  },
  {
    name: 'CREATE VIEW must come first: 111',
    source: 'Database engine events and errors: 111',
    batch: 'SELECT 1; CREATE VIEW dbo.Late AS SELECT 1 AS a',
    errors: [111],
  },
];

sqlCases(server, 'procedures', PROCEDURES);
sqlCases(server, 'table-valued parameters', TVP);
sqlCases(server, 'functions', FUNCTIONS);
sqlCases(server, 'views', VIEWS);
