import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SqlValue } from '#infra/standin/sql/values.ts';
import { type EngineClient, type EngineUnderTest, startEngine } from '#test/support/standinEngine.ts';

/**
 * The same rows stand in tables with indexes (prefix I) and without any (prefix H). Without indexes a query is a plain scan with conditions,
 * so whatever seeks, orders and joins the planner makes of it over the indexes must give the same rows.
 */
let engine: EngineUnderTest;
let db: EngineClient;

beforeAll(async () => {
  engine = startEngine();
  db = await engine.connect();
  await db.run(`CREATE TABLE I1 (A int NOT NULL, B int NOT NULL, C varchar(4) NULL, D decimal(6,2) NULL, PRIMARY KEY (A, B));
    CREATE INDEX IX1 ON I1 (C, D); CREATE INDEX IX2 ON I1 (D DESC);
    CREATE TABLE I2 (A int NOT NULL PRIMARY KEY, B int NULL, C varchar(4) NULL); CREATE INDEX IX ON I2 (B, C);
    CREATE TABLE H1 (A int NOT NULL, B int NOT NULL, C varchar(4) NULL, D decimal(6,2) NULL);
    CREATE TABLE H2 (A int NOT NULL, B int NULL, C varchar(4) NULL)`);
  const rows1: string[] = [];
  const rows2: string[] = [];
  const texts = ["'a'", "'A '", "'ab'", "'b'", "''", 'NULL', "'Z'"];
  for (let i = 0; i < 60; i++) {
    const d = i % 5 === 0 ? 'NULL' : ((i * 37) % 23) / 4 - 2;
    rows1.push(`(${i % 8}, ${Math.floor(i / 8)}, ${texts[(i * 3) % 7]}, ${d})`);
    if (i < 20) rows2.push(`(${i - 5}, ${i % 6 === 0 ? 'NULL' : i % 4}, ${texts[i % 7]})`);
  }
  for (const prefix of ['I', 'H']) {
    const answer = await db.run(`INSERT ${prefix}1 VALUES ${rows1.join()}; INSERT ${prefix}2 VALUES ${rows2.join()}`);
    expect(answer.errors).toEqual([]);
  }
});
afterAll(() => engine.close());

const number = fc.oneof(
  fc.integer({ min: -3, max: 9 }).map(String),
  fc.constantFrom('1.5', '2.25', '-0.75', '99999999999', 'NULL', "'2'"),
);
const text = fc.constantFrom("'a'", "N'A'", "'ab '", "'b'", "''", 'NULL', "'zz'");
const op = fc.constantFrom('=', '<', '<=', '>', '>=', '<>');

function comparison(alias: string, columns: readonly string[]): fc.Arbitrary<string> {
  const numeric = columns.filter((column) => column !== 'C');
  return fc.oneof(
    fc.tuple(fc.constantFrom(...numeric), op, number).map(([c, o, v]) => `${alias}.${c} ${o} ${v}`),
    fc.tuple(op, text).map(([o, v]) => `${alias}.C ${o} ${v}`),
    fc.tuple(fc.constantFrom(...numeric), number, number).map(([c, x, y]) => `${alias}.${c} BETWEEN ${x} AND ${y}`),
    fc
      .tuple(fc.constantFrom(...numeric), fc.array(number, { minLength: 1, maxLength: 4 }))
      .map(([c, v]) => `${alias}.${c} IN (${v})`),
    fc.array(text, { minLength: 1, maxLength: 4 }).map((v) => `${alias}.C IN (${v})`),
    fc.constantFrom(`${alias}.C IS NULL`, `${alias}.B IS NOT NULL`, `${alias}.C LIKE 'a%'`),
    // Keyset conditions, flat and nested.
    fc
      .tuple(number, number, fc.constantFrom('<', '>'))
      .map(([x, y, o]) => `(${alias}.A ${o} ${x} OR (${alias}.A = ${x} AND ${alias}.B ${o} ${y}))`),
  );
}

function condition(parts: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 3, arbitrary: fc.array(parts, { minLength: 1, maxLength: 4 }).map((list) => list.join(' AND ')) },
    { weight: 1, arbitrary: fc.tuple(parts, parts).map(([a, b]) => `(${a} OR ${b})`) },
    { weight: 1, arbitrary: parts.map((a) => `NOT (${a})`) },
  );
}

const first = comparison('x', ['A', 'B', 'C', 'D']);
const second = comparison('y', ['A', 'B', 'C']);

const single = fc
  .tuple(
    condition(first),
    fc.constantFrom(
      '',
      'x.A, x.B',
      'x.A DESC, x.B DESC',
      'x.D, x.A, x.B',
      'x.C, x.D, x.A, x.B',
      'x.D DESC, x.A, x.B',
      'x.B, x.A',
    ),
    fc.boolean(),
  )
  .map(([where, order, top]) => ({
    sql: `SELECT ${top && order ? 'TOP (7) ' : ''}x.A, x.B, x.C, x.D FROM {}1 x WHERE ${where}${order ? ` ORDER BY ${order}` : ''}`,
    ordered: order !== '',
  }));

const joined = fc
  .tuple(
    fc.constantFrom('JOIN', 'LEFT JOIN', 'RIGHT JOIN', 'FULL JOIN'),
    fc.constantFrom('x.A = y.A', 'y.B = x.B', 'x.C = y.C', 'x.D = y.A', 'x.A = y.A AND x.B < y.B', 'y.A > x.A + 3'),
    condition(fc.oneof(first, second)),
    fc.option(condition(second), { nil: undefined }),
  )
  .map(([kind, link, where, on]) => ({
    sql: `SELECT x.A, x.B, x.C, y.A AS YA, y.B AS YB FROM {}1 x ${kind} {}2 y ON ${link}${on ? ` AND ${on}` : ''} WHERE ${where}`,
    ordered: false,
  }));

const nested = fc
  .tuple(
    condition(first),
    fc.constantFrom('EXISTS', 'NOT EXISTS'),
    condition(second),
    fc.constantFrom('y.A = x.A', 'y.B = x.B', 'y.C = x.C'),
  )
  .map(([where, exists, inner, link]) => ({
    sql: `SELECT x.A, x.B, (SELECT COUNT(*) FROM {}2 y WHERE ${link}) AS N, (SELECT MAX(y.B) FROM {}2 y WHERE ${inner}) AS M
      FROM {}1 x WHERE ${where} AND ${exists} (SELECT 1 FROM {}2 y WHERE ${link} AND ${inner})`,
    ordered: false,
  }));

const grouped = fc
  .tuple(condition(first), fc.constantFrom('A', 'C', 'D'), fc.constantFrom('MIN', 'MAX', 'SUM', 'COUNT'))
  .map(([where, key, aggregate]) => ({
    sql: `SELECT x.${key} AS K, COUNT(*) AS N, ${aggregate}(x.D) AS V FROM {}1 x WHERE ${where} GROUP BY x.${key}`,
    ordered: false,
  }));

const extreme = fc
  .tuple(condition(first), fc.constantFrom('A', 'B', 'C', 'D'), fc.constantFrom('MIN', 'MAX'))
  .map(([where, column, aggregate]) => ({
    sql: `SELECT ${aggregate}(x.${column}) AS V FROM {}1 x WHERE ${where}`,
    ordered: false,
  }));

type Row = Record<string, SqlValue>;

function comparable(rows: readonly Row[], ordered: boolean): string[] {
  // Equal under the collation need not be the same text: MIN of 'a' and 'A ' may be either.
  const lines = rows.map((row) =>
    JSON.stringify(
      Object.values(row).map((v) =>
        typeof v === 'bigint' ? `${v}n` : typeof v === 'string' ? v.trimEnd().toLowerCase() : v,
      ),
    ),
  );
  return ordered ? lines : lines.sort();
}

test('a query gives the same rows with and without indexes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(single, joined, nested, grouped, extreme), async ({ sql, ordered }) => {
      const indexed = await db.run(sql.replaceAll('{}', 'I'));
      const plain = await db.run(sql.replaceAll('{}', 'H'));
      expect(indexed.errors.map((e) => e.number)).toEqual(plain.errors.map((e) => e.number));
      expect(comparable(indexed.results[0] ?? [], ordered)).toEqual(comparable(plain.results[0] ?? [], ordered));
    }),
    { numRuns: 800 },
  );
});
