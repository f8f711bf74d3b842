import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type KeyText, TableReader } from '#connectors/capture/chunk.ts';
import { parseFilter } from '#connectors/capture/snapshotFilter.ts';
import { snapshotIsolation } from '#connectors/capture/snapshotIsolation.ts';
import type { CapturedTable, Row } from '#connectors/capture/types.ts';
import { type Database, openDatabase } from '#connectors/sqlserver/connection.ts';
import { ZERO_LSN } from '#connectors/sqlserver/lsn.ts';
import { loadCaptureInstances } from '#connectors/sqlserver/metadata.ts';
import { databaseOptions } from '#test/support/databaseOptions.ts';
import { KEY_TABLES, KEY_TABLES_SQL } from '#test/support/keyTables.ts';
import { type StandinProcess, startStandin } from '#test/support/standinProcess.ts';

const signal = new AbortController().signal;
let standin: StandinProcess;
let db: Database;
const tables = new Map<string, CapturedTable>();

beforeAll(async () => {
  standin = await startStandin({ scripts: [KEY_TABLES_SQL], args: ['--capture-interval', '20'] });
  db = await openDatabase(databaseOptions(standin, 'KEYS'));
  for (const instance of await loadCaptureInstances(db))
    tables.set(instance.table, { id: `dbo.${instance.table}`, database: 'KEYS', instance });
});

afterAll(async () => {
  await db?.close();
  await standin?.stop();
});

const readerOf = (name: string, where?: string): TableReader => {
  const table = tables.get(name)!;
  const filter = where === undefined ? null : parseFilter(where, table.instance.columns);
  return new TableReader(db, table, filter, signal);
};

/** The rows of a key range in chunks of `limit`. */
async function readAll(
  reader: TableReader,
  isolation: 'snapshot' | 'read-committed',
  limit: number,
  [after, upTo]: readonly [KeyText | null, KeyText | null] = [null, null],
): Promise<Row[]> {
  const rows: Row[] = [];
  const options = { isolation, since: ZERO_LSN, onView: () => undefined };
  for (let from = after; ; ) {
    const read = await reader.range({ ...options, after: from, upTo, limit });
    rows.push(...read.rows);
    if (read.last) return rows;
    from = read.keyOf(read.rows.length - 1);
  }
}

const counters = (rows: readonly Row[]): number[] => rows.map((row) => row['V'] as number);
const all = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

describe.each(KEY_TABLES)('a snapshot of a table with key $key ($columns)', ({ name, values }) => {
  test.each(['snapshot', 'read-committed'] as const)(
    'reads every row once, in chunks of any size, under %s',
    async (isolation) => {
      for (const limit of [1, 2, 3, 100]) {
        const found = counters(await readAll(readerOf(name), isolation, limit));
        expect([...found].sort((a, b) => a - b)).toEqual(all(values.length));
      }
    },
  );

  test('reads the same rows in key ranges that begin and end at any of its keys', async () => {
    const reader = readerOf(name);
    const rows = await readAll(reader, 'snapshot', 100);
    const options = { isolation: 'snapshot' as const, since: ZERO_LSN, onView: () => undefined };
    for (let n = 1; n <= rows.length; n++) {
      const bound = await reader.keyAfter(null, n, options);
      expect((await reader.byKeys([bound!], options)).rows).toEqual([rows[n - 1]]);
      const [first, second] = [
        await readAll(reader, 'snapshot', 2, [null, bound]),
        await readAll(reader, 'snapshot', 2, [bound, null]),
      ];
      expect(counters([...first, ...second])).toEqual(counters(rows));
      expect(first.length).toBe(n);
    }
    expect(await reader.keyAfter(null, rows.length + 1, options)).toBeNull();
  });

  test('finds rows again by their keys, and nothing for keys that are not there', async () => {
    const reader = readerOf(name);
    const rows = await readAll(reader, 'snapshot', 100);
    const options = { isolation: 'snapshot' as const, since: ZERO_LSN, onView: () => undefined };
    const found = await reader.byKeys(
      rows.map((row) => reader.keyOf(row)),
      options,
    );
    expect(found.rows).toEqual(rows);
  });
});

test('a table without a key is read in one piece, rows that are alike included', async () => {
  const reader = readerOf('KEYLESS');
  const options = { isolation: 'snapshot' as const, since: ZERO_LSN, onView: () => undefined };
  const read = await reader.range({ ...options, after: null, upTo: null, limit: 1 });
  expect(read.last).toBe(true);
  expect(counters(read.rows).sort()).toEqual([0, 0, 1]);
  expect(read.keyOf(0)).toBeNull();
});

describe('a filter on a server', () => {
  test.each([
    ['COMPOSITE', "A = 'B' AND B < 0", 2],
    ['COMPOSITE', "A IN ('a', 'zz') AND C = '2026-01-01 00:00:00.007'", 6],
    ['COMPOSITE', "C BETWEEN '2026-01-01' AND '2026-01-01 00:00:00.003'", 12],
    ['PADDED', "A LIKE 'a%'", 5],
    ['CASELESS', "A >= 'date' AND NOT_A_COLUMN = 1", null],
    ['CASELESS', "A = 'o''brien'", 1],
    ['WIDE', "A = N'Łódź'", 1],
    ['GUIDS', "A = '6f9619ff-8b86-d011-b42d-00c04fc964ff'", 1],
    ['EXACT', "A > '1970-01-01' AND B = '23:59:59.999'", 1],
    ['ZONED', "A = '2026-01-01 10:00:00.000 +00:00'", 1],
    ['DAYS', "A = '2024-02-29' AND B NOT IN (0, 1)", 1],
    ['NUMBERS', 'A = 0.0001 AND B = -922337203685477.5808', 1],
    ['LONGS', 'A = 9007199254740993 AND B = TRUE', 1],
    ['BYTES', 'A > 0x7F AND V IS NOT NULL', 2],
  ] as const)('%s WHERE %s', async (name, where, expected) => {
    if (expected === null) {
      expect(() => readerOf(name, where)).toThrow(
        'at character 17: expected a captured column (A, V), found NOT_A_COLUMN',
      );
      return;
    }
    expect((await readAll(readerOf(name, where), 'snapshot', 2)).length).toBe(expected);
  });
});

describe('the way a snapshot reads', () => {
  test('waits for no writer under SNAPSHOT isolation, and for the end of its transaction under READ COMMITTED', async () => {
    const reader = readerOf('LONGS');
    let weaker: Promise<Row[]> | undefined;
    let waits = true;
    await db.inSnapshot(async (writer) => {
      await writer.rows('UPDATE dbo.LONGS SET V = V + 100 WHERE A = -1');
      weaker = readAll(reader, 'read-committed', 3);
      void weaker.finally(() => {
        waits = false;
      });
      const seen = counters(await readAll(reader, 'snapshot', 3));
      expect([...seen].sort((a, b) => a - b)).toEqual(all(8));
      expect(waits).toBe(true);
    });
    const settled = counters((await weaker)!);
    expect([...settled].sort((a, b) => a - b)).toEqual(all(8));
  });

  test('is exact where the source allows it, and said to be weaker where it does not', async () => {
    expect(await snapshotIsolation(db, 'auto', signal)).toEqual({ isolation: 'snapshot', reasons: [] });
    expect(await snapshotIsolation(db, 'read-committed', signal)).toEqual({ isolation: 'read-committed', reasons: [] });
    await db.batch('ALTER DATABASE KEYS SET ALLOW_SNAPSHOT_ISOLATION OFF');
    const chosen = await snapshotIsolation(db, 'auto', signal);
    expect(chosen.isolation).toBe('read-committed');
    expect(chosen.reasons).toEqual([expect.stringContaining('ALLOW_SNAPSHOT_ISOLATION is not ON')]);
    await expect(snapshotIsolation(db, 'snapshot', signal)).rejects.toMatchObject({ code: 'CDC_SNAPSHOT_UNAVAILABLE' });
    await db.batch('ALTER DATABASE KEYS SET ALLOW_SNAPSHOT_ISOLATION ON');
  });
});
