import { useContractServer } from './support/server.ts';
import { type ConcurrentCase, concurrentCases } from './support/steps.ts';

const server = useContractServer([
  'CREATE TABLE dbo.T (id int NOT NULL CONSTRAINT PK_T PRIMARY KEY, v int NOT NULL)',
  'CREATE TABLE dbo.OTHER (id int NOT NULL PRIMARY KEY)',
]);

const GIVEN = ['DELETE FROM dbo.T; INSERT INTO dbo.T VALUES (1, 10), (5, 50), (9, 90)'];
const HINTS = 'Table hints (Transact-SQL)';
const LEVELS = 'SET TRANSACTION ISOLATION LEVEL (Transact-SQL)';
const blocked = { errors: [1222] } as const;
const WRITE_ONE = 'BEGIN TRAN; UPDATE dbo.T SET v = 11 WHERE id = 1';
const READ_ONE = 'SELECT v FROM dbo.T WHERE id = 1';

const READERS: readonly ConcurrentCase[] = [
  {
    name: 'READ COMMITTED readers wait for writers, of the same row only',
    source: LEVELS,
    given: GIVEN,
    steps: [
      { in: 'a', run: WRITE_ONE },
      { in: 'b', run: READ_ONE, ...blocked },
      { in: 'b', run: 'SELECT v FROM dbo.T WHERE id = 5', rows: [[50]] },
      { in: 'b', run: 'SELECT COUNT(*) FROM dbo.T WHERE v > 0', ...blocked },
    ],
  },
  {
    name: 'a reader that waited sees what was committed',
    source: LEVELS,
    given: GIVEN,
    steps: [
      { in: 'a', run: WRITE_ONE },
      { in: 'b', run: READ_ONE, waits: true },
      { in: 'a', run: 'COMMIT' },
      { in: 'b', run: '', resume: 'b', rows: [[11]] },
    ],
  },
  {
    name: 'a reader that waited sees the old row when the writer rolls back',
    source: LEVELS,
    given: GIVEN,
    steps: [
      { in: 'a', run: WRITE_ONE },
      { in: 'b', run: READ_ONE, waits: true },
      { in: 'a', run: 'ROLLBACK' },
      { in: 'b', run: '', resume: 'b', rows: [[10]] },
    ],
  },
  {
    name: 'READ COMMITTED gives its locks back after each statement',
    source: LEVELS,
    given: GIVEN,
    steps: [
      { in: 'a', run: `BEGIN TRAN; ${READ_ONE}`, rows: [[10]] },
      { in: 'b', run: 'UPDATE dbo.T SET v = 12 WHERE id = 1', affected: [1] },
      { in: 'a', run: READ_ONE, rows: [[12]] },
    ],
  },
  {
    name: 'NOLOCK and READ UNCOMMITTED see what is not committed',
    source: HINTS,
    given: GIVEN,
    steps: [
      { in: 'a', run: WRITE_ONE },
      { in: 'b', run: 'SELECT v FROM dbo.T WITH (NOLOCK) WHERE id = 1', rows: [[11]] },
      { in: 'b', run: `SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED; ${READ_ONE}`, rows: [[11]] },
    ],
  },
  {
    name: 'READPAST leaves locked rows out',
    source: HINTS,
    given: GIVEN,
    steps: [
      { in: 'a', run: WRITE_ONE },
      { in: 'b', run: 'SELECT id FROM dbo.T WITH (READPAST) ORDER BY id', rows: [[5], [9]] },
      { in: 'b', run: 'DELETE TOP (1) FROM dbo.T WITH (READPAST, ROWLOCK) OUTPUT deleted.id', rows: [[5]] },
    ],
  },
  {
    name: 'NOWAIT fails at once',
    source: HINTS,
    given: GIVEN,
    steps: [
      { in: 'a', run: WRITE_ONE },
      { in: 'b', run: 'SET LOCK_TIMEOUT -1; SELECT v FROM dbo.T WITH (NOWAIT) WHERE id = 1', ...blocked },
    ],
  },
  {
    name: 'an uncommitted DELETE and INSERT block readers too',
    source: LEVELS,
    given: GIVEN,
    steps: [
      { in: 'a', run: 'BEGIN TRAN; DELETE FROM dbo.T WHERE id = 5; INSERT INTO dbo.T VALUES (7, 70)' },
      { in: 'b', run: 'SELECT v FROM dbo.T WHERE id = 5', ...blocked },
      { in: 'b', run: 'SELECT v FROM dbo.T WHERE id = 7', ...blocked },
    ],
  },
];

const HOLDERS: readonly ConcurrentCase[] = [
  {
    name: 'REPEATABLE READ keeps its rows from writers, not from readers, and lets phantoms in',
    source: LEVELS,
    given: GIVEN,
    steps: [
      {
        in: 'a',
        run: 'SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; BEGIN TRAN; SELECT COUNT(*) FROM dbo.T WHERE id <= 5',
        rows: [[2]],
      },
      { in: 'b', run: READ_ONE, rows: [[10]] },
      { in: 'b', run: 'UPDATE dbo.T SET v = 0 WHERE id = 1', ...blocked },
      { in: 'b', run: 'INSERT INTO dbo.T VALUES (3, 30)', affected: [1] },
      { in: 'a', run: 'SELECT COUNT(*) FROM dbo.T WHERE id <= 5', rows: [[3]] },
    ],
  },
  {
    name: 'SERIALIZABLE keeps new keys out of the range it read',
    source: LEVELS,
    given: GIVEN,
    steps: [
      {
        in: 'a',
        run: 'SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; BEGIN TRAN; SELECT COUNT(*) FROM dbo.T WHERE id BETWEEN 2 AND 6',
        rows: [[1]],
      },
      { in: 'b', run: 'INSERT INTO dbo.T VALUES (3, 30)', ...blocked },
      { in: 'b', run: 'INSERT INTO dbo.T VALUES (10, 100)', affected: [1] },
    ],
  },
  {
    name: 'UPDLOCK with HOLDLOCK locks a key that is not there, for readers of that kind and for inserts',
    source: 'Transaction locking and row versioning guide: key-range locking',
    given: GIVEN,
    steps: [
      { in: 'a', run: 'BEGIN TRAN; SELECT v FROM dbo.T WITH (UPDLOCK, HOLDLOCK) WHERE id = 3', rows: [] },
      { in: 'b', run: 'INSERT INTO dbo.T VALUES (3, 30)', ...blocked },
      { in: 'b', run: 'INSERT INTO dbo.T VALUES (10, 100)', affected: [1] },
      { in: 'a', run: 'INSERT INTO dbo.T VALUES (3, 31); COMMIT' },
      { in: 'b', run: 'SELECT v FROM dbo.T WITH (UPDLOCK, HOLDLOCK) WHERE id = 3', rows: [[31]] },
    ],
  },
  {
    name: 'UPDLOCK lets readers by and keeps other UPDLOCKs and writers out',
    source: HINTS,
    given: GIVEN,
    steps: [
      { in: 'a', run: 'BEGIN TRAN; SELECT v FROM dbo.T WITH (UPDLOCK) WHERE id = 1', rows: [[10]] },
      { in: 'b', run: READ_ONE, rows: [[10]] },
      { in: 'b', run: 'SELECT v FROM dbo.T WITH (UPDLOCK) WHERE id = 1', ...blocked },
      { in: 'b', run: 'UPDATE dbo.T SET v = 0 WHERE id = 1', ...blocked },
      { in: 'b', run: 'UPDATE dbo.T SET v = 0 WHERE id = 5', affected: [1] },
    ],
  },
  {
    name: 'TABLOCKX keeps everybody out but NOLOCK, of its own table only',
    source: HINTS,
    given: GIVEN,
    steps: [
      { in: 'a', run: 'BEGIN TRAN; SELECT TOP (0) * FROM dbo.T WITH (TABLOCKX)', rows: [] },
      { in: 'b', run: READ_ONE, ...blocked },
      { in: 'b', run: 'SELECT v FROM dbo.T WITH (NOLOCK) WHERE id = 1', rows: [[10]] },
      { in: 'b', run: 'SELECT COUNT(*) FROM dbo.OTHER', rows: [[0]] },
    ],
  },
  {
    name: 'TABLOCK with HOLDLOCK lets readers in and writers wait, until COMMIT',
    source: HINTS,
    given: GIVEN,
    steps: [
      { in: 'a', run: 'BEGIN TRAN; SELECT COUNT(*) FROM dbo.T WITH (TABLOCK, HOLDLOCK)', rows: [[3]] },
      { in: 'b', run: READ_ONE, rows: [[10]] },
      { in: 'b', run: 'INSERT INTO dbo.T VALUES (20, 1)', ...blocked },
      { in: 'a', run: 'COMMIT' },
      { in: 'b', run: 'INSERT INTO dbo.T VALUES (20, 1)', affected: [1] },
    ],
  },
  {
    name: 'rolling back to a savepoint gives the locks after it back',
    source: 'ROLLBACK TRANSACTION (Transact-SQL)',
    given: GIVEN,
    steps: [
      {
        in: 'a',
        run: 'BEGIN TRAN; UPDATE dbo.T SET v = 0 WHERE id = 1; SAVE TRAN s; UPDATE dbo.T SET v = 0 WHERE id = 5; ROLLBACK TRAN s',
      },
      { in: 'b', run: 'SELECT v FROM dbo.T WHERE id = 5', rows: [[50]] },
      { in: 'b', run: READ_ONE, ...blocked },
    ],
  },
];

const WRITERS: readonly ConcurrentCase[] = [
  {
    name: 'a writer that waited adds to what was committed',
    source: 'Transaction locking and row versioning guide',
    given: GIVEN,
    steps: [
      { in: 'a', run: 'BEGIN TRAN; UPDATE dbo.T SET v = v + 1 WHERE id = 1' },
      { in: 'b', run: `UPDATE dbo.T SET v = v + 100 WHERE id = 1; ${READ_ONE}`, waits: true },
      { in: 'a', run: 'COMMIT' },
      { in: 'b', run: '', resume: 'b', rows: [[111]] },
    ],
  },
  {
    name: 'a duplicate key waits for the first: 2627 when it commits',
    source: 'measured: an insert waits on the key of an uncommitted one',
    given: GIVEN,
    steps: [
      { in: 'a', run: 'BEGIN TRAN; INSERT INTO dbo.T VALUES (3, 1)' },
      { in: 'b', run: 'INSERT INTO dbo.T VALUES (3, 2)', waits: true },
      { in: 'a', run: 'COMMIT' },
      { in: 'b', run: '', resume: 'b', errors: [2627] },
    ],
  },
  {
    name: 'and is taken when it rolls back',
    source: 'measured: an insert waits on the key of an uncommitted one',
    given: GIVEN,
    steps: [
      { in: 'a', run: 'BEGIN TRAN; INSERT INTO dbo.T VALUES (3, 1)' },
      { in: 'b', run: 'INSERT INTO dbo.T VALUES (3, 2)', waits: true },
      { in: 'a', run: 'ROLLBACK' },
      { in: 'b', run: '', resume: 'b', affected: [1] },
    ],
  },
  {
    name: '1222 ends the statement, the transaction stays; with XACT_ABORT it goes',
    source: 'SET LOCK_TIMEOUT (Transact-SQL); SET XACT_ABORT (Transact-SQL)',
    given: GIVEN,
    steps: [
      { in: 'a', run: WRITE_ONE },
      {
        in: 'b',
        run: "BEGIN TRAN; UPDATE dbo.T SET v = 0 WHERE id = 1; SELECT @@TRANCOUNT, 'on'; ROLLBACK",
        errors: [1222],
        rows: [[1, 'on']],
      },
      { in: 'b', run: 'SET XACT_ABORT ON; BEGIN TRAN; UPDATE dbo.T SET v = 0 WHERE id = 1', errors: [1222] },
      { in: 'b', run: 'SELECT @@TRANCOUNT', rows: [[0]] },
    ],
  },
  {
    name: '@@LOCK_TIMEOUT tells the setting',
    source: '@@LOCK_TIMEOUT (Transact-SQL)',
    given: GIVEN,
    steps: [
      {
        in: 'a',
        run: 'SET LOCK_TIMEOUT 1800; SELECT @@LOCK_TIMEOUT; SET LOCK_TIMEOUT -1; SELECT @@LOCK_TIMEOUT',
        rows: [[1800], [-1]],
      },
    ],
  },
  {
    name: 'DDL waits for whoever works in the table, and others for it',
    source: 'Transaction locking and row versioning guide: schema locks',
    given: [
      ...GIVEN,
      'DROP TABLE IF EXISTS dbo.D; CREATE TABLE dbo.D (id int PRIMARY KEY); INSERT INTO dbo.D VALUES (1)',
    ],
    steps: [
      { in: 'a', run: 'BEGIN TRAN; INSERT INTO dbo.D VALUES (2)' },
      { in: 'b', run: 'ALTER TABLE dbo.D ADD extra int NULL', ...blocked },
      { in: 'a', run: 'COMMIT' },
      { in: 'b', run: 'BEGIN TRAN; ALTER TABLE dbo.D ADD extra int NULL' },
      { in: 'a', run: 'SELECT COUNT(*) FROM dbo.D', ...blocked },
    ],
  },
];

concurrentCases(server, 'readers', READERS);
concurrentCases(server, 'locks that are held', HOLDERS);
concurrentCases(server, 'writers', WRITERS);
