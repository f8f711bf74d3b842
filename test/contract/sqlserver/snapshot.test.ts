import { expect, test } from 'vitest';
import { useContractServer } from './support/server.ts';
import { type ConcurrentCase, concurrentCases } from './support/steps.ts';

const server = useContractServer([
  'ALTER DATABASE CURRENT SET ALLOW_SNAPSHOT_ISOLATION ON',
  'CREATE TABLE dbo.T (id int NOT NULL CONSTRAINT PK_T PRIMARY KEY, v int NOT NULL)',
]);

const GIVEN = ['DELETE FROM dbo.T; INSERT INTO dbo.T VALUES (1, 10), (2, 20)'];
const SNAPSHOT = 'SET TRANSACTION ISOLATION LEVEL SNAPSHOT; BEGIN TRAN';
const READ_ALL = 'SELECT id, v FROM dbo.T ORDER BY id';
const PAGE = 'SET TRANSACTION ISOLATION LEVEL (Transact-SQL)';
const GUIDE = 'Transaction locking and row versioning guide';

const SNAPSHOTS: readonly ConcurrentCase[] = [
  {
    name: 'SNAPSHOT sees all tables as of its first access, not of BEGIN TRAN',
    source: GUIDE,
    given: GIVEN,
    steps: [
      { in: 'a', run: SNAPSHOT },
      { in: 'b', run: 'UPDATE dbo.T SET v = 11 WHERE id = 1' },
      {
        in: 'a',
        run: READ_ALL,
        rows: [
          [1, 11],
          [2, 20],
        ],
      },
      {
        in: 'b',
        run: 'UPDATE dbo.T SET v = 12 WHERE id = 1; INSERT INTO dbo.T VALUES (3, 30); DELETE FROM dbo.T WHERE id = 2',
      },
      {
        in: 'a',
        run: READ_ALL,
        rows: [
          [1, 11],
          [2, 20],
        ],
      },
      {
        in: 'a',
        run: `COMMIT; ${READ_ALL}`,
        rows: [
          [1, 12],
          [3, 30],
        ],
      },
    ],
  },
  {
    name: 'it reads past an open writer and sees its own writes',
    source: GUIDE,
    given: GIVEN,
    steps: [
      { in: 'b', run: 'BEGIN TRAN; UPDATE dbo.T SET v = 0 WHERE id = 1' },
      {
        in: 'a',
        run: `${SNAPSHOT}; UPDATE dbo.T SET v = 21 WHERE id = 2; ${READ_ALL}`,
        rows: [
          [1, 10],
          [2, 21],
        ],
      },
    ],
  },
  {
    name: 'an UPDATE of a row that changed since is 3960 and ends the transaction',
    source: PAGE,
    given: GIVEN,
    steps: [
      {
        in: 'a',
        run: `${SNAPSHOT}; ${READ_ALL}`,
        rows: [
          [1, 10],
          [2, 20],
        ],
      },
      { in: 'b', run: 'UPDATE dbo.T SET v = 11 WHERE id = 1' },
      { in: 'a', run: 'UPDATE dbo.T SET v = 99 WHERE id = 1', errors: [3960] },
      { in: 'a', run: 'SELECT @@TRANCOUNT', rows: [[0]] },
    ],
  },
  {
    name: 'so is a DELETE; other rows may be written',
    source: PAGE,
    given: GIVEN,
    steps: [
      {
        in: 'a',
        run: `${SNAPSHOT}; ${READ_ALL}`,
        rows: [
          [1, 10],
          [2, 20],
        ],
      },
      { in: 'b', run: 'UPDATE dbo.T SET v = 11 WHERE id = 1' },
      { in: 'a', run: 'UPDATE dbo.T SET v = 22 WHERE id = 2', affected: [1] },
      { in: 'a', run: 'DELETE FROM dbo.T WHERE id = 1', errors: [3960] },
    ],
  },
  {
    name: 'waiting for a writer that commits ends in 3960, for one that rolls back in success',
    source: GUIDE,
    given: GIVEN,
    steps: [
      { in: 'b', run: 'BEGIN TRAN; UPDATE dbo.T SET v = 0 WHERE id = 1' },
      { in: 'a', run: `${SNAPSHOT}; UPDATE dbo.T SET v = 99 WHERE id = 1`, waits: true },
      { in: 'b', run: 'COMMIT' },
      { in: 'a', run: '', resume: 'a', errors: [3960] },
      { in: 'b', run: 'BEGIN TRAN; UPDATE dbo.T SET v = 0 WHERE id = 1' },
      { in: 'c', run: `${SNAPSHOT}; UPDATE dbo.T SET v = 99 WHERE id = 1; COMMIT`, waits: true },
      { in: 'b', run: 'ROLLBACK' },
      { in: 'c', run: '', resume: 'c', affected: [1] },
    ],
  },
  {
    name: 'a table altered since the snapshot began is 3961',
    source: PAGE,
    given: ['DROP TABLE IF EXISTS dbo.D; CREATE TABLE dbo.D (id int PRIMARY KEY)', ...GIVEN],
    steps: [
      {
        in: 'a',
        run: `${SNAPSHOT}; ${READ_ALL}`,
        rows: [
          [1, 10],
          [2, 20],
        ],
      },
      { in: 'b', run: 'ALTER TABLE dbo.D ADD extra int NULL' },
      { in: 'a', run: 'SELECT * FROM dbo.D', errors: [3961] },
    ],
  },
];

concurrentCases(server, 'SNAPSHOT', SNAPSHOTS);

/** Two sessions that take two rows crosswise; gives back the numbers of the errors of each. */
async function crosswise(first: string, second: string): Promise<readonly number[][]> {
  await server.must(...GIVEN);
  const [a, b] = [await server.open(), await server.open()];
  try {
    await a.run(`${first}; BEGIN TRAN; UPDATE dbo.T SET v = 1 WHERE id = 1`);
    await b.run(`${second}; BEGIN TRAN; UPDATE dbo.T SET v = 2 WHERE id = 2`);
    const replies = await Promise.all([
      a.run('UPDATE dbo.T SET v = 1 WHERE id = 2; SELECT @@TRANCOUNT'),
      b.run('UPDATE dbo.T SET v = 2 WHERE id = 1; SELECT @@TRANCOUNT'),
    ]);
    for (const session of [a, b]) await session.run('IF @@TRANCOUNT > 0 COMMIT');
    return replies.map((reply) => reply.errors.map((error) => error.number));
  } finally {
    await a.close();
    await b.close();
  }
}

test('a deadlock ends one of two with 1205 and the other goes on [Deadlocks guide]', async () => {
  const errors = await crosswise('SET LOCK_TIMEOUT -1', 'SET LOCK_TIMEOUT -1');
  expect(errors.flat()).toEqual([1205]);
});

test.each([
  ['LOW', 'NORMAL', [[1205], []]],
  ['NORMAL', 'LOW', [[], [1205]]],
  ['5', '-5', [[], [1205]]],
  ['HIGH', '10', [[1205], []]],
])('of priorities %s and %s the lower is the victim [SET DEADLOCK_PRIORITY (Transact-SQL)]', async (a, b, wanted) => {
  expect(await crosswise(`SET DEADLOCK_PRIORITY ${a}`, `SET DEADLOCK_PRIORITY ${b}`)).toEqual(wanted);
});

test('the victim has lost its transaction, or must roll it back in CATCH [Deadlocks guide]', async () => {
  await server.must(...GIVEN);
  const [a, b] = [await server.open(), await server.open()];
  try {
    await a.run('SET DEADLOCK_PRIORITY LOW; BEGIN TRAN; UPDATE dbo.T SET v = 1 WHERE id = 1');
    await b.run('BEGIN TRAN; UPDATE dbo.T SET v = 2 WHERE id = 2');
    const [victim] = await Promise.all([
      a.run(
        'BEGIN TRY UPDATE dbo.T SET v = 1 WHERE id = 2 END TRY BEGIN CATCH SELECT ERROR_NUMBER(), XACT_STATE(); ROLLBACK END CATCH',
      ),
      b.run('UPDATE dbo.T SET v = 2 WHERE id = 1; COMMIT'),
    ]);
    expect(victim.sets).toEqual([[[1205, -1]]]);
    expect((await a.run('SELECT v FROM dbo.T ORDER BY id')).sets).toEqual([[[2], [2]]]);
  } finally {
    await a.close();
    await b.close();
  }
});
