import { afterEach, beforeEach, expect, test } from 'vitest';
import { lsnBytes, lsnNumeric, ordinalAtOrAfter, stepLsn } from '#infra/standin/cdc/lsn.ts';
import { isBitSet } from '#infra/standin/cdc/updateMask.ts';
import type { SqlValue } from '#infra/standin/sql/values.ts';
import { eventually } from '#test/support/eventually.ts';
import { type EngineClient, type EngineUnderTest, startEngine } from '#test/support/standinEngine.ts';

let engine: EngineUnderTest;
let db: EngineClient;

beforeEach(async () => {
  engine = startEngine();
  db = await engine.connect();
  await db.run('EXEC sys.sp_cdc_enable_db');
});
afterEach(() => engine.close());

type Row = Record<string, SqlValue>;

/** Creates a table and tracks it. */
async function tracked(name: string, columns: string): Promise<void> {
  const { errors } = await db.run(`CREATE TABLE dbo.${name} (${columns});
    EXEC sys.sp_cdc_enable_table @source_schema = N'dbo', @source_name = N'${name}', @role_name = NULL`);
  expect(errors).toEqual([]);
}

/** Rows of a change table in its order, once there are as many. */
async function changes(instance: string, count: number): Promise<Row[]> {
  let rows: Row[] = [];
  await eventually(async () => {
    rows = await db.rows(
      `SELECT * FROM cdc.${instance}_CT ORDER BY __$start_lsn, __$command_id, __$seqval, __$operation`,
    );
    expect(rows.length).toBeGreaterThanOrEqual(count);
  });
  expect(rows).toHaveLength(count);
  return rows;
}

const ops = (rows: readonly Row[]): SqlValue[] => rows.map((row) => row['__$operation']!);
const masks = (rows: readonly Row[]): string[] => rows.map((row) => (row['__$update_mask'] as Buffer).toString('hex'));

test('inserts, updates and deletes become rows with operation, mask and old and new values', async () => {
  await tracked('T', 'ID int NOT NULL PRIMARY KEY, A varchar(10) NULL, B int NULL');
  await db.run("INSERT dbo.T VALUES (1, 'x', 1); UPDATE dbo.T SET B = 2 WHERE ID = 1; DELETE dbo.T");
  const rows = await changes('dbo_T', 4);
  expect(ops(rows)).toEqual([2, 3, 4, 1]);
  expect(masks(rows)).toEqual(['07', '04', '04', '07']);
  expect(rows.map((row) => row['B'])).toEqual([1, 1, 2, 2]);
  const lsns = rows.map((row) => (row['__$start_lsn'] as Buffer).toString('hex'));
  expect([...lsns].sort()).toEqual(lsns);
  expect(new Set(lsns).size).toBe(3);
  expect(rows[1]!['__$seqval']).toEqual(rows[2]!['__$seqval']);
});

test('a transaction has one start LSN in all its tables, and its statements count up', async () => {
  await tracked('T', 'ID int NOT NULL PRIMARY KEY');
  await tracked('U', 'ID int NOT NULL PRIMARY KEY');
  await db.run('BEGIN TRAN; INSERT dbo.T VALUES (1), (2); INSERT dbo.U VALUES (1); DELETE dbo.T WHERE ID = 1; COMMIT');
  const t = await changes('dbo_T', 3);
  const u = await changes('dbo_U', 1);
  expect(new Set([...t, ...u].map((row) => (row['__$start_lsn'] as Buffer).toString('hex'))).size).toBe(1);
  expect([...t, ...u].map((row) => row['__$command_id'])).toEqual([1, 1, 3, 2]);
  const seqvals = [t[0]!, t[1]!, u[0]!, t[2]!].map((row) => (row['__$seqval'] as Buffer).toString('hex'));
  expect([...seqvals].sort()).toEqual(seqvals);
});

test('what was rolled back, wholly, to a savepoint or by an error, never appears', async () => {
  await tracked('T', 'ID int NOT NULL PRIMARY KEY');
  await db.run('BEGIN TRAN; INSERT dbo.T VALUES (1); ROLLBACK');
  await db.run('BEGIN TRAN; INSERT dbo.T VALUES (2); SAVE TRAN s; INSERT dbo.T VALUES (3); ROLLBACK TRAN s; COMMIT');
  await db.run('INSERT dbo.T VALUES (4), (2)');
  await db.run('INSERT dbo.T VALUES (5)');
  expect((await changes('dbo_T', 2)).map((row) => row['ID'])).toEqual([2, 5]);
});

test('a key update of one row is a delete and an insert with one LSN and consecutive commands', async () => {
  await tracked('T', 'ID int NOT NULL PRIMARY KEY, A int');
  await db.run('INSERT dbo.T VALUES (1, 7); UPDATE dbo.T SET ID = 9');
  const [, gone, come] = await changes('dbo_T', 3);
  expect(ops([gone!, come!])).toEqual([1, 2]);
  expect([gone!['ID'], come!['ID']]).toEqual([1, 9]);
  expect(gone!['__$seqval']).toEqual(come!['__$seqval']);
  expect(Number(come!['__$command_id']) - Number(gone!['__$command_id'])).toBe(1);
  expect(masks([gone!, come!])).toEqual(['03', '03']);
});

test('a key update of many rows leaves keys that stay as updates', async () => {
  await tracked('T', 'ID int NOT NULL PRIMARY KEY, A varchar(5)');
  await db.run("INSERT dbo.T VALUES (1, 'a'), (2, 'b'), (3, 'c'); UPDATE dbo.T SET ID = ID + 1");
  const rows = (await changes('dbo_T', 9)).slice(3);
  expect(rows.map((row) => [row['__$operation'], row['ID'], row['A']])).toEqual([
    [1, 1, 'a'],
    [3, 2, 'b'],
    [4, 2, 'a'],
    [3, 3, 'c'],
    [4, 3, 'b'],
    [2, 4, 'c'],
  ]);
});

test('the mask counts columns from the low end of the last byte', async () => {
  const names = Array.from({ length: 10 }, (_, i) => `C${i + 1}`);
  await tracked(
    'T',
    `C1 int NOT NULL PRIMARY KEY, ${names
      .slice(1)
      .map((name) => `${name} int`)
      .join(', ')}`,
  );
  await db.run(`INSERT dbo.T VALUES (${names.map(() => 1).join(', ')})`);
  await db.run('UPDATE dbo.T SET C9 = 2; UPDATE dbo.T SET C2 = 2, C10 = 2');
  const rows = await changes('dbo_T', 5);
  expect(masks(rows)).toEqual(['03ff', '0100', '0100', '0202', '0202']);
  expect(names.filter((_, i) => isBitSet(i + 1, rows[4]!['__$update_mask'] as Buffer))).toEqual(['C2', 'C10']);
});

test('large values come only where the log holds them; computed columns never; rowversion as bytes', async () => {
  await tracked('T', 'ID int NOT NULL PRIMARY KEY, N int, T text, M varchar(max), C AS N * 2, V rowversion');
  await db.run("INSERT dbo.T (ID, N, T, M) VALUES (1, 1, 'old', 'max')");
  await db.run("UPDATE dbo.T SET N = 2; UPDATE dbo.T SET T = 'new', M = 'two'; DELETE dbo.T");
  const rows = await changes('dbo_T', 6);
  expect(rows.map((row) => [row['__$operation'], row['T'], row['M'], row['C']])).toEqual([
    [2, 'old', 'max', null],
    [3, null, null, null],
    [4, null, null, null],
    [3, null, 'max', null],
    [4, 'new', 'two', null],
    [1, null, 'two', null],
  ]);
  expect((rows[0]!['V'] as Buffer).length).toBe(8);
});

test('a transaction of more changes than a log block has slots keeps its order', async () => {
  await tracked('T', 'ID int NOT NULL PRIMARY KEY');
  await db.run(`WITH d AS (SELECT n FROM (VALUES (0),(1),(2),(3),(4),(5),(6),(7),(8),(9)) v(n))
    INSERT dbo.T SELECT a.n + 10 * b.n + 100 * c.n + 1000 * e.n + 10000 * f.n
    FROM d a CROSS JOIN d b CROSS JOIN d c CROSS JOIN d e CROSS JOIN d f WHERE f.n < 7`);
  await eventually(async () => {
    expect(await db.rows('SELECT COUNT(*) AS N, COUNT(DISTINCT __$seqval) AS D FROM cdc.dbo_T_CT')).toEqual([
      { N: 70_000, D: 70_000 },
    ]);
  });
  expect(
    await db.rows(`SELECT COUNT(*) AS N FROM (SELECT __$seqval AS s, LAG(__$seqval) OVER (ORDER BY __$seqval) AS p, __$start_lsn AS c
      FROM cdc.dbo_T_CT) x WHERE s <= p OR s >= c`),
  ).toEqual([{ N: 0 }]);
});

test('a second instance sees what comes after it was made; a third is refused', async () => {
  await tracked('T', 'ID int NOT NULL PRIMARY KEY');
  await db.run('INSERT dbo.T VALUES (1); ALTER TABLE dbo.T ADD EXTRA int NULL');
  await db.run(
    "EXEC sys.sp_cdc_enable_table @source_schema = N'dbo', @source_name = N'T', @role_name = NULL, @capture_instance = N'T2'",
  );
  await db.run('INSERT dbo.T VALUES (2, 20)');
  expect((await changes('dbo_T', 2)).map((row) => Object.keys(row).includes('EXTRA'))).toEqual([false, false]);
  expect((await changes('T2', 1)).map((row) => row['EXTRA'])).toEqual([20]);
  expect(
    await db.errorOf(
      "EXEC sys.sp_cdc_enable_table @source_schema = N'dbo', @source_name = N'T', @role_name = NULL, @capture_instance = N'T3'",
    ),
  ).toBe(22962);
  expect(await db.rows('SELECT ddl_command FROM cdc.ddl_history')).toHaveLength(1);
});

test('while the capture job is stopped nothing arrives; afterwards everything does', async () => {
  await tracked('T', 'ID int NOT NULL PRIMARY KEY');
  await db.run('INSERT dbo.T VALUES (1)');
  await changes('dbo_T', 1);
  await db.run("EXEC sys.sp_cdc_stop_job N'capture'; INSERT dbo.T VALUES (2)");
  const [before] = await db.rows('SELECT sys.fn_cdc_get_max_lsn() AS L');
  await db.run('INSERT dbo.T VALUES (3)');
  expect(await db.rows('SELECT sys.fn_cdc_get_max_lsn() AS L')).toEqual([before]);
  await db.run("EXEC sys.sp_cdc_start_job N'capture'");
  await changes('dbo_T', 3);
});

test('clean-up raises the lowest LSN, and asking for less is error 313', async () => {
  await tracked('T', 'ID int NOT NULL PRIMARY KEY');
  await db.run('INSERT dbo.T VALUES (1)');
  await db.run('INSERT dbo.T VALUES (2)');
  const [, second] = await changes('dbo_T', 2);
  const mark = (second!['__$start_lsn'] as Buffer).toString('hex');
  const [old] = await db.rows("SELECT sys.fn_cdc_get_min_lsn('dbo_T') AS L");
  expect(await db.errorOf(`EXEC sys.sp_cdc_cleanup_change_table N'dbo_T', 0x${mark}`)).toBe(0);
  expect((await changes('dbo_T', 1)).map((row) => row['ID'])).toEqual([2]);
  expect(await db.rows("SELECT CONVERT(varchar(22), sys.fn_cdc_get_min_lsn('dbo_T'), 2) AS L")).toEqual([
    { L: mark.toUpperCase() },
  ]);
  const from = (old!['L'] as Buffer).toString('hex');
  expect(await db.errorOf(`SELECT * FROM cdc.fn_cdc_get_all_changes_dbo_T(0x${from}, 0x${mark}, N'all')`)).toBe(313);
  expect(await db.errorOf(`SELECT * FROM cdc.fn_cdc_get_all_changes_dbo_T(0x${mark}, 0x${mark}, N'all')`)).toBe(0);
  expect(await db.errorOf("EXEC sys.sp_cdc_cleanup_change_table N'dbo_T', 0x00000001000000010001")).toBe(22964);
});

test('TRUNCATE of a tracked table is refused, DROP ends its capture', async () => {
  await tracked('T', 'ID int NOT NULL PRIMARY KEY');
  expect(await db.errorOf('TRUNCATE TABLE dbo.T')).toBe(4711);
  expect(await db.errorOf('DROP TABLE dbo.T')).toBe(0);
  expect(await db.errorOf('SELECT * FROM cdc.dbo_T_CT')).toBe(208);
  expect(await db.rows('SELECT * FROM cdc.change_tables')).toEqual([]);
});

test('enabling waits for a transaction that writes the table', async () => {
  await db.run('CREATE TABLE dbo.T (ID int NOT NULL PRIMARY KEY)');
  const writer = await engine.connect();
  await writer.run('BEGIN TRAN; INSERT dbo.T VALUES (1)');
  const enabling = db.run(
    "EXEC sys.sp_cdc_enable_table @source_schema = N'dbo', @source_name = N'T', @role_name = NULL",
  );
  await writer.run('INSERT dbo.T VALUES (2); COMMIT');
  expect((await enabling).errors).toEqual([]);
  await writer.run('INSERT dbo.T VALUES (3)');
  expect((await changes('dbo_T', 1)).map((row) => row['ID'])).toEqual([3]);
});

test('the begin LSN of a SNAPSHOT transaction divides the commits it sees from those it does not', async () => {
  await tracked('T', 'ID int NOT NULL PRIMARY KEY');
  await db.run('ALTER DATABASE SHOP SET ALLOW_SNAPSHOT_ISOLATION ON');
  const reader = await engine.connect();
  await db.run('INSERT dbo.T VALUES (1)');
  await reader.run('SET TRANSACTION ISOLATION LEVEL SNAPSHOT; BEGIN TRAN; SAVE TRAN s');
  await db.run('INSERT dbo.T VALUES (2)');
  const seen = await reader.rows('SELECT ID FROM dbo.T');
  await db.run('INSERT dbo.T VALUES (3)');
  const [lsn] = await reader.rows(`SELECT CONVERT(varchar(25), database_transaction_begin_lsn) AS L
    FROM sys.dm_tran_database_transactions WHERE transaction_id = CURRENT_TRANSACTION_ID() AND database_id = DB_ID()`);
  const boundary = BigInt(String(lsn!['L']));
  const rows = await changes('dbo_T', 3);
  const numeric = (bytes: Buffer): bigint => lsnNumeric(ordinalAtOrAfter(bytes));
  const below = rows
    .filter((row) => numeric(row['__$start_lsn'] as Buffer) < boundary)
    .map((row) => ({ ID: row['ID'] }));
  expect(below).toEqual(seen);
  expect(seen).toEqual([{ ID: 1 }]);
});

test('LSNs keep the order of their ordinals, and step with carry', () => {
  const ordinals = [1, 119, 120, 121, 20_000, 125_829_120, 125_829_121, 999_999_999];
  const bytes = ordinals.map((ordinal) => lsnBytes(ordinal));
  expect([...bytes].sort(Buffer.compare)).toEqual(bytes);
  expect(bytes.map((lsn) => ordinalAtOrAfter(lsn))).toEqual(ordinals);
  for (const lsn of bytes) expect(ordinalAtOrAfter(stepLsn(lsn, 1))).toBe(ordinalAtOrAfter(lsn) + 1);
  expect(stepLsn(Buffer.from('000000240000ffffffff', 'hex'), 1).toString('hex')).toBe('00000024000100000000');
  expect(stepLsn(Buffer.from('00000024000100000000', 'hex'), -1).toString('hex')).toBe('000000240000ffffffff');
});
