import { binaryToValue, fitBytes, stringToBinary, valueToBinary } from './convertBinary.ts';
import { type Convert, numberToNumber, stringToNumber } from './convertNumber.ts';
import { checkExplicit, checkImplicit, familyOf } from './convertRules.ts';
import { numberToTemporal, stringToTemporal, temporalToDays, temporalToTemporal } from './convertTemporal.ts';
import { lengthOf, toText } from './convertText.ts';
import { sqlError } from './errors.ts';
import type { DateOrder } from './parseTemporal.ts';
import { printType } from './print.ts';
import { FLOAT, isVariant, MAX, type SqlType, type SqlValue } from './values.ts';

/** What may steer a conversion beside its types. */
export interface ConvertOptions {
  /** Third argument of CONVERT. */
  readonly style?: number | undefined;
  /** SET DATEFORMAT, for reading dates. */
  readonly dateFormat?: string | undefined;
}

/** Same type with the same parameters. */
export function sameType(a: SqlType, b: SqlType): boolean {
  if (a === b) return true;
  if (a.k !== b.k) return false;
  if ('n' in a && 'n' in b) return a.n === b.n;
  if (a.k === 'decimal' && b.k === 'decimal') return a.p === b.p && a.s === b.s;
  if ('s' in a && 's' in b) return a.s === b.s;
  return true;
}

/**
 * The function that turns values of one type into another as CAST does: text is cut without a word, numbers round or raise 8115, 220, 245…
 * Raises 529 at once for pairs that never convert. NULL stays NULL.
 */
export function converter(from: SqlType, to: SqlType, options: ConvertOptions = {}): (v: SqlValue) => SqlValue {
  if (sameType(from, to)) return identity;
  checkExplicit(from, to);
  const convertOne = build(from, to, options);
  return (v) => (v === null ? null : convertOne(v));
}

function identity(v: SqlValue): SqlValue {
  return v;
}

/** The same for conversions nobody asked for: raises 206 or 257 at once for pairs that need CAST. */
export function implicitConverter(from: SqlType, to: SqlType, options: ConvertOptions = {}): (v: SqlValue) => SqlValue {
  if (sameType(from, to)) return identity;
  checkImplicit(from, to);
  return converter(from, to, options);
}

const cache = new Map<string, (v: SqlValue) => SqlValue>();

/** Converts one value. For many values of one pair of types use `converter`. */
export function convert(v: SqlValue, from: SqlType, to: SqlType, style?: number): SqlValue {
  if (v === null || sameType(from, to)) return v;
  const key = `${printType(from)}>${printType(to)}>${style ?? ''}`;
  let f = cache.get(key);
  if (!f) {
    f = converter(from, to, { style });
    if (cache.size > 5000) cache.clear();
    cache.set(key, f);
  }
  return f(v);
}

function build(from: SqlType, to: SqlType, options: ConvertOptions): Convert {
  const { style } = options;
  const source = familyOf(from);
  switch (familyOf(to)) {
    case 'variant':
      return (v) => ({ variant: from, value: v });
    case 'string':
    case 'text':
    case 'xml':
      return source === 'variant' ? fromVariant(to, options) : toText(from, to, style);
    case 'number':
      return toNumber(from, to, options);
    case 'oldDate':
    case 'newDate':
      return toTemporal(from, to, options);
    case 'guid':
      if (source === 'variant') return fromVariant(to, options);
      return source === 'string' ? (v) => readGuid(v as string) : binaryToValue(from, to);
    default:
      return toBinary(from, to, options);
  }
}

function toNumber(from: SqlType, to: SqlType, options: ConvertOptions): Convert {
  switch (familyOf(from)) {
    case 'number':
      return numberToNumber(from, to);
    case 'string':
      return stringToNumber(from, to);
    case 'oldDate': {
      const rest = numberToNumber(FLOAT, to);
      const whole = to.k === 'tinyint' || to.k === 'smallint' || to.k === 'int' || to.k === 'bigint';
      // Whole days are rounded, not cut: noon is tomorrow.
      return (v) => rest(whole ? Math.round(temporalToDays(v, from)) : temporalToDays(v, from));
    }
    case 'variant':
      return fromVariant(to, options);
    default:
      return binaryToValue(from, to);
  }
}

function toTemporal(from: SqlType, to: SqlType, options: ConvertOptions): Convert {
  switch (familyOf(from)) {
    case 'oldDate':
    case 'newDate':
      return temporalToTemporal(from, to);
    case 'string':
      return stringToTemporal(from, to, options.style, dateOrder(options.dateFormat));
    case 'number':
      return numberToTemporal(from, to);
    case 'variant':
      return fromVariant(to, options);
    default:
      return binaryToValue(from, to);
  }
}

function dateOrder(format: string | undefined): DateOrder {
  switch (format) {
    case 'dmy':
    case 'ymd':
    case 'ydm':
    case 'myd':
    case 'dym':
      return format;
    default:
      return 'mdy';
  }
}

function toBinary(from: SqlType, to: SqlType, options: ConvertOptions): Convert {
  switch (familyOf(from)) {
    case 'binary':
    case 'image':
    case 'rowversion':
      return (v) => fitBytes(v as Buffer, to);
    case 'string':
    case 'text':
    case 'xml':
      return stringToBinary(from, to, options.style);
    case 'variant':
      return fromVariant(to, options);
    default:
      return valueToBinary(from, to);
  }
}

function fromVariant(to: SqlType, options: ConvertOptions): Convert {
  return (v) => (isVariant(v) ? converter(v.variant, to, options)(v.value) : v);
}

const GUID = /^\{?([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\}?/i;

function readGuid(text: string): string {
  const m = GUID.exec(text);
  if (!m?.[1]) throw sqlError(8169);
  return m[1].toUpperCase();
}

/** Where an assigned value goes, for error 2628. */
export interface AssignTarget {
  /** 'db.schema.table' */
  readonly table: string;
  readonly column: string;
}

/**
 * The conversion of a value stored in a column: implicit rules, and 2628 instead of cutting text or bytes (trailing blanks and zeros may go).
 * Variables and parameters are assigned with `implicitConverter`, which cuts.
 */
export function assigner(from: SqlType, to: SqlType, target: AssignTarget): (v: SqlValue) => SqlValue {
  const limit = to.k === 'rowversion' ? 8 : lengthOf(to);
  const source = familyOf(from);
  const limited = limit !== MAX && (familyOf(to) === 'string' || familyOf(to) === 'binary');
  if (!limited || !['string', 'text', 'binary', 'image', 'xml', 'variant'].includes(source))
    return implicitConverter(from, to);
  const convertOne = implicitConverter(from, to);
  return (v) => {
    if (v === null) return null;
    const raw = isVariant(v) ? v.value : v;
    if (typeof raw === 'string' && raw.length > limit && raw.slice(limit).trim() !== '')
      throw truncated(raw.slice(0, limit), target);
    if (Buffer.isBuffer(raw) && raw.length > limit && raw.subarray(limit).some((b) => b !== 0)) {
      throw truncated(raw.subarray(0, limit).toString('latin1'), target);
    }
    return convertOne(v);
  };
}

function truncated(shown: string, target: AssignTarget): ReturnType<typeof sqlError> {
  return sqlError(2628, target.table, target.column, shown.slice(0, 100));
}
