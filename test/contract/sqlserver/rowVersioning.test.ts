import { useContractServer } from './support/server.ts';
import { type ConcurrentCase, concurrentCases } from './support/steps.ts';

const versioned = useContractServer([
  'ALTER DATABASE CURRENT SET READ_COMMITTED_SNAPSHOT ON',
  'CREATE TABLE dbo.T (id int NOT NULL CONSTRAINT PK_T PRIMARY KEY, v int NOT NULL)',
]);

const GIVEN = ['DELETE FROM dbo.T; INSERT INTO dbo.T VALUES (1, 10), (5, 50), (9, 90)'];
const HINTS = 'Table hints (Transact-SQL)';
const LEVELS = 'SET TRANSACTION ISOLATION LEVEL (Transact-SQL)';
const blocked = { errors: [1222] } as const;
const WRITE_ONE = 'BEGIN TRAN; UPDATE dbo.T SET v = 11 WHERE id = 1';
const READ_ONE = 'SELECT v FROM dbo.T WHERE id = 1';

const VERSIONED: readonly ConcurrentCase[] = [
  {
    name: 'with READ_COMMITTED_SNAPSHOT readers see the committed row and do not wait',
    source: LEVELS,
    given: GIVEN,
    steps: [
      { in: 'a', run: WRITE_ONE },
      { in: 'b', run: `BEGIN TRAN; ${READ_ONE}`, rows: [[10]] },
      { in: 'a', run: 'COMMIT' },
      { in: 'b', run: READ_ONE, rows: [[11]] },
    ],
  },
  {
    name: 'but wait with READCOMMITTEDLOCK',
    source: HINTS,
    given: GIVEN,
    steps: [
      { in: 'a', run: WRITE_ONE },
      { in: 'b', run: 'SELECT v FROM dbo.T WITH (READCOMMITTEDLOCK) WHERE id = 1', ...blocked },
      { in: 'b', run: 'SELECT v FROM dbo.T WITH (UPDLOCK) WHERE id = 1', ...blocked },
    ],
  },
  {
    name: 'and writers wait for writers as ever',
    source: LEVELS,
    given: GIVEN,
    steps: [
      { in: 'a', run: WRITE_ONE },
      { in: 'b', run: 'UPDATE dbo.T SET v = 0 WHERE id = 1', ...blocked },
    ],
  },
];

concurrentCases(versioned, 'READ_COMMITTED_SNAPSHOT', VERSIONED);
