import { sqlError } from './errors.ts';
import { divideRounded, doubleToScaled, pow10, type ReadNumber, readDecimal, rescale, toDouble } from './numeric.ts';
import { typeName } from './typeNames.ts';
import type { SqlType, SqlValue } from './values.ts';

/** Converts one non-NULL value; made once per pair of types. */
export type Convert = (v: Exclude<SqlValue, null>) => SqlValue;

const INT_RANGE: Readonly<Record<string, readonly [bigint, bigint]>> = {
  tinyint: [0n, 255n],
  smallint: [-32_768n, 32_767n],
  int: [-2_147_483_648n, 2_147_483_647n],
  bigint: [-(2n ** 63n), 2n ** 63n - 1n],
};

/** True for tinyint, smallint, int and bigint. */
export function isInteger(type: SqlType): boolean {
  return type.k in INT_RANGE;
}

/** Scale of exact numbers: that of decimal, 4 for money, 0 for the rest. */
export function scaleOf(type: SqlType): number {
  return type.k === 'decimal' ? type.s : type.k === 'money' || type.k === 'smallmoney' ? 4 : 0;
}

/** True for the types whose value is a scaled or plain bigint, or a whole number. */
function isApproximate(type: SqlType): boolean {
  return type.k === 'float' || type.k === 'real';
}

/** 8115 for an expression that does not fit: the name of the source is shown for decimal, 'expression' else. */
function overflow(from: SqlType, to: SqlType): ReturnType<typeof sqlError> {
  const source =
    from.k === 'decimal' || from.k === 'float' || from.k === 'real' || from.k === 'money'
      ? typeName(from)
      : 'expression';
  return sqlError(8115, source, typeName(to));
}

/** From any number to any number. */
export function numberToNumber(from: SqlType, to: SqlType): Convert {
  if (to.k === 'bit') return (v) => (v === 0 || v === 0n ? 0 : 1);
  if (isApproximate(to)) return numberToFloat(from, to);
  if (isInteger(to)) return numberToInteger(from, to);
  return numberToExact(from, to);
}

function numberToFloat(from: SqlType, to: SqlType): Convert {
  const scale = scaleOf(from);
  const asDouble = (v: SqlValue): number => (typeof v === 'bigint' ? toDouble(v, scale) : (v as number));
  if (to.k === 'float') return asDouble;
  return (v) => {
    const x = Math.fround(asDouble(v));
    if (!Number.isFinite(x)) throw sqlError(232, 'real', (v as number).toFixed(6));
    return x;
  };
}

function numberToInteger(from: SqlType, to: SqlType): Convert {
  const narrow = narrowing(from, to);
  if (isApproximate(from)) {
    return (v) => {
      const x = Math.trunc(v as number);
      const [low, high] = INT_RANGE[to.k]!;
      if (!(x >= Number(low) && x <= Number(high)) || BigInt(x) > high)
        throw sqlError(232, to.k, (v as number).toFixed(6));
      return to.k === 'bigint' ? BigInt(x) : x;
    };
  }
  if (from.k === 'decimal') {
    const factor = pow10(from.s);
    return (v) => narrow((v as bigint) / factor);
  }
  // Money rounds where decimal truncates.
  if (from.k === 'money' || from.k === 'smallmoney') return (v) => narrow(divideRounded(v as bigint, 10_000n));
  if (to.k === 'bigint') return (v) => BigInt(v as number | bigint);
  return (v) => narrow(v as number | bigint);
}

function narrowing(from: SqlType, to: SqlType): (v: number | bigint) => SqlValue {
  const [low, high] = INT_RANGE[to.k]!;
  const lowNumber = Number(low);
  const highNumber = Number(high);
  return (v) => {
    if (v < low || v > high || (typeof v === 'number' && (v < lowNumber || v > highNumber))) {
      const small = to.k === 'tinyint' || to.k === 'smallint';
      throw small && isInteger(from) ? sqlError(220, to.k, v) : overflow(from, to);
    }
    return to.k === 'bigint' ? BigInt(v) : Number(v);
  };
}

/** Largest magnitude of an exact type, exclusive. */
function limitOf(to: SqlType): { readonly low: bigint; readonly high: bigint } {
  if (to.k === 'money') return { low: -(2n ** 63n), high: 2n ** 63n - 1n };
  if (to.k === 'smallmoney') return { low: -(2n ** 31n), high: 2n ** 31n - 1n };
  const most = pow10(to.k === 'decimal' ? to.p : 38) - 1n;
  return { low: -most, high: most };
}

function numberToExact(from: SqlType, to: SqlType): Convert {
  const scale = scaleOf(to);
  const { low, high } = limitOf(to);
  const checked = (v: bigint): bigint => {
    if (v < low || v > high) throw exactOverflow(from, to);
    return v;
  };
  if (isApproximate(from)) return (v) => checked(doubleToScaled(v as number, scale));
  const fromScale = scaleOf(from);
  if (isInteger(from) || from.k === 'bit') {
    const factor = pow10(scale);
    return (v) => checked(BigInt(v as number | bigint) * factor);
  }
  return (v) => checked(rescale(v as bigint, fromScale, scale));
}

function exactOverflow(from: SqlType, to: SqlType): ReturnType<typeof sqlError> {
  const source = isInteger(from) || from.k === 'bit' ? from.k : typeName(from);
  return sqlError(8115, to.k === 'decimal' ? source : 'expression', typeName(to));
}

/** From a string to any number; the errors differ by target. */
export function stringToNumber(from: SqlType, to: SqlType): Convert {
  switch (to.k) {
    case 'bit':
      return (v) => stringToBit(from, v as string);
    case 'float':
    case 'real':
      return (v) => stringToFloat(from, to, v as string);
    case 'decimal':
      return (v) => stringToDecimal(from, to, v as string);
    case 'money':
    case 'smallmoney':
      return (v) => stringToMoney(to, v as string);
    default:
      return (v) => stringToInteger(from, to, v as string);
  }
}

function stringToBit(from: SqlType, v: string): number {
  const t = v.trim().toLowerCase();
  if (t === 'true') return 1;
  if (t === 'false' || t === '') return 0;
  if (!/^[+-]?\d+$/.test(t)) throw sqlError(245, typeName(from), v, 'bit');
  return BigInt(t.replace('+', '')) === 0n ? 0 : 1;
}

function stringToInteger(from: SqlType, to: SqlType, v: string): SqlValue {
  const t = v.trim();
  if (t === '') return to.k === 'bigint' ? 0n : 0;
  if (!/^[+-]?\d+$/.test(t)) {
    throw to.k === 'bigint' ? sqlError(8114, typeName(from), 'bigint') : sqlError(245, typeName(from), v, to.k);
  }
  const n = BigInt(t[0] === '+' ? t.slice(1) : t);
  const [low, high] = INT_RANGE[to.k]!;
  if (n >= low && n <= high) return to.k === 'bigint' ? n : Number(n);
  if (to.k === 'int') throw sqlError(248, typeName(from), v);
  if (to.k === 'bigint') throw sqlError(8115, 'expression', 'bigint');
  throw sqlError(244, typeName(from), v, to.k === 'tinyint' ? 'INT1' : 'INT2');
}

function stringToFloat(from: SqlType, to: SqlType, v: string): number {
  const t = v.trim();
  if (t === '') return 0;
  const x = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[ed][+-]?\d+)?$/i.test(t) ? Number(t.replace(/d/i, 'e')) : Number.NaN;
  if (Number.isNaN(x)) throw sqlError(8114, typeName(from), typeName(to));
  const y = to.k === 'real' ? Math.fround(x) : x;
  if (!Number.isFinite(y)) throw sqlError(8115, 'expression', typeName(to));
  return y;
}

function stringToDecimal(from: SqlType, to: SqlType & { k: 'decimal' }, v: string): bigint {
  const read: ReadNumber | undefined = readDecimal(v);
  if (!read) throw sqlError(8114, typeName(from), 'numeric');
  const units = rescale(read.units, read.scale, to.s);
  const most = pow10(to.p);
  if (units >= most || units <= -most) throw sqlError(8115, typeName(from), 'numeric');
  return units;
}

function stringToMoney(to: SqlType, v: string): bigint {
  let t = v.trim();
  if (t === '') return 0n;
  let negative = false;
  const paren = /^\((.*)\)$/.exec(t);
  if (paren) {
    negative = true;
    t = (paren[1] ?? '').trim();
  }
  const m = /^([+-]?)\s*[$£€¥¢]?\s*([+-]?)((?:\d[\d,]*)?(?:\.\d*)?)$/.exec(t);
  const read = m && /\d/.test(m[3] ?? '') ? readDecimal((m[3] ?? '').replaceAll(',', '')) : undefined;
  if (!m || !read) throw sqlError(to.k === 'money' ? 235 : 293);
  if (m[1] === '-' || m[2] === '-') negative = !negative;
  const units = rescale(negative ? -read.units : read.units, read.scale, 4);
  const { low, high } = limitOf(to);
  if (units < low || units > high) throw sqlError(236);
  return units;
}
