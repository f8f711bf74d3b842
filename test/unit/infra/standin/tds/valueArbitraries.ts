import fc from 'fast-check';
import type { SqlType, SqlValue } from '#infra/standin/sql/values.ts';

/** A type with a value of it. */
export interface TypedValue {
  readonly type: SqlType;
  readonly value: SqlValue;
}

const typed = (type: SqlType, value: fc.Arbitrary<SqlValue>): fc.Arbitrary<TypedValue> =>
  fc
    .oneof({ weight: 1, arbitrary: fc.constant(null) }, { weight: 9, arbitrary: value })
    .map((v) => ({ type, value: v }));

const big = (bits: bigint): fc.Arbitrary<bigint> => fc.bigInt({ min: -(2n ** bits), max: 2n ** bits - 1n });
const bytes = (maxLength: number): fc.Arbitrary<Buffer> => fc.uint8Array({ maxLength }).map((b) => Buffer.from(b));
const utf16 = (maxLength: number): fc.Arbitrary<string> =>
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength }).map((codes) => String.fromCharCode(...codes));
/** Characters of code page 1252, the five without a character included. */
const page1252 = (maxLength: number): fc.Arbitrary<string> =>
  fc.uint8Array({ maxLength }).map((b) => new TextDecoder('windows-1252').decode(b));

const LAST_UNIT = 864_000_000_000;
const LAST_DAY = 3_652_058;
const unitsAt = (scale: number): fc.Arbitrary<number> =>
  fc.integer({ min: 0, max: LAST_UNIT / 10 ** (7 - scale) - 1 }).map((ticks) => ticks * 10 ** (7 - scale));
const instantAt = (scale: number): fc.Arbitrary<bigint> =>
  fc
    .tuple(fc.integer({ min: 0, max: LAST_DAY }), unitsAt(scale))
    .map(([day, units]) => BigInt(day) * 864_000_000_000n + BigInt(units));
const scaled = (of: (scale: number) => fc.Arbitrary<TypedValue>): fc.Arbitrary<TypedValue> =>
  fc.integer({ min: 0, max: 7 }).chain(of);

const plain: readonly fc.Arbitrary<TypedValue>[] = [
  typed({ k: 'bit' }, fc.integer({ min: 0, max: 1 })),
  typed({ k: 'tinyint' }, fc.integer({ min: 0, max: 255 })),
  typed({ k: 'smallint' }, fc.integer({ min: -32768, max: 32767 })),
  typed({ k: 'int' }, fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })),
  typed({ k: 'bigint' }, big(63n)),
  typed({ k: 'money' }, big(63n)),
  typed({ k: 'smallmoney' }, big(31n)),
  typed({ k: 'float' }, fc.double({ noNaN: true, noDefaultInfinity: true })),
  typed({ k: 'real' }, fc.float({ noNaN: true, noDefaultInfinity: true })),
  typed({ k: 'date' }, fc.integer({ min: 0, max: LAST_DAY })),
  typed({ k: 'datetime' }, fc.integer({ min: -53_690 * 25_920_000, max: 2_958_463 * 25_920_000 + 25_919_999 })),
  typed({ k: 'smalldatetime' }, fc.integer({ min: 0, max: 65_535 * 1440 + 1439 })),
  typed(
    { k: 'uniqueidentifier' },
    fc.uuid().map((text) => text.toUpperCase()),
  ),
];

const withScale: readonly fc.Arbitrary<TypedValue>[] = [
  scaled((s) => typed({ k: 'time', s }, unitsAt(s))),
  scaled((s) => typed({ k: 'datetime2', s }, instantAt(s))),
  scaled((s) =>
    typed({ k: 'datetimeoffset', s }, fc.record({ utc: instantAt(s), offset: fc.integer({ min: -840, max: 840 }) })),
  ),
  fc
    .integer({ min: 1, max: 38 })
    .chain((p) => fc.tuple(fc.constant(p), fc.integer({ min: 0, max: p })))
    .chain(([p, s]) =>
      typed({ k: 'decimal', p, s }, fc.bigInt({ min: 1n - 10n ** BigInt(p), max: 10n ** BigInt(p) - 1n })),
    ),
];

const short: readonly fc.Arbitrary<TypedValue>[] = [
  typed(
    { k: 'char', n: 90 },
    page1252(90).map((text) => text.padEnd(90)),
  ),
  typed({ k: 'varchar', n: 200 }, page1252(200)),
  typed(
    { k: 'nchar', n: 40 },
    utf16(40).map((text) => text.padEnd(40)),
  ),
  typed({ k: 'nvarchar', n: 100 }, utf16(100)),
  typed(
    { k: 'binary', n: 10 },
    fc.uint8Array({ minLength: 10, maxLength: 10 }).map((b) => Buffer.from(b)),
  ),
  typed({ k: 'varbinary', n: 50 }, bytes(50)),
];

const long: readonly fc.Arbitrary<TypedValue>[] = [
  typed({ k: 'varchar', n: -1 }, page1252(300)),
  typed({ k: 'nvarchar', n: -1 }, utf16(300)),
  typed({ k: 'varbinary', n: -1 }, bytes(300)),
  typed({ k: 'text' }, page1252(300)),
  typed({ k: 'ntext' }, utf16(300)),
  typed({ k: 'image' }, bytes(300)),
  typed(
    { k: 'xml' },
    utf16(300).map((text) => `<x>${text}</x>`),
  ),
];

/** Types a sql_variant can hold, with values that are not NULL. */
const variants = fc
  .oneof(...plain, ...withScale, ...short.filter((_, i) => i !== 0 && i !== 2 && i !== 4))
  .filter(({ value }) => value !== null)
  .map(({ type, value }): TypedValue => ({ type: { k: 'sql_variant' }, value: { variant: type, value } }));

/** Any type with any value of it, NULL included. */
export const typedValue: fc.Arbitrary<TypedValue> = fc.oneof(...plain, ...withScale, ...short, ...long, variants);
