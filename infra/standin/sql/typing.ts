import type { ArithmeticOp } from './ast.ts';
import { familyOf } from './convertRules.ts';
import { isUnicode, lengthOf } from './convertText.ts';
import { sqlError } from './errors.ts';
import { typeName } from './typeNames.ts';
import {
  BIGINT,
  decimal,
  FLOAT,
  INT,
  MAX,
  MONEY,
  nvarchar,
  type SqlType,
  type TypeKind,
  varbinary,
  varchar,
} from './values.ts';

/** Precedence of types, low to high: in mixed expressions the lower one is converted to the higher. */
const PRECEDENCE: readonly TypeKind[] = [
  'binary',
  'varbinary',
  'char',
  'varchar',
  'nchar',
  'nvarchar',
  'uniqueidentifier',
  'rowversion',
  'image',
  'text',
  'ntext',
  'bit',
  'tinyint',
  'smallint',
  'int',
  'bigint',
  'smallmoney',
  'money',
  'decimal',
  'real',
  'float',
  'time',
  'date',
  'smalldatetime',
  'datetime',
  'datetime2',
  'datetimeoffset',
  'xml',
  'sql_variant',
];
const RANK: ReadonlyMap<TypeKind, number> = new Map(PRECEDENCE.map((k, i) => [k, i]));

function rank(type: SqlType): number {
  return RANK.get(type.k) ?? 0;
}

/** Precision and scale a number has when it meets a decimal. */
export function asDecimal(type: SqlType): { p: number; s: number } {
  switch (type.k) {
    case 'decimal':
      return type;
    case 'bit':
      return { p: 1, s: 0 };
    case 'tinyint':
      return { p: 3, s: 0 };
    case 'smallint':
      return { p: 5, s: 0 };
    case 'int':
      return { p: 10, s: 0 };
    case 'bigint':
      return { p: 19, s: 0 };
    case 'smallmoney':
      return { p: 10, s: 4 };
    case 'money':
      return { p: 19, s: 4 };
    default:
      return { p: 38, s: 0 };
  }
}

/** decimal(p,s) of a product or quotient brought back to 38 digits: the scale gives way, but not below 6. */
function capped(p: number, s: number): SqlType {
  if (p <= 38) return decimal(p, s);
  const whole = p - s;
  return decimal(38, Math.max(Math.min(s, 6), Math.min(s, 38 - whole)));
}

/** The type in which two values meet: for CASE, COALESCE, UNION, IN and comparison. */
export function commonType(a: SqlType, b: SqlType): SqlType {
  if (a === b) return a;
  const [low, high] = rank(a) <= rank(b) ? [a, b] : [b, a];
  switch (high.k) {
    case 'char':
    case 'varchar':
    case 'nchar':
    case 'nvarchar':
      return commonText(low, high);
    case 'binary':
    case 'varbinary':
      return commonBytes(low, high);
    case 'decimal': {
      if (familyOf(low) !== 'number') return high;
      const x = asDecimal(low);
      const s = Math.max(x.s, high.s);
      const p = Math.max(x.p - x.s, high.p - high.s) + s;
      return p <= 38 ? decimal(p, s) : decimal(38, Math.max(0, Math.min(s, 38 - (p - s))));
    }
    case 'time':
    case 'datetime2':
    case 'datetimeoffset':
      return { k: high.k, s: Math.max(high.s, scaleOfTemporal(low)) };
    default:
      return high;
  }
}

function scaleOfTemporal(type: SqlType): number {
  if (type.k === 'datetime') return 3;
  return type.k === 'time' || type.k === 'datetime2' || type.k === 'datetimeoffset' ? type.s : 0;
}

function commonText(low: SqlType, high: SqlType): SqlType {
  if (familyOf(low) !== 'string') return high;
  const n = longest(lengthOf(low), lengthOf(high));
  const fixed = (low.k === 'char' || low.k === 'nchar') && (high.k === 'char' || high.k === 'nchar');
  if (fixed) return high.k === 'nchar' ? { k: 'nchar', n } : { k: 'char', n };
  return isUnicode(low) || isUnicode(high) ? nvarchar(n > 4000 ? MAX : n) : varchar(n);
}

function commonBytes(low: SqlType, high: SqlType): SqlType {
  const n = longest(lengthOf(low), lengthOf(high));
  return low.k === 'binary' && high.k === 'binary' ? { k: 'binary', n } : varbinary(n);
}

function longest(a: number, b: number): number {
  return a === MAX || b === MAX ? MAX : Math.max(a, b);
}

/** Length of a concatenation: MAX spreads, otherwise cut at the longest plain length. */
function joined(a: number, b: number, most: number): number {
  return a === MAX || b === MAX ? MAX : Math.min(most, a + b);
}

/**
 * The type of `a op b` after both sides met; the operands are then converted to `operands` (decimals keep their own scale).
 * 402, 8117 or 206 when the operator does not exist for the types.
 */
export function arithmeticType(op: ArithmeticOp, a: SqlType, b: SqlType): SqlType {
  const fa = familyOf(a);
  const fb = familyOf(b);
  if (op === '+' && fa === 'string' && fb === 'string') return concatType(a, b);
  if (op === '+' && isBytes(fa) && isBytes(fb)) return varbinary(joined(lengthOf(a), lengthOf(b), 8000));
  if (fa === 'oldDate' || fb === 'oldDate') return dateArithmetic(op, a, b);
  if (fa === 'newDate' || fb === 'newDate') {
    if (fa === fb || fa === 'number' || fb === 'number')
      throw sqlError(
        fa === fb ? 8117 : 206,
        typeName(fa === 'newDate' ? a : b),
        fa === fb ? operatorName(op) : typeName(fa === 'newDate' ? b : a),
      );
    throw sqlError(402, typeName(a), typeName(b), operatorName(op));
  }
  const numbers = fa === 'number' || fb === 'number';
  if (!numbers || [fa, fb].some((f) => !['number', 'string', 'binary', 'rowversion'].includes(f))) {
    throw fa === fb && fa !== 'binary'
      ? sqlError(8117, typeName(a), operatorName(op))
      : sqlError(402, typeName(a), typeName(b), operatorName(op));
  }
  // Text becomes the number it meets.
  const x = fa === 'number' ? a : fromOther(b, op, a);
  const y = fb === 'number' ? b : fromOther(a, op, b);
  return numberArithmetic(op, x, y);
}

function isBytes(family: string): boolean {
  return family === 'binary' || family === 'rowversion';
}

function fromOther(number: SqlType, op: ArithmeticOp, other: SqlType): SqlType {
  if (number.k === 'bit' && op === '+') throw sqlError(402, typeName(other), typeName(number), 'add');
  return number;
}

function concatType(a: SqlType, b: SqlType): SqlType {
  const unicode = isUnicode(a) || isUnicode(b);
  const n = joined(lengthOf(a), lengthOf(b), unicode ? 4000 : 8000);
  const fixed = (a.k === 'char' || a.k === 'nchar') && (b.k === 'char' || b.k === 'nchar');
  if (fixed) return unicode ? { k: 'nchar', n } : { k: 'char', n };
  return unicode ? nvarchar(n) : varchar(n);
}

function dateArithmetic(op: ArithmeticOp, a: SqlType, b: SqlType): SqlType {
  const other = familyOf(a) === 'oldDate' ? b : a;
  const date = other === a ? b : a;
  const ok = (op === '+' || op === '-') && ['number', 'oldDate', 'string', 'binary'].includes(familyOf(other));
  if (!ok)
    throw sqlError(
      familyOf(other) === 'newDate' ? 402 : 8117,
      typeName(a),
      ...(familyOf(other) === 'newDate' ? [typeName(b)] : []),
      operatorName(op),
    );
  return familyOf(other) === 'oldDate' && (a.k === 'datetime' || b.k === 'datetime') ? { k: 'datetime' } : date;
}

const OPERATOR_NAMES: Readonly<Record<ArithmeticOp, string>> = {
  '+': 'add',
  '-': 'subtract',
  '*': 'multiply',
  '/': 'divide',
  '%': 'modulo',
  '&': "'&'",
  '|': "'|'",
  '^': "'^'",
};

/** The operator as error texts name it. */
function operatorName(op: ArithmeticOp): string {
  return OPERATOR_NAMES[op];
}

function numberArithmetic(op: ArithmeticOp, a: SqlType, b: SqlType): SqlType {
  const high = rank(a) >= rank(b) ? a : b;
  if (op === '&' || op === '|' || op === '^') {
    if (!['bit', 'tinyint', 'smallint', 'int', 'bigint'].includes(high.k))
      throw sqlError(402, typeName(a), typeName(b), operatorName(op));
    return high;
  }
  if (high.k === 'float' || high.k === 'real') return high.k === 'real' ? { k: 'real' } : FLOAT;
  if (high.k === 'decimal') return decimalArithmetic(op, asDecimal(a), asDecimal(b));
  if (high.k === 'money') return MONEY;
  if (high.k === 'bit') {
    if (a.k === 'bit' && b.k === 'bit') throw sqlError(402, 'bit', 'bit', operatorName(op));
    return INT;
  }
  return high.k === 'bigint' ? BIGINT : high;
}

interface Digits {
  readonly p: number;
  readonly s: number;
}

/** Precision and scale of decimal results, by the documented rules. */
function decimalArithmetic(op: ArithmeticOp, a: Digits, b: Digits): SqlType {
  switch (op) {
    case '*':
      return capped(a.p + b.p + 1, a.s + b.s);
    case '/': {
      const s = Math.max(6, a.s + b.p + 1);
      return capped(a.p - a.s + b.s + s, s);
    }
    case '%': {
      const s = Math.max(a.s, b.s);
      return decimal(Math.max(1, Math.min(a.p - a.s, b.p - b.s) + s), s);
    }
    default: {
      const s = Math.max(a.s, b.s);
      const whole = Math.max(a.p - a.s, b.p - b.s);
      const p = whole + s + 1;
      // A sum gives up scale for its whole digits, not for the carry.
      return p <= 38 ? decimal(p, s) : decimal(38, Math.min(s, 38 - whole));
    }
  }
}
