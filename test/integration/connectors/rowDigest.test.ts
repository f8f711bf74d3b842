import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TableReader } from '#connectors/capture/chunk.ts';
import type { CapturedTable, Row } from '#connectors/capture/types.ts';
import { type Database, openDatabase } from '#connectors/sqlserver/connection.ts';
import { ZERO_LSN } from '#connectors/sqlserver/lsn.ts';
import { loadCaptureInstances } from '#connectors/sqlserver/metadata.ts';
import { rowDigest } from '#connectors/sqlserver/rowDigest.ts';
import { databaseOptions } from '#test/support/databaseOptions.ts';
import { type StandinProcess, startStandin } from '#test/support/standinProcess.ts';

/** A column of each type that a digest takes in, with the values that are easily confused. */
const COLUMNS: readonly (readonly [type: string, literals: readonly string[]])[] = [
  ['bit', ['0', '1']],
  ['tinyint', ['0', '7', '255']],
  ['smallint', ['-32768', '0', '1']],
  ['int', ['-1', '0', '1', '2147483647']],
  ['bigint', ['-9223372036854775808', '0', '9007199254740993', '9223372036854775807']],
  ['decimal(9, 2)', ['-0.01', '0', '0.10', '1', '1.01', '9999999.99']],
  ['numeric(38, 10)', ['0', '-0.0000000001', '1234567890123456789012345678.0123456789']],
  ['money', ['0', '-0.0001', '922337203685477.5807']],
  ['smallmoney', ['0', '1.0001', '-214748.3648']],
  ['uniqueidentifier', ["'6f9619ff-8b86-d011-b42d-00c04fc964ff'", "'00000000-0000-0000-0000-000000000000'"]],
  ['char(4)', ["''", "'a'", "'A'", "' a'", "'a|b'"]],
  ['varchar(20)', ["''", "' '", "'a'", "'A'", "'a '", "'-'", "'-|'", "'2:a|'", "'€'"]],
  ['nchar(3)', ["N''", "N'é'", "N'e'", "N'É'"]],
  ['nvarchar(20)', ["N''", "N' '", "N'Łódź'", "N'Lodz'", "N'ß'", "N'ss'", "N'😀'", "N'2:é|'"]],
  ['nvarchar(max)', ["N''", "N'x'", "REPLICATE(CONVERT(nvarchar(max), N'y'), 9000)"]],
  ['varchar(max)', ["''", "REPLICATE(CONVERT(varchar(max), 'z'), 9001)"]],
  ['text', ["''", "'text'"]],
  ['ntext', ["N''", "N'tëxt'"]],
  ['binary(3)', ['0x', '0x000000', '0x010203']],
  ['varbinary(10)', ['0x', '0x00', '0x0000', '0xFF']],
  ['varbinary(max)', ['0x', '0x00FF']],
  ['date', ["'0001-01-01'", "'1969-12-31'", "'9999-12-31'"]],
  ['datetime', ["'1753-01-01'", "'2026-01-01 00:00:00.003'", "'2026-01-01 00:00:00.007'"]],
  ['smalldatetime', ["'2026-01-01 00:01'", "'2079-06-06'"]],
  ['datetime2(0)', ["'2026-01-01 00:00:01'", "'0001-01-01'"]],
  ['datetime2(3)', ["'2026-01-01 00:00:00.001'", "'2026-01-01'"]],
  ['datetime2(7)', ["'2026-01-01 00:00:00.0000001'", "'1969-12-31 23:59:59.9999999'", "'2026-01-01'"]],
  ['time(0)', ["'00:00'", "'23:59:59'"]],
  ['time(7)', ["'00:00:00.0000001'", "'23:59:59.9999999'"]],
  ['datetimeoffset(0)', ["'2026-01-01 12:00:00 +02:00'", "'2026-01-01 10:00:00 +00:00'"]],
  ['datetimeoffset(7)', ["'2026-01-01 12:00:00.1234567 -11:30'", "'2026-01-01 12:00:00.1 +00:00'"]],
  ['float', ['0', '0.1', '1e300', '-2.5']],
  ['real', ['0', '1.5']],
];

const NAMES = COLUMNS.map((_, i) => `C${i}`);
const SCHEMA = `
CREATE DATABASE DIGESTS;
GO
USE DIGESTS;
ALTER DATABASE DIGESTS SET ALLOW_SNAPSHOT_ISOLATION ON;
EXEC sys.sp_cdc_enable_db;
CREATE TABLE dbo.EVERY_TYPE (K int NOT NULL PRIMARY KEY, ${COLUMNS.map(([type], i) => `C${i} ${type} NULL`).join(', ')}, V rowversion);
EXEC sys.sp_cdc_enable_table @source_schema = N'dbo', @source_name = N'EVERY_TYPE', @role_name = NULL;`;

const signal = new AbortController().signal;
const view = { isolation: 'snapshot' as const, since: ZERO_LSN, onView: () => undefined };
let standin: StandinProcess;
let db: Database;
let table: CapturedTable;

beforeAll(async () => {
  standin = await startStandin({ scripts: [SCHEMA], args: ['--capture-interval', '20'] });
  db = await openDatabase(databaseOptions(standin, 'DIGESTS'));
  const [instance] = await loadCaptureInstances(db);
  table = { id: 'dbo.EVERY_TYPE', database: 'DIGESTS', instance: instance! };
});

afterAll(async () => {
  await db?.close();
  await standin?.stop();
});

async function insert(rows: readonly (readonly string[])[]): Promise<void> {
  await db.batch('DELETE FROM dbo.EVERY_TYPE');
  const lists = rows.map((values, k) => `(${[k, ...values].join(', ')})`);
  await db.batch(`INSERT INTO dbo.EVERY_TYPE (K, ${NAMES.join(', ')}) VALUES ${lists.join(',\n')}`);
}

/** One row of literals: an index into each column's literals, NULL beyond them. */
const literals = fc.tuple(...COLUMNS.map(([, list]) => fc.constantFrom('NULL', ...list)));

describe('the digest of a row', () => {
  test('is the same from the server and from the row as it is carried, whatever the values', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(literals, { minLength: 1, maxLength: 30 }), async (rows) => {
        await insert(rows);
        const reader = new TableReader(db, table, null, signal);
        const found = await reader.digests({ ...view, after: null, upTo: null, limit: 100 });
        const whole = await reader.range({ ...view, after: null, upTo: null, limit: 100 });
        const { digest, carried } = rowDigest(table.instance.columns);
        expect(found.rows.map((row) => row.digest.toString('hex'))).toEqual(
          whole.rows.map((row) => digest((column) => row[column]).toString('hex')),
        );
        expect(carried.map(({ sqlType }) => sqlType).sort()).toEqual(['float', 'real', 'smalldatetime']);
        for (const [i, row] of found.rows.entries()) expect(whole.rows[i]).toMatchObject(row.row);
      }),
      { numRuns: 15 * Number(process.env['SLUICE_PROPERTY_RUNS'] ?? 1), seed: 20261123 },
    );
  });

  test('differs, with what it leaves out, whenever one value of any column differs', async () => {
    const reader = new TableReader(db, table, null, signal);
    const base = COLUMNS.map(() => 'NULL');
    for (const [i, [type, list]] of COLUMNS.entries()) {
      await insert(['NULL', ...list].map((literal) => base.map((value, j) => (i === j ? literal : value))));
      const whole = await reader.range({ ...view, after: null, upTo: null, limit: 100 });
      const found = await reader.digests({ ...view, after: null, upTo: null, limit: 100 });
      // The key and the rowversion differ in every row: only the column itself is to tell them apart here.
      const { digest } = rowDigest(table.instance.columns.filter(({ name }) => name !== 'K' && name !== 'V'));
      const texts = whole.rows.map((row, n) => {
        const { K: _, ...carried } = found.rows[n]!.row;
        return `${digest((column) => row[column]).toString('hex')} ${JSON.stringify(carried, (_key, v: unknown) => (typeof v === 'bigint' ? String(v) : v))}`;
      });
      const values = whole.rows.map((row) => plain(row[`C${i}`]));
      expect(new Set(texts).size, type).toBe(new Set(values).size);
    }
  });

  test('gives the values of keys from their texts', async () => {
    await insert([COLUMNS.map(() => 'NULL')]);
    const reader = new TableReader(db, table, null, signal);
    expect(await reader.keyRows([['0'], ['-5']])).toEqual([{ K: 0 }, { K: -5 }]);
  });

  test('keeps columns apart: what moves from one text column to the next is another row', () => {
    const columns = table.instance.columns.filter(({ sqlType }) => sqlType === 'varchar' || sqlType === 'nvarchar');
    const { digest } = rowDigest(columns);
    const text = fc.option(fc.string({ unit: fc.constantFrom('a', '|', ':', '-', '2', ' ', 'é') }), { nil: null });
    const rows = fc.tuple(...columns.map(() => text));
    const of = (values: readonly (string | null)[]): string =>
      digest((name) => values[columns.findIndex((column) => column.name === name)]).toString('hex');
    fc.assert(
      fc.property(rows, rows, (a, b) => (of(a) === of(b)) === (JSON.stringify(a) === JSON.stringify(b))),
      { numRuns: 500, seed: 20261123 },
    );
  });
});

const plain = (value: Row[string]): string =>
  Buffer.isBuffer(value) ? `0x${value.toString('hex')}` : value === null ? 'NULL' : `${typeof value} ${String(value)}`;
