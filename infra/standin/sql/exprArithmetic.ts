import type { ArithmeticOp, Expr } from './ast.ts';
import { isInteger, scaleOf } from './convertNumber.ts';
import { familyOf } from './convertRules.ts';
import { fitText, lengthOf } from './convertText.ts';
import { sqlError } from './errors.ts';
import { coerce, meetCollations, strict1, strict2, typedNull } from './exprMake.ts';
import type { Compiled } from './exprTypes.ts';
import { divideRounded, pow10, rescale } from './numeric.ts';
import { FIRST_DATETIME_DAY, MAX_DAY } from './temporal.ts';
import { typeName } from './typeNames.ts';
import { arithmeticType, asDecimal } from './typing.ts';
import { DATETIME, DAYS_TO_1900, decimal, MAX, type SqlType, type SqlValue, TICKS_PER_DAY } from './values.ts';

type NotNull = Exclude<SqlValue, null>;
type Op2 = (a: NotNull, b: NotNull) => SqlValue;

const RANGES: Readonly<Record<string, readonly [number, number]>> = {
  tinyint: [0, 255],
  smallint: [-32_768, 32_767],
  int: [-2_147_483_648, 2_147_483_647],
};
const BIG_LOW = -(2n ** 63n);
const BIG_HIGH = 2n ** 63n - 1n;

function overflow(type: SqlType): ReturnType<typeof sqlError> {
  return sqlError(8115, 'expression', typeName(type));
}

/** `left op right`. The nodes are looked at only to see whole-number constants, which count as decimals of their own digits. */
export function compileBinary(
  op: ArithmeticOp,
  left: Compiled,
  right: Compiled,
  leftNode: Expr,
  rightNode: Expr,
): Compiled {
  const a = left.untypedNull && !right.untypedNull ? typedNull(right.type) : left;
  const b = right.untypedNull && !left.untypedNull ? typedNull(left.type) : right;
  const type = arithmeticType(op, narrowed(a, leftNode, b), narrowed(b, rightNode, a));
  switch (familyOf(type)) {
    case 'string':
      return concatenation(type, a, b);
    case 'binary':
      return strict2(type, a, b, (x, y) => Buffer.concat([x as Buffer, y as Buffer]));
    case 'oldDate':
      return dateSum(op, type, a, b);
    default:
      return numbers(op, type, a, b);
  }
}

/** An int constant beside a decimal has the precision of its digits: 1.0 / 3 has scale 6, not 12. */
function narrowed(c: Compiled, node: Expr, other: Compiled): SqlType {
  if (other.type.k !== 'decimal' || c.type.k !== 'int') return c.type;
  const literal = node.k === 'unary' ? node.arg : node;
  if (literal.k !== 'literal' || typeof literal.value !== 'number') return c.type;
  return decimal(String(Math.abs(literal.value)).length, 0);
}

function concatenation(type: SqlType, a: Compiled, b: Compiled): Compiled {
  const x = familyOf(a.type) === 'string' ? a : coerce(a, type);
  const y = familyOf(b.type) === 'string' ? b : coerce(b, type);
  const collation = meetCollations(x, y, 'add');
  const n = lengthOf(type);
  const made = strict2(type, x, y, (p, q) => {
    const s = (p as string) + (q as string);
    return n !== MAX && s.length > n ? fitText(s, type) : s;
  });
  return collation ? { ...made, collation } : made;
}

/** 1753-01-01 and the end of 9999 in ticks since 1900. */
const FIRST_TICK = (FIRST_DATETIME_DAY - DAYS_TO_1900) * TICKS_PER_DAY;
const LAST_TICK = (MAX_DAY + 1 - DAYS_TO_1900) * TICKS_PER_DAY - 1;

/** datetime + days, datetime - datetime: all as ticks since 1900. */
function dateSum(op: ArithmeticOp, type: SqlType, a: Compiled, b: Compiled): Compiled {
  const x = coerce(a, DATETIME);
  const y = coerce(b, DATETIME);
  const sum = strict2(DATETIME, x, y, (p, q) => {
    const ticks = op === '+' ? (p as number) + (q as number) : (p as number) - (q as number);
    if (ticks < FIRST_TICK || ticks > LAST_TICK) throw overflow(DATETIME);
    return ticks;
  });
  return coerce(sum, type);
}

function numbers(op: ArithmeticOp, type: SqlType, a: Compiled, b: Compiled): Compiled {
  switch (type.k) {
    case 'decimal':
      return decimals(op, type, a, b);
    case 'money':
    case 'smallmoney':
      return strict2(type, coerce(a, type), coerce(b, type), moneyOp(op, type));
    case 'float':
    case 'real': {
      if (op === '%') throw sqlError(402, typeName(a.type), typeName(b.type), 'modulo');
      return strict2(type, coerce(a, type), coerce(b, type), floatOp(op, type));
    }
    case 'bigint':
      return strict2(type, coerce(a, type), coerce(b, type), bigOp(op, type));
    default:
      return strict2(type, coerce(a, type), coerce(b, type), smallOp(op, type));
  }
}

function smallOp(op: ArithmeticOp, type: SqlType): Op2 {
  const [low, high] = RANGES[type.k] ?? [0, 1];
  const checked = (v: number): number => {
    if (v < low || v > high) throw overflow(type);
    return v;
  };
  switch (op) {
    case '+':
      return (a, b) => checked((a as number) + (b as number));
    case '-':
      return (a, b) => checked((a as number) - (b as number));
    case '*':
      return (a, b) => checked((a as number) * (b as number));
    case '/':
      return (a, b) => {
        if (b === 0) throw sqlError(8134);
        return checked(Math.trunc((a as number) / (b as number)) + 0);
      };
    case '%':
      return (a, b) => {
        if (b === 0) throw sqlError(8134);
        return ((a as number) % (b as number)) + 0;
      };
    case '&':
      return (a, b) => (a as number) & (b as number);
    case '|':
      return (a, b) => (a as number) | (b as number);
    case '^':
      return (a, b) => (a as number) ^ (b as number);
  }
}

function bigOp(op: ArithmeticOp, type: SqlType): Op2 {
  const run = (a: bigint, b: bigint): bigint => {
    switch (op) {
      case '+':
        return a + b;
      case '-':
        return a - b;
      case '*':
        return a * b;
      case '/':
        return a / nonZero(b);
      case '%':
        return a % nonZero(b);
      case '&':
        return a & b;
      case '|':
        return a | b;
      case '^':
        return a ^ b;
    }
  };
  return (a, b) => {
    const r = run(a as bigint, b as bigint);
    if (r < BIG_LOW || r > BIG_HIGH) throw overflow(type);
    return r;
  };
}

function nonZero(v: bigint): bigint {
  if (v === 0n) throw sqlError(8134);
  return v;
}

function floatOp(op: ArithmeticOp, type: SqlType): Op2 {
  const run = (a: number, b: number): number => {
    switch (op) {
      case '+':
        return a + b;
      case '-':
        return a - b;
      case '*':
        return a * b;
      default:
        if (b === 0) throw sqlError(8134);
        return a / b;
    }
  };
  return (a, b) => {
    const r = run(a as number, b as number);
    const v = type.k === 'real' ? Math.fround(r) : r;
    if (!Number.isFinite(v)) throw overflow(type);
    return v;
  };
}

/** Products of money round to four places, quotients are cut there. */
function moneyOp(op: ArithmeticOp, type: SqlType): Op2 {
  const [low, high] = type.k === 'money' ? [BIG_LOW, BIG_HIGH] : [-(2n ** 31n), 2n ** 31n - 1n];
  const run = (a: bigint, b: bigint): bigint => {
    switch (op) {
      case '+':
        return a + b;
      case '-':
        return a - b;
      case '*':
        return divideRounded(a * b, 10_000n);
      case '%':
        return a % nonZero(b);
      default:
        return (a * 10_000n) / nonZero(b);
    }
  };
  return (a, b) => {
    const r = run(a as bigint, b as bigint);
    if (r < low || r > high) throw overflow(type);
    return r;
  };
}

/** Operands keep their own scale; the exact result is brought to the result's scale: cut for quotients, rounded else. */
function decimals(op: ArithmeticOp, type: SqlType & { k: 'decimal' }, left: Compiled, right: Compiled): Compiled {
  const a = asExact(left, type);
  const b = asExact(right, type);
  const sa = scaleOf(a.type);
  const sb = scaleOf(b.type);
  const s = type.s;
  const limit = pow10(type.p);
  const checked = (v: bigint): bigint => {
    if (v >= limit || v <= -limit) throw overflow(type);
    return v;
  };
  const wide = Math.max(sa, sb);
  const evaluate = (x: bigint, y: bigint): bigint => {
    switch (op) {
      case '+':
        return rescale(rescale(x, sa, wide) + rescale(y, sb, wide), wide, s);
      case '-':
        return rescale(rescale(x, sa, wide) - rescale(y, sb, wide), wide, s);
      case '*':
        return rescale(x * y, sa + sb, s);
      case '%':
        return rescale(rescale(x, sa, wide) % nonZero(rescale(y, sb, wide)), wide, s);
      default: {
        const shift = s + sb - sa;
        const divisor = nonZero(y);
        return shift >= 0 ? (x * pow10(shift)) / divisor : x / (divisor * pow10(-shift));
      }
    }
  };
  return strict2(type, a, b, (x, y) => checked(evaluate(x as bigint, y as bigint)));
}

/** The operand as a scaled bigint with the precision it has by itself. Text becomes a decimal of the result's shape. */
function asExact(c: Compiled, result: SqlType & { k: 'decimal' }): Compiled {
  if (c.type.k === 'decimal' || c.type.k === 'money' || c.type.k === 'smallmoney') return c;
  if (familyOf(c.type) !== 'number') return coerce(c, decimal(Math.max(1, result.p), result.s));
  const { p, s } = asDecimal(c.type);
  return coerce(c, decimal(p, s));
}

/** -x, +x and ~x. */
export function compileUnary(op: '-' | '+' | '~', arg: Compiled): Compiled {
  if (arg.untypedNull) return arg;
  const { type } = arg;
  if (op === '~') {
    if (type.k === 'bit') return strict1(type, arg, (v) => 1 - (v as number));
    if (!isInteger(type)) throw sqlError(8117, typeName(type), "'~'");
    return strict1(type, arg, (v) =>
      typeof v === 'bigint' ? ~v : type.k === 'tinyint' ? 255 - (v as number) : ~(v as number),
    );
  }
  if (op === '+') return arg;
  if (familyOf(type) !== 'number' || type.k === 'bit') throw sqlError(8117, typeName(type), 'minus');
  const range = RANGES[type.k];
  return strict1(type, arg, (v) => {
    if (typeof v === 'bigint') {
      if (type.k === 'bigint' && v === BIG_LOW) throw overflow(type);
      return -v;
    }
    const r = 0 - (v as number);
    if (range && (r < range[0] || r > range[1])) throw overflow(type);
    return r;
  });
}

/** `a op= b` of SET, with constants unknown to the typing rules. */
export function compileAssignOp(op: ArithmeticOp, left: Compiled, right: Compiled): Compiled {
  return compileBinary(op, left, right, { k: 'null' }, { k: 'null' });
}
