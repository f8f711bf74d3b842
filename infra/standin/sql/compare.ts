import { type Collation, compareStrings, keyUnder } from './collation.ts';
import { converter } from './convert.ts';
import { familyOf } from './convertRules.ts';
import { commonType } from './typing.ts';
import { isDateTimeOffset, isVariant, type SqlType, type SqlValue } from './values.ts';

type NotNull = Exclude<SqlValue, null>;

/** Compares two non-NULL values of one type: negative, 0 or positive. */
export type Compare = (a: NotNull, b: NotNull) => number;

function plain(a: NotNull, b: NotNull): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Buffers compare bytewise; a shorter one that is a prefix is padded with zeros, as the product does for binary. */
function compareBytes(a: Buffer, b: Buffer): number {
  if (a.length === b.length) return Buffer.compare(a, b);
  const n = Math.min(a.length, b.length);
  const head = a.compare(b, 0, n, 0, n);
  if (head !== 0) return head;
  const rest = a.length > n ? a : b;
  for (let i = n; i < rest.length; i++) if (rest[i] !== 0) return rest === a ? 1 : -1;
  return 0;
}

/** Order of the text positions by which guids sort: the last group first, the first groups byte by byte from their low end. */
const GUID_ORDER = [24, 26, 28, 30, 32, 34, 19, 21, 16, 14, 11, 9, 6, 4, 2, 0];

/** A text whose plain order is the product's order of uniqueidentifiers: by the last group, then the fourth, then the others' stored bytes. */
export function guidKey(guid: string): string {
  let key = '';
  for (const at of GUID_ORDER) key += guid.slice(at, at + 2);
  return key;
}

/** The comparison of two values of a type; the collation matters for text only. */
export function comparer(type: SqlType, collation?: Collation): Compare {
  switch (familyOf(type)) {
    case 'string':
    case 'text':
    case 'xml':
      return (a, b) => compareStrings(a as string, b as string, collation);
    case 'binary':
    case 'image':
    case 'rowversion':
      return (a, b) => compareBytes(a as Buffer, b as Buffer);
    case 'guid':
      return (a, b) => (a === b ? 0 : plain(guidKey(a as string), guidKey(b as string)));
    case 'variant':
      return compareVariants;
    default:
      if (type.k === 'datetimeoffset') return (a, b) => plain(utc(a), utc(b));
      return plain;
  }
}

function utc(v: NotNull): bigint {
  return isDateTimeOffset(v) ? v.utc : 0n;
}

/** Compares two non-NULL values of one type. */
export function compareValues(a: NotNull, b: NotNull, type: SqlType, collation?: Collation): number {
  return comparer(type, collation)(a, b);
}

/**
 * A primitive that is equal for equal values of a type and unequal for others: for hashing, grouping and DISTINCT. NULL is undefined here:
 * the caller decides what NULLs do. Strings order like their values, and so do numbers.
 */
export function valueKey(v: NotNull, type: SqlType, collation?: Collation): string | number | bigint {
  if (typeof v === 'number') return v;
  if (typeof v === 'bigint') return v;
  if (typeof v === 'string') return type.k === 'uniqueidentifier' ? guidKey(v) : keyUnder(v, collation);
  if (Buffer.isBuffer(v)) return bytesKey(v);
  if (isDateTimeOffset(v)) return v.utc;
  if (isVariant(v)) return v.value === null ? '' : `${familyRank(v.variant)}:${String(valueKey(v.value, v.variant))}`;
  return String(v);
}

/** Trailing zeros do not count, as in comparison. */
function bytesKey(v: Buffer): string {
  let end = v.length;
  while (end > 0 && v[end - 1] === 0) end--;
  return v.toString('latin1', 0, end);
}

/** Families of sql_variant from low to high: values of different families compare by family alone. */
const VARIANT_ORDER = ['binary', 'guid', 'string', 'number', 'date'];

function familyRank(type: SqlType): number {
  const family = familyOf(type);
  return VARIANT_ORDER.indexOf(family === 'oldDate' || family === 'newDate' ? 'date' : family);
}

function compareVariants(a: NotNull, b: NotNull): number {
  if (!isVariant(a) || !isVariant(b) || a.value === null || b.value === null) return 0;
  const byFamily = familyRank(a.variant) - familyRank(b.variant);
  if (byFamily !== 0) return byFamily;
  const type = commonType(a.variant, b.variant);
  const x = converter(a.variant, type)(a.value);
  const y = converter(b.variant, type)(b.value);
  return x === null || y === null ? 0 : compareValues(x, y, type);
}
