import type { ColumnRef, DatePart, Expr, Literal, ObjectName, Over, Predicate } from './ast.ts';
import { sqlError, unsupported } from './errors.ts';
import { BARE_FUNCTIONS, DATE_PART_FUNCTIONS, DATE_PARTS, RESERVED, RESERVED_FUNCTIONS } from './keywords.ts';
import type { Token } from './lexer.ts';
import { literalOf } from './literals.ts';
import { parenQuery, parseExpr, parseNode, parsePredicate, startsQuery } from './parseExpr.ts';
import { parseObjectName, parseType } from './parseNames.ts';
import { parseOrderBy, parseOver } from './parseWindow.ts';
import { parseXmlMethod, XML_METHODS } from './parseXmlMethod.ts';
import type { TokenStream } from './tokenStream.ts';

/** A constant, variable, column, call, CASE, CAST, subquery, or a parenthesised value or condition. */
export function parsePrimary(ts: TokenStream): Expr | Predicate {
  const t = ts.cur;
  switch (t.kind) {
    case 'number':
    case 'money':
    case 'string':
    case 'nstring':
    case 'binary':
      ts.next();
      return literalOf(t);
    case 'variable':
      ts.next();
      return variable(ts, t);
    case 'quoted':
      return columnOrCall(ts);
    case 'op':
      if (t.key === '(') return parenthesised(ts);
      throw ts.error();
    case 'word':
      return wordPrimary(ts, t);
    case 'end':
      throw ts.error();
  }
}

function variable(ts: TokenStream, t: Token): Expr {
  const name = t.text.toLowerCase();
  if (name.startsWith('@@')) return { k: 'systemVariable', name, line: t.line };
  const plain: Expr = { k: 'variable', name, line: t.line };
  if (!ts.eat('.')) return plain;
  return parseXmlMethod(ts, plain, ts.anyName(), t.line);
}

function parenthesised(ts: TokenStream): Expr | Predicate {
  if (startsQuery(ts, 1)) return { k: 'subquery', query: parenQuery(ts) };
  ts.need('(');
  const node = parseNode(ts);
  ts.need(')');
  return node;
}

function wordPrimary(ts: TokenStream, t: Token): Expr {
  switch (t.key) {
    case 'NULL':
      ts.next();
      return { k: 'null' };
    case 'DEFAULT':
      ts.next();
      return { k: 'default' };
    case 'CASE':
      return parseCase(ts);
    case 'CAST':
    case 'TRY_CAST':
      return ts.peek().key === '(' ? parseCast(ts) : columnOrCall(ts);
    case 'CONVERT':
    case 'TRY_CONVERT':
      return parseConvert(ts);
    case 'PARSE':
    case 'TRY_PARSE':
      return ts.peek().key === '(' ? parseParse(ts) : columnOrCall(ts);
    case 'IIF':
      return ts.peek().key === '(' ? parseIif(ts) : columnOrCall(ts);
    case 'NEXT':
      if (!ts.eatSeq('NEXT', 'VALUE', 'FOR')) return columnOrCall(ts);
      return { k: 'nextValue', sequence: parseObjectName(ts) };
    case '$ACTION':
      ts.next();
      return { k: 'action' };
    case 'CURRENT_TIMESTAMP':
    case 'CURRENT_USER':
    case 'SESSION_USER':
    case 'SYSTEM_USER':
    case 'USER':
      ts.next();
      return bareCall(t);
    default:
      if (t.key.startsWith('$')) throw unsupported(`The pseudo column ${t.text}`, t.line);
      if (RESERVED.has(t.key) && !(RESERVED_FUNCTIONS.has(t.key) && ts.peek().key === '(')) throw ts.error();
      return columnOrCall(ts);
  }
}

function bareCall(t: Token): Expr {
  if (!BARE_FUNCTIONS.has(t.key)) throw sqlError(102, t.text).at(t.line);
  return { k: 'call', name: { name: t.key }, args: [], star: false, distinct: false, line: t.line };
}

function parseCase(ts: TokenStream): Expr {
  ts.need('CASE');
  if (ts.is('WHEN')) {
    const whens: { when: Predicate; result: Expr }[] = [];
    while (ts.eat('WHEN')) {
      const when = parsePredicate(ts);
      ts.need('THEN');
      whens.push({ when, result: parseExpr(ts) });
    }
    return { k: 'case', whens, ...caseTail(ts) };
  }
  const input = parseExpr(ts);
  const whens: { when: Expr; result: Expr }[] = [];
  if (!ts.is('WHEN')) throw ts.error();
  while (ts.eat('WHEN')) {
    const when = parseExpr(ts);
    ts.need('THEN');
    whens.push({ when, result: parseExpr(ts) });
  }
  return { k: 'simpleCase', input, whens, ...caseTail(ts) };
}

function caseTail(ts: TokenStream): { otherwise?: Expr } {
  const otherwise = ts.eat('ELSE') ? parseExpr(ts) : undefined;
  ts.need('END');
  return otherwise ? { otherwise } : {};
}

function parseCast(ts: TokenStream): Expr {
  const isTry = ts.next().key === 'TRY_CAST';
  ts.need('(');
  const arg = parseExpr(ts);
  ts.need('AS');
  const type = parseType(ts, 'cast');
  ts.need(')');
  return { k: 'cast', arg, type, isTry };
}

/** PARSE(text AS type), of dates and times in the server's own language. */
function parseParse(ts: TokenStream): Expr {
  const t = ts.next();
  ts.need('(');
  const arg = parseExpr(ts);
  ts.need('AS');
  const type = parseType(ts, 'cast');
  if (ts.is('USING')) throw unsupported(`${t.key} … USING`, t.line);
  ts.need(')');
  return { k: 'cast', arg, type, isTry: t.key === 'TRY_PARSE', isParse: true };
}

function parseConvert(ts: TokenStream): Expr {
  const isTry = ts.next().key === 'TRY_CONVERT';
  ts.need('(');
  const type = parseType(ts, 'cast');
  ts.need(',');
  const arg = parseExpr(ts);
  const style = ts.eat(',') ? parseExpr(ts) : undefined;
  ts.need(')');
  return { k: 'cast', arg, type, isTry, ...(style ? { style } : {}) };
}

function parseIif(ts: TokenStream): Expr {
  ts.next();
  ts.need('(');
  const test = parsePredicate(ts);
  ts.need(',');
  const result = parseExpr(ts);
  ts.need(',');
  const otherwise = parseExpr(ts);
  ts.need(')');
  return { k: 'iif', test, result, otherwise };
}

/** `a.b.c`, `f(…)`, `schema.f(…)`; four parts at most. */
function columnOrCall(ts: TokenStream): Expr {
  const line = ts.line;
  const parts = [ts.next().text];
  while (ts.is('.')) {
    ts.next();
    if (ts.is('*')) throw ts.error();
    parts.push(ts.is('.') ? '' : ts.anyName());
  }
  if (ts.is('(')) return parseCall(ts, parts, line);
  if (parts.length > 4) throw sqlError(4104, parts.join('.')).at(line);
  const name = parts.pop() ?? '';
  const column: ColumnRef = { k: 'column', qualifier: parts, name, line };
  return column;
}

const UNSUPPORTED_FUNCTIONS: ReadonlySet<string> = new Set([
  'GROUPING',
  'GROUPING_ID',
  'CONTAINS',
  'FREETEXT',
  'OPENXML',
  'COLUMNS_UPDATED',
]);

function parseCall(ts: TokenStream, parts: string[], line: number): Expr {
  const fn = parts.pop() ?? '';
  if (parts.length > 0 && XML_METHODS.has(fn)) {
    const column = parts.pop() ?? '';
    return parseXmlMethod(ts, { k: 'column', qualifier: parts, name: column, line }, fn, line);
  }
  const upper = fn.toUpperCase();
  if (parts.length === 0 && UNSUPPORTED_FUNCTIONS.has(upper)) throw unsupported(`The function ${upper}`, line);
  if (parts.length > 2) throw unsupported('A linked server name', line);
  const schema = parts.pop();
  const database = parts.pop();
  const name: ObjectName = { name: fn, ...(schema ? { schema } : {}), ...(database ? { database } : {}) };
  ts.need('(');
  let star = false;
  let distinct = false;
  let datepart: DatePart | undefined;
  let args: Expr[] = [];
  if (ts.eat('*')) star = true;
  else if (!ts.is(')')) {
    if (ts.eat('DISTINCT')) distinct = true;
    else ts.eat('ALL');
    if (schema === undefined && DATE_PART_FUNCTIONS.has(upper)) {
      datepart = parseDatePart(ts, fn);
      ts.need(',');
    }
    args = upper === 'TRIM' && schema === undefined ? trimArgs(ts) : ts.list(() => parseExpr(ts));
  }
  ts.need(')');
  const withinGroup = ts.eatSeq('WITHIN', 'GROUP') ? withinGroupItems(ts) : undefined;
  const over: Over | undefined = ts.is('OVER') ? parseOver(ts) : undefined;
  return {
    k: 'call',
    name,
    args,
    star,
    distinct,
    line,
    ...(datepart ? { datepart } : {}),
    ...(withinGroup ? { withinGroup } : {}),
    ...(over ? { over } : {}),
  };
}

function parseDatePart(ts: TokenStream, fn: string): DatePart {
  const t = ts.cur;
  const part = t.kind === 'word' ? DATE_PARTS.get(t.text.toLowerCase()) : undefined;
  if (part === undefined) throw sqlError(155, t.text, fn.toLowerCase()).at(t.line);
  ts.next();
  return part as DatePart;
}

/** TRIM(x), TRIM(chars FROM x): the text first, then the characters. */
function trimArgs(ts: TokenStream): Expr[] {
  if (ts.isAny('LEADING', 'TRAILING', 'BOTH')) throw unsupported(`TRIM with ${ts.cur.key}`, ts.line);
  const first = parseExpr(ts);
  return ts.eat('FROM') ? [parseExpr(ts), first] : [first];
}

function withinGroupItems(ts: TokenStream): ReturnType<typeof parseOrderBy> {
  ts.need('(');
  const items = parseOrderBy(ts);
  ts.need(')');
  return items;
}

/** A constant with an optional sign, for defaults of parameters and options. */
export function parseConstant(ts: TokenStream): Literal | { readonly k: 'null' } | undefined {
  const mark = ts.mark();
  const sign = ts.eat('-') ? '-' : ts.eat('+') ? '+' : '';
  const t = ts.cur;
  if (t.kind === 'number' || t.kind === 'money' || t.kind === 'string' || t.kind === 'nstring' || t.kind === 'binary') {
    ts.next();
    return literalOf(t, sign === '-');
  }
  if (sign === '' && ts.eat('NULL')) return { k: 'null' };
  ts.restore(mark);
  return undefined;
}
