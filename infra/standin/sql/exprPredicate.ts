import type { CompareOp, Expr, Predicate } from './ast.ts';
import { keyUnder } from './collation.ts';
import { comparer, valueKey } from './compare.ts';
import { familyOf } from './convertRules.ts';
import { isUnicode } from './convertText.ts';
import { sqlError } from './errors.ts';
import { compileExpr } from './expr.ts';
import { coerce, meetCollations } from './exprMake.ts';
import {
  CONSTANT_FRAME,
  type Compiled,
  type CompiledPredicate,
  type Frame,
  type Scope,
  type Truth,
} from './exprTypes.ts';
import { likeMatcher } from './like.ts';
import { typeName } from './typeNames.ts';
import { commonType } from './typing.ts';
import { MAX, nvarchar, type SqlType, type SqlValue, varchar } from './values.ts';

/** Compiles a condition; the closure returns true, false or null (UNKNOWN). */
export function compilePredicate(p: Predicate, scope: Scope): CompiledPredicate {
  switch (p.k) {
    case 'and': {
      const left = compilePredicate(p.left, scope);
      const right = compilePredicate(p.right, scope);
      return (f) => and(left(f), () => right(f));
    }
    case 'or': {
      const left = compilePredicate(p.left, scope);
      const right = compilePredicate(p.right, scope);
      return (f) => or(left(f), () => right(f));
    }
    case 'not': {
      const arg = compilePredicate(p.arg, scope);
      return (f) => not(arg(f));
    }
    case 'compare':
      return compareCompiled(p.op, compileExpr(p.left, scope), compileExpr(p.right, scope));
    case 'isNull': {
      const arg = compileExpr(p.arg, scope);
      const { negated } = p;
      return (f) => (arg.eval(f) === null) !== negated;
    }
    case 'between': {
      const arg = compileExpr(p.arg, scope);
      const low = compareCompiled('>=', arg, compileExpr(p.low, scope));
      const high = compareCompiled('<=', arg, compileExpr(p.high, scope));
      const inside: CompiledPredicate = (f) => and(low(f), () => high(f));
      return p.negated ? (f) => not(inside(f)) : inside;
    }
    case 'inList':
      return negate(inList(compileExpr(p.arg, scope), p.list, scope), p.negated);
    case 'inQuery':
      return negate(inQuery(compileExpr(p.arg, scope), scope.columnOf(p.query)), p.negated);
    case 'like':
      return negate(like(p, scope), p.negated);
    case 'exists':
      return scope.exists(p.query);
    case 'columnUpdated':
      return scope.columnUpdated(p.column);
  }
}

/** Three-valued AND, OR and NOT. */
function and(left: Truth, right: () => Truth): Truth {
  if (left === false) return false;
  const r = right();
  return r === false ? false : left === null || r === null ? null : true;
}
function or(left: Truth, right: () => Truth): Truth {
  if (left === true) return true;
  const r = right();
  return r === true ? true : left === null || r === null ? null : false;
}
function not(t: Truth): Truth {
  return t === null ? null : !t;
}

function negate(p: CompiledPredicate, negated: boolean): CompiledPredicate {
  return negated ? (f) => not(p(f)) : p;
}

const OPERATION_NAMES: Readonly<Record<CompareOp, string>> = {
  '=': 'equal to',
  '<>': 'not equal to',
  '<': 'less than',
  '>': 'greater than',
  '<=': 'less than or equal to',
  '>=': 'greater than or equal to',
};

/** The type two values are compared in; 402 for types that have no comparison, 206 when they cannot meet. */
function comparisonType(a: Compiled, b: Compiled, operation: string): SqlType {
  for (const side of [a, b]) {
    const family = familyOf(side.type);
    if (!side.untypedNull && (family === 'text' || family === 'image' || family === 'xml')) {
      throw sqlError(402, typeName(a.type), typeName(b.type), operation);
    }
  }
  if (a.untypedNull) return b.type;
  if (b.untypedNull) return a.type;
  return commonType(a.type, b.type);
}

/** `a op b` of two compiled values. */
export function compareCompiled(op: CompareOp, left: Compiled, right: Compiled): CompiledPredicate {
  const operation = OPERATION_NAMES[op];
  const type = comparisonType(left, right, operation);
  const string = familyOf(type) === 'string';
  const collation = string ? meetCollations(left, right, operation) : undefined;
  // Lengths do not matter to comparison, so strings are left as they are: no cutting, no padding.
  const a = string && familyOf(left.type) === 'string' ? left : coerce(left, type);
  const b = string && familyOf(right.type) === 'string' ? right : coerce(right, type);
  if (string && (op === '=' || op === '<>')) return stringEquality(op === '=', a, b, (s) => keyUnder(s, collation));
  const accept = acceptance(op);
  const compare = comparer(type, collation);
  return (f) => {
    const x = a.eval(f);
    if (x === null) return null;
    const y = b.eval(f);
    return y === null ? null : accept(compare(x, y));
  };
}

function acceptance(op: CompareOp): (order: number) => boolean {
  switch (op) {
    case '=':
      return (order) => order === 0;
    case '<>':
      return (order) => order !== 0;
    case '<':
      return (order) => order < 0;
    case '>':
      return (order) => order > 0;
    case '<=':
      return (order) => order <= 0;
    case '>=':
      return (order) => order >= 0;
  }
}

function stringEquality(want: boolean, a: Compiled, b: Compiled, key: (s: string) => string): CompiledPredicate {
  return (f) => {
    const x = a.eval(f);
    if (x === null) return null;
    const y = b.eval(f);
    if (y === null) return null;
    return (x === y || key(x as string) === key(y as string)) === want;
  };
}

function inList(arg: Compiled, list: readonly Expr[], scope: Scope): CompiledPredicate {
  const items = list.map((item) => compileExpr(item, scope));
  if (items.length > 8 && items.every((item) => item.constant)) {
    const hashed = constantSet(arg, items);
    if (hashed) return hashed;
  }
  const tests = items.map((item) => compareCompiled('=', arg, item));
  return (f) => {
    let unknown = false;
    for (const test of tests) {
      const t = test(f);
      if (t === true) return true;
      if (t === null) unknown = true;
    }
    return unknown ? null : false;
  };
}

/** A long list of constants is looked up, not walked. */
function constantSet(arg: Compiled, items: readonly Compiled[]): CompiledPredicate | undefined {
  const type = items.reduce((t, item) => (item.untypedNull ? t : commonType(t, item.type)), arg.type);
  if (familyOf(type) === 'variant') return undefined;
  const keys = new Set<string | number | bigint>();
  let hasNull = false;
  for (const item of items) {
    const v = coerce(item, type).eval(CONSTANT_FRAME);
    if (v === null) hasNull = true;
    else keys.add(valueKey(v, type, arg.collation));
  }
  const converted = coerce(arg, type);
  return (f) => {
    const v = converted.eval(f);
    if (v === null) return null;
    return keys.has(valueKey(v, type, arg.collation)) ? true : hasNull ? null : false;
  };
}

function inQuery(arg: Compiled, column: ReturnType<Scope['columnOf']>): CompiledPredicate {
  let current: SqlValue = null;
  const item: Compiled = { ...column, eval: () => current };
  const equal = compareCompiled('=', arg, item);
  return (f) => {
    let unknown = false;
    for (const v of column.values(f)) {
      current = v;
      const t = equal(f);
      if (t === true) return true;
      if (t === null) unknown = true;
    }
    return unknown ? null : false;
  };
}

function like(p: Predicate & { k: 'like' }, scope: Scope): CompiledPredicate {
  const text = asText(compileExpr(p.arg, scope));
  const pattern = asText(compileExpr(p.pattern, scope));
  const mark = p.escape ? asText(compileExpr(p.escape, scope)) : undefined;
  const collation = meetCollations(text, pattern, 'like');
  const match = likeMatcher(collation, !isUnicode(text.type) && !isUnicode(pattern.type));
  return (f: Frame) => {
    const t = text.eval(f);
    const q = pattern.eval(f);
    if (t === null || q === null) return null;
    const e = mark?.eval(f);
    if (e === null) return null;
    return match(t as string, q as string, e === undefined ? undefined : (e as string));
  };
}

/** Any value as text for LIKE and the string functions; text and ntext pass as they are. */
export function asText(c: Compiled): Compiled {
  if (c.untypedNull) return coerce(c, varchar(1));
  const family = familyOf(c.type);
  if (family === 'string' || family === 'text') return c;
  if (family === 'xml') return { ...c, type: nvarchar(MAX) };
  return coerce(c, varchar(family === 'guid' ? 36 : family === 'binary' ? 8000 : 60));
}
