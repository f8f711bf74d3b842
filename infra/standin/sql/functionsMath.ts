/** Mathematical functions. Exact types stay exact; the rest is computed in doubles. */
import { converter } from './convert.ts';
import { isInteger, scaleOf } from './convertNumber.ts';
import { familyOf } from './convertRules.ts';
import { sqlError } from './errors.ts';
import { coerce, strict1, strict2, strictN } from './exprMake.ts';
import type { Compiled } from './exprTypes.ts';
import type { Builtin, BuiltinTable } from './functions.ts';
import { pow10, rescale, rescaleTruncated } from './numeric.ts';
import { typeName } from './typeNames.ts';
import { decimal, FLOAT, INT, type SqlType, type SqlValue } from './values.ts';

/** The argument as a number: text and bit become float, as the product does. 8116 for dates and the like. */
function numeric(c: Compiled, fn: string, position = 1): Compiled {
  if (c.untypedNull) return coerce(c, INT);
  const family = familyOf(c.type);
  if (family === 'number') return c.type.k === 'bit' ? coerce(c, FLOAT) : small(c);
  if (family === 'string') return coerce(c, FLOAT);
  throw sqlError(8116, typeName(c.type), position, fn);
}

/** tinyint and smallint count as int. */
function small(c: Compiled): Compiled {
  if (c.type.k === 'tinyint' || c.type.k === 'smallint') return coerce(c, INT);
  return c.type.k === 'real' ? coerce(c, FLOAT) : c.type.k === 'smallmoney' ? coerce(c, { k: 'money' }) : c;
}

function overflow(type: SqlType): ReturnType<typeof sqlError> {
  return sqlError(8115, isInteger(type) ? 'expression' : typeName(type), typeName(type));
}

function abs(a: Compiled): Compiled {
  const x = numeric(a, 'abs');
  return strict1(x.type, x, (v) => {
    if (typeof v === 'bigint') return v < 0n ? -v : v;
    const r = Math.abs(v as number);
    if (x.type.k === 'int' && r > 2_147_483_647) throw overflow(x.type);
    return r;
  });
}

function sign(a: Compiled): Compiled {
  const x = numeric(a, 'sign');
  const one = pow10(scaleOf(x.type));
  return strict1(x.type, x, (v) =>
    typeof v === 'bigint' ? (v > 0n ? one : v < 0n ? -one : 0n) : Math.sign(v as number),
  );
}

/** FLOOR (towards = -1) and CEILING (1). A decimal loses its scale, money keeps it. */
function whole(a: Compiled, fn: string, towards: 1 | -1): Compiled {
  const x = numeric(a, fn);
  const { type } = x;
  if (type.k === 'float')
    return strict1(type, x, (v) => (towards < 0 ? Math.floor(v as number) : Math.ceil(v as number)));
  if (isInteger(type)) return x;
  const factor = pow10(scaleOf(type));
  const result = type.k === 'decimal' ? decimal(type.p, 0) : type;
  const back = type.k === 'decimal' ? 1n : factor;
  return strict1(result, x, (v) => {
    const q = (v as bigint) / factor;
    const rest = (v as bigint) % factor;
    const step = rest === 0n || rest > 0n !== towards > 0 ? 0n : BigInt(towards);
    return (q + step) * back;
  });
}

/** ROUND(x, digits [, truncate]): the type stays; 8115 when the rounded value no longer fits it. */
function round(args: readonly Compiled[]): Compiled {
  const [a, d, t] = args;
  const x = numeric(a!, 'round');
  const { type } = x;
  const list = t ? [x, coerce(d!, INT), coerce(t, INT)] : [x, coerce(d!, INT)];
  return strictN(type, list, ([v, digits, truncate]) => {
    const cut = truncate !== undefined && truncate !== 0;
    const n = digits as number;
    if (type.k === 'float') return roundFloat(v as number, n, cut);
    const exact = typeof v === 'bigint' ? v : BigInt(v as number);
    const r = roundExact(exact, scaleOf(type), n, cut);
    if (type.k === 'decimal' && (r >= pow10(type.p) || r <= -pow10(type.p))) throw overflow(type);
    return typeof v === 'bigint' ? r : converter({ k: 'bigint' }, type)(r);
  });
}

function roundExact(v: bigint, scale: number, digits: number, cut: boolean): bigint {
  if (digits >= scale) return v;
  if (scale - digits > 60) return 0n;
  const target = scale - digits;
  const short = cut ? rescaleTruncated(v, target, 0) : rescale(v, target, 0);
  return short * pow10(target);
}

function roundFloat(v: number, digits: number, cut: boolean): number {
  const factor = 10 ** Math.abs(digits);
  const scaled = digits >= 0 ? Math.abs(v) * factor : Math.abs(v) / factor;
  const r = cut ? Math.floor(scaled) : Math.round(Number(scaled.toPrecision(15)));
  const back = digits >= 0 ? r / factor : r * factor;
  return Number.isFinite(back) ? Math.sign(v) * back : v;
}

function power(a: Compiled, b: Compiled): Compiled {
  const x = numeric(a, 'power');
  const type = x.type.k === 'decimal' ? decimal(38, x.type.s) : x.type;
  const back = converter(FLOAT, type);
  return strict2(type, coerce(x, FLOAT), coerce(b, FLOAT), (p, q) => {
    const r = (p as number) ** (q as number);
    if (Number.isNaN(r)) throw sqlError(3623);
    if (!Number.isFinite(r)) throw overflow(type);
    try {
      return back(type.k === 'int' || type.k === 'bigint' ? Math.trunc(r) : r);
    } catch {
      throw type.k === 'int' || type.k === 'bigint' ? sqlError(232, type.k, r.toFixed(6)) : overflow(type);
    }
  });
}

function real(fn: (v: number) => number): Builtin {
  return {
    min: 1,
    max: 1,
    compile: ([a]) =>
      strict1(FLOAT, coerce(a!, FLOAT), (v): SqlValue => {
        const r = fn(v as number);
        if (Number.isNaN(r) || (!Number.isFinite(r) && Number.isFinite(v as number) && (v as number) <= 0))
          throw sqlError(3623);
        if (!Number.isFinite(r)) throw overflow(FLOAT);
        return r;
      }),
  };
}

function log(args: readonly Compiled[]): Compiled {
  const list = args.map((a) => coerce(a, FLOAT));
  return strictN(FLOAT, list, ([v, base]) => {
    if ((v as number) <= 0 || (base !== undefined && ((base as number) <= 0 || base === 1))) throw sqlError(3623);
    return base === undefined ? Math.log(v as number) : Math.log(v as number) / Math.log(base as number);
  });
}

export const MATH_FUNCTIONS: BuiltinTable = {
  ABS: { min: 1, max: 1, compile: ([a]) => abs(a!) },
  SIGN: { min: 1, max: 1, compile: ([a]) => sign(a!) },
  FLOOR: { min: 1, max: 1, compile: ([a]) => whole(a!, 'floor', -1) },
  CEILING: { min: 1, max: 1, compile: ([a]) => whole(a!, 'ceiling', 1) },
  ROUND: { min: 2, max: 3, compile: round },
  POWER: { min: 2, max: 2, compile: ([a, b]) => power(a!, b!) },
  LOG: { min: 1, max: 2, compile: log },
  LOG10: real(Math.log10),
  EXP: real(Math.exp),
  SQRT: real(Math.sqrt),
  SQUARE: real((v) => v * v),
  SIN: real(Math.sin),
  COS: real(Math.cos),
  TAN: real(Math.tan),
  ASIN: real(Math.asin),
  ACOS: real(Math.acos),
  ATAN: real(Math.atan),
  RADIANS: real((v) => (v * Math.PI) / 180),
  DEGREES: real((v) => (v * 180) / Math.PI),
  ATN2: {
    min: 2,
    max: 2,
    compile: ([a, b]) =>
      strict2(FLOAT, coerce(a!, FLOAT), coerce(b!, FLOAT), (y, x) => Math.atan2(y as number, x as number)),
  },
  PI: { min: 0, max: 0, compile: () => ({ type: FLOAT, nullable: false, constant: true, eval: () => Math.PI }) },
  // With a seed the product repeats its sequence; here any seed gives a fixed value, without one a random one.
  RAND: {
    min: 0,
    max: 1,
    compile: ([seed]) =>
      seed
        ? strict1(FLOAT, coerce(seed, INT), (v) => seeded(v as number))
        : { type: FLOAT, nullable: false, eval: () => Math.random() },
  },
};

/** A number in [0, 1) that depends on the seed alone. */
function seeded(seed: number): number {
  let t = (seed + 0x6d2b79f5) | 0;
  t = Math.imul(t ^ (t >>> 15), t | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
}
