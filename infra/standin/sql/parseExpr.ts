import type { ArithmeticOp, CompareOp, Expr, Predicate } from './ast.ts';
import { isPredicate } from './astPredicates.ts';
import { sqlError, unsupported } from './errors.ts';
import { parsePrimary } from './parsePrimary.ts';
import { parseQuery } from './parseQuery.ts';
import type { TokenStream } from './tokenStream.ts';

/**
 * Expressions by precedence, loosest first: OR, AND, NOT, comparison (with IN, LIKE, BETWEEN, IS NULL), + - & | ^, * / %, unary, primary.
 * Values and conditions share the levels, since a parenthesis may open either; `parseExpr` and `parsePredicate` then insist on one.
 */
type Node = Expr | Predicate;

/** A value expression. */
export function parseExpr(ts: TokenStream): Expr {
  return additive(ts);
}

/** A condition; 4145 for a value in its place. */
export function parsePredicate(ts: TokenStream): Predicate {
  return condition(ts, or(ts));
}

/** Either, for a parenthesis that may hold both. */
export function parseNode(ts: TokenStream): Node {
  return or(ts);
}

function condition(ts: TokenStream, node: Node): Predicate {
  if (isPredicate(node)) return node;
  const near = ts.atEnd ? (ts.previous ?? ts.cur) : ts.cur;
  throw sqlError(4145, near.text).at(near.line);
}

/** The node as a value; a condition there is a syntax error at the current token. */
function asValue(ts: TokenStream, node: Node): Expr {
  if (isPredicate(node)) throw ts.error();
  return node;
}

function or(ts: TokenStream): Node {
  let left = and(ts);
  while (ts.is('OR')) {
    const checked = condition(ts, left);
    ts.next();
    left = { k: 'or', left: checked, right: condition(ts, and(ts)) };
  }
  return left;
}

function and(ts: TokenStream): Node {
  let left = not(ts);
  while (ts.is('AND')) {
    const checked = condition(ts, left);
    ts.next();
    left = { k: 'and', left: checked, right: condition(ts, not(ts)) };
  }
  return left;
}

function not(ts: TokenStream): Node {
  if (ts.eat('NOT')) return { k: 'not', arg: condition(ts, not(ts)) };
  return comparison(ts);
}

const COMPARE: ReadonlySet<string> = new Set(['=', '<>', '<', '>', '<=', '>=']);

function comparison(ts: TokenStream): Node {
  if (ts.is('EXISTS')) {
    ts.next();
    return { k: 'exists', query: parenQuery(ts) };
  }
  if (ts.isSeq('UPDATE', '(')) {
    ts.next();
    ts.next();
    const column = ts.name();
    ts.need(')');
    return { k: 'columnUpdated', column };
  }
  const left = additiveNode(ts);
  if (isPredicate(left)) return left;
  const key = ts.cur.key;
  if (COMPARE.has(key)) {
    ts.next();
    if (ts.isAny('ANY', 'SOME', 'ALL')) throw unsupported(`A comparison with ${ts.cur.key}`, ts.line);
    return { k: 'compare', op: key as CompareOp, left, right: additive(ts) };
  }
  return postfix(ts, left);
}

function postfix(ts: TokenStream, arg: Expr): Node {
  if (ts.is('IS')) {
    ts.next();
    const negated = ts.eat('NOT');
    if (ts.isSeq('DISTINCT', 'FROM')) throw unsupported('IS DISTINCT FROM', ts.line);
    ts.need('NULL');
    return { k: 'isNull', arg, negated };
  }
  const negated = ts.is('NOT') && ['IN', 'LIKE', 'BETWEEN'].includes(ts.peek().key);
  if (negated) ts.next();
  if (ts.eat('IN')) {
    if (ts.is('(') && startsQuery(ts, 1)) return { k: 'inQuery', arg, query: parenQuery(ts), negated };
    return { k: 'inList', arg, list: ts.parens(() => additive(ts)), negated };
  }
  if (ts.eat('BETWEEN')) {
    const low = additive(ts);
    ts.need('AND');
    return { k: 'between', arg, low, high: additive(ts), negated };
  }
  if (ts.eat('LIKE')) {
    const pattern = additive(ts);
    const mark = ts.eat('ESCAPE') ? additive(ts) : undefined;
    return { k: 'like', arg, pattern, ...(mark ? { escape: mark } : {}), negated };
  }
  return arg;
}

/** True if the token n places on begins a query: SELECT, perhaps after parentheses, or WITH. */
export function startsQuery(ts: TokenStream, n: number): boolean {
  let i = n;
  while (ts.peek(i).key === '(') i++;
  return ts.peek(i).key === 'SELECT';
}

/** `(query)`. */
export function parenQuery(ts: TokenStream): ReturnType<typeof parseQuery> {
  ts.need('(');
  const query = parseQuery(ts);
  ts.need(')');
  return query;
}

const ADDITIVE: ReadonlySet<string> = new Set(['+', '-', '&', '|', '^']);
const MULTIPLICATIVE: ReadonlySet<string> = new Set(['*', '/', '%']);

function additive(ts: TokenStream): Expr {
  return asValue(ts, additiveNode(ts));
}

function additiveNode(ts: TokenStream): Node {
  let left = multiplicative(ts);
  while (ADDITIVE.has(ts.cur.key)) {
    const checked = asValue(ts, left);
    const op = ts.next().key as ArithmeticOp;
    left = { k: 'binary', op, left: checked, right: asValue(ts, multiplicative(ts)) };
  }
  return left;
}

function multiplicative(ts: TokenStream): Node {
  let left = unary(ts);
  while (MULTIPLICATIVE.has(ts.cur.key)) {
    const checked = asValue(ts, left);
    const op = ts.next().key as ArithmeticOp;
    left = { k: 'binary', op, left: checked, right: asValue(ts, unary(ts)) };
  }
  return left;
}

function unary(ts: TokenStream): Node {
  const key = ts.cur.key;
  if (key === '-' || key === '+' || key === '~') {
    ts.next();
    return { k: 'unary', op: key, arg: asValue(ts, unary(ts)) };
  }
  let node = parsePrimary(ts);
  for (;;) {
    if (ts.is('COLLATE')) {
      const arg = asValue(ts, node);
      ts.next();
      node = { k: 'collate', arg, collation: ts.anyName() };
    } else if (ts.isSeq('AT', 'TIME', 'ZONE')) {
      const arg = asValue(ts, node);
      ts.next();
      ts.next();
      ts.next();
      node = { k: 'atTimeZone', arg, zone: asValue(ts, parsePrimary(ts)) };
    } else {
      return node;
    }
  }
}
