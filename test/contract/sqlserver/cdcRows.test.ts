import { describe, expect, test } from 'vitest';
import { captured, enableTable } from './support/cdc.ts';
import type { Cell } from './support/reply.ts';
import { useContractServer } from './support/server.ts';

const server = useContractServer([
  'EXEC sys.sp_cdc_enable_db',
  `CREATE TABLE dbo.ITEM (id int NOT NULL CONSTRAINT PK_ITEM PRIMARY KEY, a int NULL, b varchar(10) NULL, c int NULL, d int NULL, e int NULL, f int NULL,
    g int NULL, h int NULL, i int NULL)`,
  enableTable('ITEM'),
  `CREATE TABLE dbo.LOBS (id int NOT NULL CONSTRAINT PK_LOBS PRIMARY KEY, qty int NULL, note text NULL, doc nvarchar(max) NULL, total AS qty * 2, rv rowversion)`,
  enableTable('LOBS'),
  'CREATE TABLE dbo.PAIR (id int NOT NULL CONSTRAINT PK_PAIR PRIMARY KEY, v int NULL)',
  enableTable('PAIR'),
  'CREATE TABLE dbo.FEW (id int NOT NULL CONSTRAINT PK_FEW PRIMARY KEY, hidden int NULL, shown int NULL)',
  enableTable('FEW', "@captured_column_list = N'id, shown'"),
]);

interface RowCase {
  readonly name: string;
  readonly source: string;
  readonly table: string;
  /** Columns of the change table to look at, beside the operation. */
  readonly columns: string;
  readonly given?: string;
  readonly work: string;
  readonly rows: readonly (readonly Cell[])[];
}

const CT = 'cdc.<capture_instance>_CT (Transact-SQL)';

const CASES: readonly RowCase[] = [
  {
    name: 'an insert has operation 2 and all bits set, the first column in the lowest bit of the last byte',
    source: CT,
    table: 'ITEM',
    columns: '__$update_mask, id, b',
    work: "INSERT INTO dbo.ITEM (id, b) VALUES (1, 'x')",
    rows: [[2, '0x03FF', 1, 'x']],
  },
  {
    name: 'a delete has operation 1, all bits and the old row',
    source: CT,
    table: 'ITEM',
    columns: '__$update_mask, id, b',
    given: "INSERT INTO dbo.ITEM (id, b) VALUES (2, 'y')",
    work: 'DELETE FROM dbo.ITEM WHERE id = 2',
    rows: [[1, '0x03FF', 2, 'y']],
  },
  {
    name: 'an update has 3 with the old and 4 with the new row, both with the mask of what changed',
    source: CT,
    table: 'ITEM',
    columns: '__$update_mask, id, a, i',
    given: 'INSERT INTO dbo.ITEM (id, a, i) VALUES (3, 1, 1)',
    work: 'UPDATE dbo.ITEM SET a = 2 WHERE id = 3; UPDATE dbo.ITEM SET i = 2 WHERE id = 3; UPDATE dbo.ITEM SET a = 3, h = 3, i = 3 WHERE id = 3',
    rows: [
      [3, '0x0002', 3, 1, 1],
      [4, '0x0002', 3, 2, 1],
      [3, '0x0200', 3, 2, 1],
      [4, '0x0200', 3, 2, 2],
      [3, '0x0302', 3, 2, 2],
      [4, '0x0302', 3, 3, 3],
    ],
  },
  {
    name: 'an update of the key is a delete and an insert',
    source: 'measured: deferred updates of a unique key are logged as delete and insert',
    table: 'PAIR',
    columns: 'id, v',
    given: 'INSERT INTO dbo.PAIR VALUES (1, 1), (2, 2)',
    work: 'UPDATE dbo.PAIR SET id = 11, v = 5 WHERE id = 1',
    rows: [
      [1, 1, 1],
      [2, 11, 5],
    ],
  },
  {
    name: 'what was rolled back never appears, to a savepoint neither',
    source: 'About change data capture (SQL Server)',
    table: 'PAIR',
    columns: 'id, v',
    work: `BEGIN TRAN; INSERT INTO dbo.PAIR VALUES (100, 1); ROLLBACK;
      BEGIN TRAN; INSERT INTO dbo.PAIR VALUES (101, 1); SAVE TRAN s; INSERT INTO dbo.PAIR VALUES (102, 1); ROLLBACK TRAN s; COMMIT`,
    rows: [[2, 101, 1]],
  },
  {
    name: 'a failed statement leaves nothing',
    source: 'About change data capture (SQL Server)',
    table: 'PAIR',
    columns: 'id, v',
    given: 'INSERT INTO dbo.PAIR VALUES (200, 0)',
    work: 'BEGIN TRY INSERT INTO dbo.PAIR VALUES (201, 1), (200, 1) END TRY BEGIN CATCH PRINT 1 END CATCH; INSERT INTO dbo.PAIR VALUES (202, 1)',
    rows: [[2, 202, 1]],
  },
  {
    name: 'MERGE gives each row its operation',
    source: CT,
    table: 'FEW',
    columns: 'id, shown',
    given: 'INSERT INTO dbo.FEW VALUES (50, 1, 1), (51, 1, 1)',
    work: `MERGE dbo.FEW AS t USING (VALUES (52, 9)) AS s(id, v) ON t.id = s.id WHEN NOT MATCHED THEN INSERT (id, shown) VALUES (s.id, s.v);
      MERGE dbo.FEW AS t USING (VALUES (51)) AS s(id) ON t.id = s.id WHEN MATCHED THEN DELETE;`,
    rows: [
      [2, 52, 9],
      [1, 51, 1],
    ],
  },
  {
    name: 'of columns that are not captured nothing is seen',
    source: 'sys.sp_cdc_enable_table (Transact-SQL)',
    table: 'FEW',
    columns: '__$update_mask, id, shown',
    given: 'INSERT INTO dbo.FEW VALUES (1, 1, 1)',
    work: 'UPDATE dbo.FEW SET hidden = 3, shown = 3 WHERE id = 1',
    rows: [
      [3, '0x02', 1, 1],
      [4, '0x02', 1, 3],
    ],
  },
  {
    name: 'text is NULL in old images and in new ones unless it changed; max types when they did not change; computed columns always',
    source: CT,
    table: 'LOBS',
    columns: 'id, qty, CONVERT(varchar(20), note), doc, total',
    given: "INSERT INTO dbo.LOBS (id, qty, note, doc) VALUES (1, 1, 'n1', N'd1')",
    work: "UPDATE dbo.LOBS SET qty = 2 WHERE id = 1; UPDATE dbo.LOBS SET note = 'n2', doc = N'd2' WHERE id = 1",
    rows: [
      [3, 1, 1, null, null, null],
      [4, 1, 2, null, null, null],
      [3, 1, 2, null, 'd1', null],
      [4, 1, 2, 'n2', 'd2', null],
    ],
  },
  {
    name: 'a delete has no text, but the old value of max types',
    source: CT,
    table: 'LOBS',
    columns: 'id, CONVERT(varchar(20), note), doc, total',
    given: "INSERT INTO dbo.LOBS (id, qty, note, doc) VALUES (2, 1, 'n1', N'd1')",
    work: 'DELETE FROM dbo.LOBS WHERE id = 2',
    rows: [[1, 2, null, 'd1', null]],
  },
  {
    name: 'a trigger writes rows of the same transaction',
    source: 'About change data capture (SQL Server)',
    table: 'PAIR',
    columns: 'id, v',
    given: `EXEC('CREATE TRIGGER dbo.PAIR_MORE ON dbo.PAIR AFTER INSERT AS INSERT INTO dbo.PAIR SELECT id + 1, v FROM inserted')`,
    work: 'INSERT INTO dbo.PAIR VALUES (300, 1); DROP TRIGGER dbo.PAIR_MORE',
    rows: [
      [2, 300, 1],
      [2, 301, 1],
    ],
  },
];

describe('change rows', () => {
  test.each(CASES)('$name [$source]', async ({ table, columns, given, work, rows }) => {
    if (given) await server.must(given);
    const seen = await captured(server, `dbo_${table}`, columns, work);
    expect(seen).toEqual(rows);
  });
});

test('rows of one transaction share the commit LSN in all tables, and pairs their sequence value [cdc.<capture_instance>_CT (Transact-SQL)]', async () => {
  await server.must('INSERT INTO dbo.PAIR VALUES (400, 0)');
  const session = await server.open();
  try {
    await captured(
      server,
      'dbo_PAIR',
      'id',
      'BEGIN TRAN; UPDATE dbo.PAIR SET v = 9 WHERE id = 400; INSERT INTO dbo.FEW VALUES (400, 1, 1); COMMIT',
    );
    const { sets } =
      await session.run(`SELECT COUNT(DISTINCT p.__$start_lsn), COUNT(DISTINCT p.__$seqval), COUNT(*) FROM cdc.dbo_PAIR_CT AS p
      JOIN cdc.dbo_FEW_CT AS f ON f.__$start_lsn = p.__$start_lsn WHERE f.id = 400 AND p.__$operation IN (3, 4)`);
    expect(sets).toEqual([[[1, 1, 2]]]);
  } finally {
    await session.close();
  }
});

test('command ids count the statements of a transaction [KB3030352]', async () => {
  const ids = await captured(
    server,
    'dbo_PAIR',
    '__$command_id',
    'BEGIN TRAN; INSERT INTO dbo.PAIR VALUES (500, 0); UPDATE dbo.PAIR SET v = 1 WHERE id = 500; DELETE FROM dbo.PAIR WHERE id = 500; COMMIT',
  );
  const commands = ids.map((row) => row[1] as number);
  expect(commands[0]!).toBeLessThan(commands[1]!);
  expect(commands[1]).toBe(commands[2]);
  expect(commands[2]!).toBeLessThan(commands[3]!);
});

test('the change table has the documented columns, all nullable [cdc.<capture_instance>_CT (Transact-SQL)]', async () => {
  const session = await server.open();
  try {
    const { sets } = await session.run(
      `SELECT c.name, t.name, c.max_length FROM sys.columns AS c JOIN sys.types AS t ON t.user_type_id = c.user_type_id
       WHERE c.object_id = OBJECT_ID('cdc.dbo_LOBS_CT') ORDER BY c.column_id`,
    );
    expect(sets[0]).toEqual([
      ['__$start_lsn', 'binary', 10],
      ['__$end_lsn', 'binary', 10],
      ['__$seqval', 'binary', 10],
      ['__$operation', 'int', 4],
      ['__$update_mask', 'varbinary', 128],
      ['id', 'int', 4],
      ['qty', 'int', 4],
      ['note', 'text', 16],
      ['doc', 'nvarchar', -1],
      ['total', 'int', 4],
      ['rv', 'binary', 8],
      ['__$command_id', 'int', 4],
    ]);
  } finally {
    await session.close();
  }
});
