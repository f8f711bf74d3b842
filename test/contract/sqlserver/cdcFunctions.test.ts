import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectReply, type SqlCase } from './support/cases.ts';
import { captured, caughtUp, enableTable, one } from './support/cdc.ts';
import { type Session, useContractServer } from './support/server.ts';

const server = useContractServer([
  'EXEC sys.sp_cdc_enable_db',
  'CREATE TABLE dbo.T (id int NOT NULL CONSTRAINT PK_T PRIMARY KEY, v int NULL, w int NULL)',
  enableTable('T'),
  'CREATE TABLE dbo.GATED (id int NOT NULL CONSTRAINT PK_GATED PRIMARY KEY, v int NULL)',
  "EXEC sys.sp_cdc_enable_table N'dbo', N'GATED', @role_name = N'gate', @supports_net_changes = 1",
]);

let session: Session;
beforeAll(async () => {
  await server.must('INSERT INTO dbo.T VALUES (1, 1, 1)');
  await caughtUp(server);
  session = await server.open();
});
afterAll(() => session?.close());

const WINDOW = "DECLARE @from binary(10) = sys.fn_cdc_get_min_lsn('dbo_T'), @to binary(10) = sys.fn_cdc_get_max_lsn()";
const ALL = 'cdc.fn_cdc_get_all_changes_<capture_instance> (Transact-SQL)';
const NET = 'cdc.fn_cdc_get_net_changes_<capture_instance> (Transact-SQL)';
const LSN = 'sys.fn_cdc_increment_lsn; sys.fn_cdc_decrement_lsn (Transact-SQL)';
const MAP = 'sys.fn_cdc_map_time_to_lsn; sys.fn_cdc_map_lsn_to_time (Transact-SQL)';
const BIT = 'sys.fn_cdc_is_bit_set; sys.fn_cdc_has_column_changed (Transact-SQL)';
const all = (from: string, to: string, option = "N'all'"): string =>
  `${WINDOW}; SELECT COUNT(*) FROM cdc.fn_cdc_get_all_changes_dbo_T(${from}, ${to}, ${option})`;

const CASES: readonly SqlCase[] = [
  { name: 'NULL as an end is 313', source: ALL, batch: all('NULL', '@to'), errors: [313] },
  {
    name: 'a start below the minimum is 313',
    source: ALL,
    batch: all('sys.fn_cdc_decrement_lsn(@from)', '@to'),
    errors: [313],
  },
  {
    name: 'an end above the maximum is 313',
    source: ALL,
    batch: all('@from', 'sys.fn_cdc_increment_lsn(@to)'),
    errors: [313],
  },
  { name: 'a start behind the end is 313', source: ALL, batch: all('@to', '@from'), errors: [313] },
  { name: 'an unknown option is 313', source: ALL, batch: all('@from', '@to', "N'some'"), errors: [313] },
  { name: 'zero as a start is 313', source: ALL, batch: all('0x00000000000000000000', '@to'), errors: [313] },
  {
    name: 'the option is taken in any case and with blanks',
    source: ALL,
    batch: all('@to', '@to', "N' ALL '"),
    errors: [],
  },
  {
    name: 'the 313 names a placeholder, whatever the cause',
    source: 'measured: text of 313',
    batch: all('NULL', '@to'),
    errors: [313],
    text: 'An insufficient number of arguments were supplied for the procedure or function cdc.fn_cdc_get_all_changes_ ...',
  },
  {
    name: 'an instance that is not there is 208',
    source: 'Database engine events and errors: 208',
    batch: `${WINDOW}; SELECT * FROM cdc.fn_cdc_get_all_changes_dbo_NOPE(@from, @to, N'all')`,
    errors: [208],
    text: 'cdc.fn_cdc_get_all_changes_dbo_NOPE',
  },
  {
    name: 'the function has neither command id nor end LSN',
    source: ALL,
    batch: `${WINDOW}; SELECT TOP (0) * FROM cdc.fn_cdc_get_all_changes_dbo_T(@from, @to, N'all')`,
    columns: ['__$start_lsn', '__$seqval', '__$operation', '__$update_mask', 'id', 'v', 'w'],
  },
  {
    name: 'an unknown instance has the minimum LSN zero',
    source: 'sys.fn_cdc_get_min_lsn (Transact-SQL)',
    batch: "SELECT sys.fn_cdc_get_min_lsn('dbo_NOPE')",
    rows: [['0x00000000000000000000']],
  },
  {
    name: 'the minimum is the start of the instance',
    source: 'sys.fn_cdc_get_min_lsn (Transact-SQL)',
    batch:
      "SELECT IIF(start_lsn = sys.fn_cdc_get_min_lsn(capture_instance), 1, 0) FROM cdc.change_tables WHERE capture_instance = 'dbo_T'",
    rows: [[1]],
  },
  {
    name: 'the maximum is the last of lsn_time_mapping',
    source: 'sys.fn_cdc_get_max_lsn (Transact-SQL)',
    batch: 'SELECT IIF((SELECT MAX(start_lsn) FROM cdc.lsn_time_mapping) = sys.fn_cdc_get_max_lsn(), 1, 0)',
    rows: [[1]],
  },
  {
    name: 'LSNs count up and down with carry',
    source: LSN,
    batch: 'SELECT sys.fn_cdc_increment_lsn(0x000000000000000000FF), sys.fn_cdc_decrement_lsn(0x00000000000000000100)',
    rows: [['0x00000000000000000100', '0x000000000000000000FF']],
  },
  {
    name: 'of NULL they make NULL',
    source: LSN,
    batch: 'SELECT sys.fn_cdc_increment_lsn(NULL), sys.fn_cdc_decrement_lsn(NULL)',
    rows: [[null, null]],
  },
  {
    name: 'the time of an LSN that is no commit is NULL',
    source: MAP,
    batch: 'SELECT sys.fn_cdc_map_lsn_to_time(0x00000000000000000001)',
    rows: [[null]],
  },
  {
    name: 'the time of an LSN is the end of its transaction',
    source: MAP,
    batch:
      'SELECT TOP (1) IIF(sys.fn_cdc_map_lsn_to_time(start_lsn) = tran_end_time, 1, 0) FROM cdc.lsn_time_mapping ORDER BY start_lsn DESC',
    rows: [[1]],
  },
  {
    name: 'times map to LSNs on either side, NULL when there is none',
    source: MAP,
    batch: `SELECT sys.fn_cdc_map_time_to_lsn('largest less than', '19000101'), sys.fn_cdc_map_time_to_lsn('smallest greater than', '99990101'),
      IIF(sys.fn_cdc_map_time_to_lsn('largest less than or equal', '99990101') = sys.fn_cdc_get_max_lsn(), 1, 0),
      IIF(sys.fn_cdc_map_time_to_lsn('smallest greater than or equal', '19000101') = (SELECT MIN(start_lsn) FROM cdc.lsn_time_mapping), 1, 0)`,
    rows: [[null, null, 1, 1]],
  },
  {
    name: 'ordinals are one-based, unknown columns NULL',
    source: 'sys.fn_cdc_get_column_ordinal (Transact-SQL)',
    batch: "SELECT sys.fn_cdc_get_column_ordinal('dbo_T', 'w'), sys.fn_cdc_get_column_ordinal('dbo_T', 'x')",
    rows: [[3, null]],
  },
  {
    name: 'bits are counted from the right end of the mask',
    source: BIT,
    batch:
      'SELECT sys.fn_cdc_is_bit_set(1, 0x0001), sys.fn_cdc_is_bit_set(9, 0x0001), sys.fn_cdc_is_bit_set(9, 0x0100), sys.fn_cdc_is_bit_set(10, 0x0201)',
    rows: [[true, false, true, true]],
  },
  {
    name: 'a column has changed when its bit is set',
    source: BIT,
    batch:
      "SELECT sys.fn_cdc_has_column_changed('dbo_T', 'v', 0x02), sys.fn_cdc_has_column_changed('dbo_T', 'w', 0x02)",
    rows: [[true, false]],
  },
  {
    name: 'lsn_time_mapping has the documented columns',
    source: 'cdc.lsn_time_mapping (Transact-SQL)',
    batch: "SELECT name FROM sys.columns WHERE object_id = OBJECT_ID('cdc.lsn_time_mapping') ORDER BY column_id",
    rows: [['start_lsn'], ['tran_begin_time'], ['tran_end_time'], ['tran_id'], ['tran_begin_lsn']],
  },
  {
    name: 'change_tables has its columns in the documented order',
    source: 'cdc.change_tables (Transact-SQL)',
    batch: "SELECT name FROM sys.columns WHERE object_id = OBJECT_ID('cdc.change_tables') ORDER BY column_id",
    rows: [
      'object_id',
      'version',
      'source_object_id',
      'capture_instance',
      'start_lsn',
      'end_lsn',
      'supports_net_changes',
      'has_drop_pending',
      'role_name',
      'index_name',
      'filegroup_name',
      'create_date',
      'partition_switch',
    ].map((name) => [name]),
  },
];

describe('functions of change data capture', () => {
  test.each(CASES)('$name [$source]', async (wanted) => {
    expectReply(await session.run(wanted.batch), wanted);
  });
});

/** Runs `work` and reads the window it made. */
async function changes(work: string, fn: 'all' | 'net', option: string, columns = 'id, v'): Promise<unknown> {
  await caughtUp(server);
  const before = await one(session, 'SELECT CONVERT(varchar(30), sys.fn_cdc_get_max_lsn(), 1)');
  await captured(server, 'dbo_T', 'id', work);
  const order = fn === 'all' ? '__$start_lsn, __$seqval, __$operation' : '__$operation, id';
  const reply = await session.run(
    `DECLARE @from binary(10) = sys.fn_cdc_increment_lsn(${before}), @to binary(10) = sys.fn_cdc_get_max_lsn();
     SELECT __$operation, ${columns} FROM cdc.fn_cdc_get_${fn}_changes_dbo_T(@from, @to, N'${option}') ORDER BY ${order}`,
  );
  expect(reply.errors).toEqual([]);
  return reply.sets[0];
}

describe('windows', () => {
  test.each([
    [
      `'all' leaves old images out [${ALL}]`,
      'INSERT INTO dbo.T VALUES (10, 1, 1); UPDATE dbo.T SET v = 2 WHERE id = 10; DELETE FROM dbo.T WHERE id = 10',
      'all',
      'all',
      [
        [2, 10, 1],
        [4, 10, 2],
        [1, 10, 2],
      ],
    ],
    [
      `'all update old' has them [${ALL}]`,
      'INSERT INTO dbo.T VALUES (11, 1, 1); UPDATE dbo.T SET v = 2 WHERE id = 11',
      'all',
      'all update old',
      [
        [2, 11, 1],
        [3, 11, 1],
        [4, 11, 2],
      ],
    ],
    [
      `net changes: insert and update make an insert [${NET}]`,
      'INSERT INTO dbo.T VALUES (12, 1, 1); UPDATE dbo.T SET v = 2 WHERE id = 12',
      'net',
      'all',
      [[2, 12, 2]],
    ],
    [
      `net changes: insert and delete make nothing [${NET}]`,
      'INSERT INTO dbo.T VALUES (13, 1, 1); DELETE FROM dbo.T WHERE id = 13',
      'net',
      'all',
      [],
    ],
    [
      `net changes: several updates make one [${NET}]`,
      'UPDATE dbo.T SET v = 5 WHERE id = 1; UPDATE dbo.T SET v = 6 WHERE id = 1',
      'net',
      'all',
      [[4, 1, 6]],
    ],
    [
      `net changes with merge say 5 for insert or update [${NET}]`,
      'UPDATE dbo.T SET v = 7 WHERE id = 1; INSERT INTO dbo.T VALUES (14, 1, 1)',
      'net',
      'all with merge',
      [
        [5, 1, 7],
        [5, 14, 1],
      ],
    ],
    [
      `net changes: a delete stays a delete [${NET}]`,
      'UPDATE dbo.T SET v = 8 WHERE id = 14; DELETE FROM dbo.T WHERE id = 14',
      'net',
      'all',
      [[1, 14, 8]],
    ],
  ] as const)('%s', async (_name, work, fn, option, rows) => {
    expect(await changes(work, fn, option)).toEqual(rows);
  });

  test(`net changes 'all with mask' join the masks of the window [${NET}]`, async () => {
    const rows = await changes(
      'UPDATE dbo.T SET v = 20 WHERE id = 1; UPDATE dbo.T SET w = 20 WHERE id = 1',
      'net',
      'all with mask',
      '__$update_mask',
    );
    expect(rows).toEqual([[4, '0x06']]);
  });
});
