import { type SqlCase, sqlCases } from './support/cases.ts';
import { useContractServer } from './support/server.ts';

const server = useContractServer([
  'CREATE TABLE dbo.PARENT (id int NOT NULL CONSTRAINT PK_PARENT PRIMARY KEY, name varchar(10) NULL)',
  `CREATE TABLE dbo.CHILD (id int NOT NULL CONSTRAINT PK_CHILD PRIMARY KEY,
    parent int NULL CONSTRAINT FK_CHILD_PARENT REFERENCES dbo.PARENT (id),
    qty int NOT NULL CONSTRAINT CK_CHILD_QTY CHECK (qty > 0),
    code varchar(5) NULL CONSTRAINT UQ_CHILD_CODE UNIQUE)`,
  'CREATE UNIQUE INDEX IX_CHILD ON dbo.CHILD (parent, qty)',
  "INSERT INTO dbo.PARENT VALUES (1, 'one'), (2, 'two')",
  "INSERT INTO dbo.CHILD VALUES (1, 1, 5, 'A')",
]);

const VIOLATIONS: readonly SqlCase[] = [
  {
    name: 'a duplicate primary key names constraint, object and key',
    source: 'MSSQLSERVER_2627',
    batch: "INSERT INTO dbo.PARENT VALUES (1, 'x')",
    errors: [2627],
    messages: ['The statement has been terminated.'],
    text: "Violation of PRIMARY KEY constraint 'PK_PARENT'. Cannot insert duplicate key in object 'dbo.PARENT'. The duplicate key value is (1).",
  },
  {
    name: 'a duplicate in a UNIQUE constraint says UNIQUE KEY, whatever the case of letters',
    source: 'MSSQLSERVER_2627',
    batch: "INSERT INTO dbo.CHILD VALUES (2, 2, 5, 'a')",
    errors: [2627],
    text: "Violation of UNIQUE KEY constraint 'UQ_CHILD_CODE'. Cannot insert duplicate key in object 'dbo.CHILD'. The duplicate key value is (a).",
  },
  {
    name: 'a duplicate in a unique index is 2601 and names the index',
    source: 'MSSQLSERVER_2601',
    batch: "INSERT INTO dbo.CHILD VALUES (2, 1, 5, 'b')",
    errors: [2601],
    text: "Cannot insert duplicate key row in object 'dbo.CHILD' with unique index 'IX_CHILD'. The duplicate key value is (1, 5).",
  },
  {
    name: 'a UNIQUE constraint takes one NULL only',
    source: 'Unique constraints and check constraints',
    batch: `BEGIN TRAN; INSERT INTO dbo.CHILD VALUES (3, 2, 1, NULL); INSERT INTO dbo.CHILD VALUES (4, 2, 2, NULL); ROLLBACK`,
    errors: [2627],
    text: 'The duplicate key value is (<NULL>).',
  },
  {
    name: 'an INSERT without its parent is 547 and names constraint, database, table and column',
    source: 'MSSQLSERVER_547',
    batch: "INSERT INTO dbo.CHILD VALUES (5, 99, 1, 'x')",
    errors: [547],
    text: 'The INSERT statement conflicted with the FOREIGN KEY constraint "FK_CHILD_PARENT".',
  },
  {
    name: 'a NULL needs no parent',
    source: 'Primary and foreign key constraints',
    batch: "BEGIN TRAN; INSERT INTO dbo.CHILD VALUES (6, NULL, 1, 'x'); ROLLBACK",
    affected: [1],
  },
  {
    name: 'a DELETE of a parent with children says REFERENCE',
    source: 'MSSQLSERVER_547',
    batch: 'DELETE FROM dbo.PARENT WHERE id = 1',
    errors: [547],
    text: 'The DELETE statement conflicted with the REFERENCE constraint "FK_CHILD_PARENT".',
  },
  {
    name: 'a CHECK is violated by false, not by unknown',
    source: 'Unique constraints and check constraints; MSSQLSERVER_547',
    batch: "INSERT INTO dbo.CHILD VALUES (7, 2, 0, 'x')",
    errors: [547],
    text: 'The INSERT statement conflicted with the CHECK constraint "CK_CHILD_QTY".',
  },
  {
    name: 'NULL into NOT NULL is 515',
    source: 'MSSQLSERVER_515',
    batch: "INSERT INTO dbo.CHILD (id, parent, code) VALUES (8, 2, 'x')",
    errors: [515],
    text: "Cannot insert the value NULL into column 'qty', table '",
  },
  {
    name: 'text too long is 2628 and shows how far it would fit',
    source: 'MSSQLSERVER_2628',
    batch: "UPDATE dbo.CHILD SET code = 'ABCDEFG' WHERE id = 1",
    errors: [2628],
    text: "column 'code'. Truncated value: 'ABCDE'.",
  },
  {
    name: 'trailing blanks too many are cut without error',
    source: 'SET ANSI_PADDING; char and varchar (Transact-SQL)',
    batch:
      "BEGIN TRAN; UPDATE dbo.CHILD SET code = 'ABCDE   ' WHERE id = 1; SELECT DATALENGTH(code) FROM dbo.CHILD; ROLLBACK",
    rows: [[5]],
  },
  {
    name: 'TRUNCATE TABLE of a referenced table is 4712',
    source: 'TRUNCATE TABLE (Transact-SQL)',
    batch: 'TRUNCATE TABLE dbo.PARENT',
    errors: [4712],
  },
  {
    name: 'DROP TABLE of a referenced table is 3726',
    source: 'DROP TABLE (Transact-SQL)',
    batch: 'DROP TABLE dbo.PARENT',
    errors: [3726],
  },
  {
    name: 'a foreign key to columns without a unique key is 1776',
    source: 'MSSQLSERVER_1776',
    batch: 'CREATE TABLE dbo.BADFK (name varchar(10) REFERENCES dbo.PARENT (name))',
    errors: [1776, 1750],
  },
  {
    name: 'ALTER TABLE ADD CONSTRAINT checks the rows that are there, WITH NOCHECK does not',
    source: 'ALTER TABLE (Transact-SQL)',
    given: ['CREATE TABLE dbo.CK (v int); INSERT INTO dbo.CK VALUES (-1)'],
    batch: `ALTER TABLE dbo.CK WITH NOCHECK ADD CONSTRAINT CK_A CHECK (v > 0);
      SELECT is_not_trusted FROM sys.check_constraints WHERE name = 'CK_A';
      ALTER TABLE dbo.CK ADD CONSTRAINT CK_B CHECK (v > 0)`,
    rows: [[true]],
    errors: [547],
  },
  {
    name: 'a disabled foreign key is not checked',
    source: 'ALTER TABLE (Transact-SQL)',
    batch: `BEGIN TRAN; ALTER TABLE dbo.CHILD NOCHECK CONSTRAINT FK_CHILD_PARENT; INSERT INTO dbo.CHILD VALUES (9, 99, 1, 'z');
      SELECT COUNT(*) FROM dbo.CHILD WHERE parent = 99; ROLLBACK`,
    rows: [[1]],
  },
  {
    name: 'adding a NOT NULL column without default to a table with rows is 4901',
    source: 'ALTER TABLE (Transact-SQL)',
    batch: 'ALTER TABLE dbo.PARENT ADD extra int NOT NULL',
    errors: [4901],
  },
  {
    name: 'dropping a column that a constraint needs is 5074 and 4922',
    source: 'ALTER TABLE (Transact-SQL)',
    batch: 'ALTER TABLE dbo.CHILD DROP COLUMN qty',
    errors: [5074, 5074, 4922],
  },
];

function family(action: string): readonly string[] {
  return [
    'CREATE TABLE dbo.FP (id int NOT NULL PRIMARY KEY)',
    `CREATE TABLE dbo.FC (id int NOT NULL PRIMARY KEY, p int NULL DEFAULT 2 REFERENCES dbo.FP (id) ${action})`,
    'INSERT INTO dbo.FP VALUES (1), (2), (3); INSERT INTO dbo.FC VALUES (10, 1), (11, 1), (12, 3)',
  ];
}
const CLEAR = '; DROP TABLE dbo.FC; DROP TABLE dbo.FP';
const SHOW = 'SELECT id, p FROM dbo.FC ORDER BY id';

const ACTIONS: readonly SqlCase[] = [
  {
    name: 'ON DELETE CASCADE deletes the children',
    source: 'Primary and foreign key constraints: cascading referential integrity',
    given: family('ON DELETE CASCADE'),
    batch: `DELETE FROM dbo.FP WHERE id = 1; ${SHOW}${CLEAR}`,
    rows: [[12, 3]],
  },
  {
    name: 'ON DELETE SET NULL empties their column',
    source: 'Primary and foreign key constraints: cascading referential integrity',
    given: family('ON DELETE SET NULL'),
    batch: `DELETE FROM dbo.FP WHERE id = 3; ${SHOW}${CLEAR}`,
    rows: [
      [10, 1],
      [11, 1],
      [12, null],
    ],
  },
  {
    name: 'ON DELETE SET DEFAULT puts the default there',
    source: 'Primary and foreign key constraints: cascading referential integrity',
    given: family('ON DELETE SET DEFAULT'),
    batch: `DELETE FROM dbo.FP WHERE id = 3; ${SHOW}${CLEAR}`,
    rows: [
      [10, 1],
      [11, 1],
      [12, 2],
    ],
  },
  {
    name: 'ON UPDATE CASCADE follows the key',
    source: 'Primary and foreign key constraints: cascading referential integrity',
    given: family('ON UPDATE CASCADE'),
    batch: `UPDATE dbo.FP SET id = 30 WHERE id = 3; ${SHOW}${CLEAR}`,
    rows: [
      [10, 1],
      [11, 1],
      [12, 30],
    ],
  },
  {
    name: 'two cascading ways to one table are error 1785',
    source: 'MSSQLSERVER_1785',
    given: [
      'CREATE TABLE dbo.C1 (id int PRIMARY KEY); CREATE TABLE dbo.C2 (id int PRIMARY KEY, a int REFERENCES dbo.C1 (id) ON DELETE CASCADE)',
    ],
    batch:
      'CREATE TABLE dbo.C3 (a int REFERENCES dbo.C1 (id) ON DELETE CASCADE, b int REFERENCES dbo.C2 (id) ON DELETE CASCADE)',
    errors: [1785, 1750],
  },
];

const COMPUTED: readonly SqlCase[] = [
  {
    name: 'a computed column follows its sources and cannot be written',
    source: 'Specify computed columns in a table',
    given: ['CREATE TABLE #cc (a int, b int, total AS a * b, kept AS a + b PERSISTED)'],
    batch: 'INSERT INTO #cc (a, b) VALUES (2, 3); UPDATE #cc SET a = 4; SELECT total, kept FROM #cc',
    rows: [[12, 7]],
    after: { batch: 'UPDATE #cc SET total = 1', errors: [271] },
  },
  {
    name: 'a unique index on a persisted computed column holds',
    source: 'Indexes on computed columns',
    given: ['CREATE TABLE #cu (a int, k AS a % 10 PERSISTED)', 'CREATE UNIQUE INDEX IX_K ON #cu (k)'],
    batch: 'INSERT INTO #cu (a) VALUES (1); INSERT INTO #cu (a) VALUES (11); SELECT COUNT(*) FROM #cu',
    errors: [2601],
    rows: [[1]],
  },
];

sqlCases(server, 'constraint violations', VIOLATIONS);
sqlCases(server, 'actions of foreign keys', ACTIONS);
sqlCases(server, 'computed columns', COMPUTED);
