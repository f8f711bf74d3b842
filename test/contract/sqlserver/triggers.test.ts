import { type SqlCase, sqlCases } from './support/cases.ts';
import { useContractServer } from './support/server.ts';

const server = useContractServer([
  'CREATE TABLE dbo.T (id int NOT NULL CONSTRAINT PK_T PRIMARY KEY, v int NULL)',
  'INSERT INTO dbo.T VALUES (1, 10), (2, 20)',
  'CREATE TABLE dbo.LOG (id int IDENTITY, what varchar(20), n int)',
]);

const trigger = (name: string, events: string, body: string): string =>
  `CREATE TRIGGER dbo.${name} ON dbo.T AFTER ${events} AS ${body}`;

const TRIGGERS: readonly SqlCase[] = [
  {
    name: 'a trigger fires once per statement and sees all rows, none included',
    source: 'CREATE TRIGGER (Transact-SQL)',
    given: [
      trigger(
        'TR1',
        'INSERT, UPDATE, DELETE',
        "INSERT INTO dbo.LOG (what, n) SELECT 'i' + CONVERT(varchar(5), (SELECT COUNT(*) FROM inserted)), (SELECT COUNT(*) FROM deleted)",
      ),
    ],
    batch: `BEGIN TRAN; UPDATE dbo.T SET v = v + 1; DELETE FROM dbo.T WHERE id = 99; INSERT INTO dbo.T VALUES (5, 5), (6, 6); SELECT what, n FROM dbo.LOG ORDER BY id; ROLLBACK;
      DROP TRIGGER dbo.TR1`,
    rows: [
      ['i2', 2],
      ['i0', 0],
      ['i2', 0],
    ],
  },
  {
    name: 'ROLLBACK in a trigger ends the batch with 3609',
    source: 'MSSQLSERVER_3609',
    given: [trigger('TR2', 'INSERT', 'ROLLBACK')],
    batch: "INSERT INTO dbo.T VALUES (7, 7); SELECT 'never'",
    errors: [3609],
    rows: [],
    after: { batch: 'DROP TRIGGER dbo.TR2; SELECT COUNT(*) FROM dbo.T', rows: [[2]] },
  },
  {
    name: 'an error in a trigger takes the statement and the transaction with it',
    source: 'CREATE TRIGGER (Transact-SQL): XACT_ABORT is on in triggers',
    given: [trigger('TR3', 'UPDATE', 'SELECT 1 / 0')],
    batch: "BEGIN TRAN; UPDATE dbo.T SET v = 0; SELECT 'never'",
    errors: [8134],
    after: { batch: 'DROP TRIGGER dbo.TR3; SELECT @@TRANCOUNT, MIN(v) FROM dbo.T', rows: [[0, 10]] },
  },
  {
    name: 'UPDATE(column) tells whether it was set',
    source: 'UPDATE - trigger functions (Transact-SQL)',
    given: [trigger('TR4', 'UPDATE', "IF UPDATE(v) PRINT 'v'; IF NOT UPDATE(id) PRINT 'not id'")],
    batch: 'UPDATE dbo.T SET v = v; DROP TRIGGER dbo.TR4',
    messages: ['v', 'not id'],
  },
  {
    name: 'a trigger does not fire for its own changes',
    source: 'CREATE TRIGGER (Transact-SQL): recursive triggers',
    given: [trigger('TR5', 'INSERT', 'INSERT INTO dbo.T SELECT id + 100, v FROM inserted')],
    batch:
      'BEGIN TRAN; INSERT INTO dbo.T VALUES (8, 8); SELECT id FROM dbo.T WHERE id > 2 ORDER BY id; ROLLBACK; DROP TRIGGER dbo.TR5',
    rows: [[8], [108]],
  },
  {
    name: '@@ROWCOUNT in a trigger counts the rows of its statement; the client gets the count of the statement',
    source: 'CREATE TRIGGER (Transact-SQL)',
    given: [
      trigger(
        'TR6',
        'UPDATE',
        'DECLARE @n int = @@ROWCOUNT; SET NOCOUNT ON; PRINT @n; INSERT INTO dbo.LOG (n) VALUES (1)',
      ),
    ],
    batch: 'UPDATE dbo.T SET v = v; SELECT @@ROWCOUNT; DROP TRIGGER dbo.TR6; DELETE FROM dbo.LOG',
    messages: ['2'],
    rows: [[2]],
  },
  {
    name: 'a disabled trigger does not fire',
    source: 'DISABLE TRIGGER (Transact-SQL)',
    given: [trigger('TR7', 'UPDATE', "PRINT 'fired'"), 'DISABLE TRIGGER dbo.TR7 ON dbo.T'],
    batch: 'UPDATE dbo.T SET v = v; ENABLE TRIGGER dbo.TR7 ON dbo.T; UPDATE dbo.T SET v = v; DROP TRIGGER dbo.TR7',
    messages: ['fired'],
  },
];

const TEMPORARY: readonly SqlCase[] = [
  {
    name: 'a temporary table of a procedure ends with it',
    source: 'CREATE TABLE (Transact-SQL): temporary tables',
    batch: "EXEC('CREATE TABLE #in (v int)'); SELECT OBJECT_ID('tempdb..#in')",
    rows: [[null]],
  },
  {
    name: 'a procedure sees the temporary tables of its caller',
    source: 'CREATE TABLE (Transact-SQL): temporary tables',
    batch: "CREATE TABLE #out (v int); INSERT INTO #out VALUES (1); EXEC('UPDATE #out SET v = 2'); SELECT v FROM #out",
    rows: [[2]],
  },
  {
    name: 'a name taken twice is 2714',
    source: 'Database engine events and errors: 2714',
    given: ['CREATE TABLE #twice (v int)'],
    batch: 'CREATE TABLE #twice (v int)',
    errors: [2714],
  },
  {
    name: 'a table variable is not seen by dynamic text: 1087',
    source: 'table (Transact-SQL)',
    batch: "DECLARE @t TABLE (v int); EXEC('SELECT * FROM @t')",
    errors: [1087],
  },
  {
    name: 'an identity in a table variable counts',
    source: 'table (Transact-SQL)',
    batch:
      'DECLARE @t TABLE (id int IDENTITY(5,5), v int); INSERT INTO @t (v) VALUES (1), (2); SELECT id FROM @t ORDER BY id',
    rows: [[5], [10]],
  },
  {
    name: 'a column list of a temporary table may be altered',
    source: 'ALTER TABLE (Transact-SQL)',
    batch:
      "CREATE TABLE #a (v int); INSERT INTO #a VALUES (1); EXEC('ALTER TABLE #a ADD w int NOT NULL DEFAULT 9'); EXEC('SELECT v, w FROM #a')",
    rows: [[1, 9]],
  },
];

sqlCases(server, 'triggers', TRIGGERS);
sqlCases(server, 'temporary tables', TEMPORARY);
