import type { Expr, ObjectName, Predicate, TableSource } from './ast.ts';
import type { OpenJsonColumn } from './astSources.ts';
import { sqlError, unsupported } from './errors.ts';
import { TABLE_HINTS } from './keywords.ts';
import { parseExpr, parsePredicate, startsQuery } from './parseExpr.ts';
import { parseNameList, parseObjectName, parseType } from './parseNames.ts';
import { parseQuery } from './parseQuery.ts';
import { parseXmlNodes } from './parseXmlMethod.ts';
import type { TokenStream } from './tokenStream.ts';

/** The comma-separated sources after FROM. */
export function parseFrom(ts: TokenStream): TableSource[] {
  return ts.list(() => parseJoined(ts));
}

/** One source with everything joined to it. */
export function parseJoined(ts: TokenStream): TableSource {
  let left = parseSource(ts);
  for (;;) {
    if (ts.eatSeq('CROSS', 'APPLY')) left = { k: 'apply', outer: false, left, right: parseSource(ts) };
    else if (ts.eatSeq('OUTER', 'APPLY')) left = { k: 'apply', outer: true, left, right: parseSource(ts) };
    else if (ts.eatSeq('CROSS', 'JOIN')) left = { k: 'join', kind: 'cross', left, right: parseSource(ts) };
    else {
      const kind = joinKind(ts);
      if (!kind) return left;
      // `a JOIN b JOIN c ON … ON …`: the right side takes the joins that come before this one's ON.
      const right = parseNested(ts);
      ts.need('ON');
      const on: Predicate = parsePredicate(ts);
      left = { k: 'join', kind, left, right, on };
    }
  }
}

function parseNested(ts: TokenStream): TableSource {
  const source = parseSource(ts);
  if (ts.is('ON')) return source;
  const kind = joinKind(ts);
  if (!kind) return source;
  const right = parseNested(ts);
  ts.need('ON');
  return { k: 'join', kind, left: source, right, on: parsePredicate(ts) };
}

function joinKind(ts: TokenStream): 'inner' | 'left' | 'right' | 'full' | undefined {
  if (ts.isAny('PIVOT', 'UNPIVOT')) throw unsupported(ts.cur.key, ts.line);
  if (ts.eat('JOIN')) return 'inner';
  const key = ts.cur.key;
  if (key === 'INNER') {
    ts.next();
    joinHint(ts);
    ts.need('JOIN');
    return 'inner';
  }
  if (key !== 'LEFT' && key !== 'RIGHT' && key !== 'FULL') return undefined;
  ts.next();
  ts.eat('OUTER');
  joinHint(ts);
  ts.need('JOIN');
  return key === 'LEFT' ? 'left' : key === 'RIGHT' ? 'right' : 'full';
}

/** LOOP, HASH and MERGE choose a plan, not a result. */
function joinHint(ts: TokenStream): void {
  if (ts.isAny('LOOP', 'HASH', 'MERGE', 'REMOTE')) ts.next();
}

function parseSource(ts: TokenStream): TableSource {
  if (ts.is('(')) return parenthesised(ts);
  const t = ts.cur;
  if (t.kind === 'variable') {
    const variable = ts.variable();
    if (ts.eat('.')) return nodesOf(ts, { k: 'variable', name: variable, line: t.line }, ts.anyName(), t.line);
    return { k: 'tableVariable', variable, line: t.line, ...tableAlias(ts) };
  }
  if (ts.is('OPENJSON') && ts.peek().key === '(') return parseOpenJson(ts);
  if (ts.isAny('OPENROWSET', 'OPENQUERY', 'OPENXML', 'OPENDATASOURCE', 'CONTAINSTABLE', 'FREETEXTTABLE'))
    throw unsupported(t.key, t.line);
  if (ts.is('CHANGETABLE') && ts.peek().key === '(') return parseChangeTable(ts);
  const name = parseObjectName(ts);
  if (ts.is('(') && !isOldHint(ts)) {
    if (name.schema !== undefined && name.name === 'nodes')
      return nodesOf(ts, nodesTarget(name, t.line), 'nodes', t.line);
    ts.next();
    const args: Expr[] = ts.is(')') ? [] : ts.list(() => parseExpr(ts));
    ts.need(')');
    const alias = tableAlias(ts);
    const columns = alias.alias !== undefined && ts.is('(') ? { columns: parseNameList(ts) } : {};
    return { k: 'tableFunction', name, args, line: t.line, ...alias, ...columns };
  }
  if (ts.isSeq('FOR', 'SYSTEM_TIME')) throw unsupported('FOR SYSTEM_TIME', t.line);
  const before = parseHints(ts);
  const alias = tableAlias(ts);
  if (ts.is('TABLESAMPLE')) throw unsupported('TABLESAMPLE', t.line);
  const hints = before.length > 0 ? before : parseHints(ts);
  return { k: 'table', name, hints, line: t.line, ...alias };
}

function nodesOf(ts: TokenStream, target: Expr, method: string, line: number): TableSource {
  if (method !== 'nodes') throw unsupported(`The xml method ${method}() as a source`, line);
  return parseXmlNodes(ts, target, line);
}

/** The column of `t.c.nodes(…)` or `c.nodes(…)`. */
function nodesTarget(name: ObjectName, line: number): Expr {
  const qualifier = name.database === undefined ? [] : [name.database];
  return { k: 'column', qualifier, name: name.schema!, line };
}

/** `t (NOLOCK)`, the form without WITH that the product still takes. */
function isOldHint(ts: TokenStream): boolean {
  const inner = ts.peek(1);
  return inner.kind === 'word' && TABLE_HINTS.has(inner.text.toLowerCase()) && [')', ','].includes(ts.peek(2).key);
}

/** WITH (hint, …) or (hint, …): lower-case names, 321 for unknown ones. */
export function parseHints(ts: TokenStream): string[] {
  if (ts.isSeq('WITH', '(')) ts.next();
  else if (!(ts.is('(') && isOldHint(ts))) return [];
  ts.need('(');
  const hints: string[] = [];
  while (!ts.eat(')')) {
    const t = ts.next();
    const hint = t.text.toLowerCase();
    if (t.kind !== 'word' || !TABLE_HINTS.has(hint)) throw sqlError(321, t.text).at(t.line);
    hints.push(hint);
    if (ts.eat('(')) {
      while (!ts.eat(')')) if (ts.next().kind === 'end') throw ts.error();
    } else if (hint === 'index' && ts.eat('=')) ts.next();
    ts.eat(',');
  }
  return hints;
}

/** Words that may follow a source and are not reserved; they cannot be an alias without AS. */
const NOT_ALIAS: ReadonlySet<string> = new Set(['USING', 'OUTPUT', 'WINDOW', 'OFFSET', 'THROW']);

function tableAlias(ts: TokenStream): { alias?: string } {
  if (ts.eat('AS')) return { alias: ts.name() };
  if (!ts.isName() || NOT_ALIAS.has(ts.cur.key)) return {};
  return { alias: ts.next().text };
}

/** The alias of a MERGE target or source. */
export function parseTableAlias(ts: TokenStream): string | undefined {
  return tableAlias(ts).alias;
}

function parenthesised(ts: TokenStream): TableSource {
  const line = ts.line;
  if (ts.peek().key === 'VALUES') {
    ts.next();
    ts.next();
    const rows = ts.list(() => ts.parens(() => parseExpr(ts)));
    ts.need(')');
    const alias = neededAlias(ts);
    return { k: 'values', rows, alias, columns: parseNameList(ts) };
  }
  if (startsQuery(ts, 1)) {
    const mark = ts.mark();
    ts.next();
    const query = parseQuery(ts);
    ts.need(')');
    const alias = tableAlias(ts).alias;
    if (alias !== undefined) {
      const columns = ts.is('(') ? parseNameList(ts) : undefined;
      return { k: 'derived', query, alias, ...(columns ? { columns } : {}) };
    }
    // `((SELECT …) a JOIN b …)`: the outer parenthesis held a join after all.
    ts.restore(mark);
    if (ts.peek().key !== '(') throw sqlError(102, ts.previous?.text ?? ')').at(line);
  }
  ts.need('(');
  const source = parseJoined(ts);
  ts.need(')');
  return source;
}

function neededAlias(ts: TokenStream): string {
  const { alias } = tableAlias(ts);
  if (alias === undefined) throw ts.error();
  return alias;
}

function parseOpenJson(ts: TokenStream): TableSource {
  const line = ts.line;
  ts.next();
  ts.need('(');
  const json = parseExpr(ts);
  const path = ts.eat(',') ? parseExpr(ts) : undefined;
  ts.need(')');
  const columns = ts.eat('WITH') ? ts.parens(() => parseOpenJsonColumn(ts)) : undefined;
  return { k: 'openJson', json, line, ...(path ? { path } : {}), ...(columns ? { columns } : {}), ...tableAlias(ts) };
}

/** CHANGETABLE(CHANGES t, version) or CHANGETABLE(VERSION t, (keys), (values)), with its alias, which is not optional. */
function parseChangeTable(ts: TokenStream): TableSource {
  const line = ts.line;
  ts.next();
  ts.need('(');
  const changes = ts.eat('CHANGES');
  if (!changes) ts.need('VERSION');
  const table = parseObjectName(ts);
  ts.need(',');
  const what = changes ? { since: parseExpr(ts) } : parseVersionKey(ts);
  ts.need(')');
  const alias = neededAlias(ts);
  const names = ts.is('(') ? { names: parseNameList(ts) } : {};
  return { k: 'changeTable', table, ...what, alias, ...names, line };
}

/** (column, …), (value, …) of CHANGETABLE(VERSION …). */
function parseVersionKey(ts: TokenStream): { keys: string[]; values: Expr[] } {
  const keys = parseNameList(ts);
  ts.need(',');
  return { keys, values: ts.parens(() => parseExpr(ts)) };
}

function parseOpenJsonColumn(ts: TokenStream): OpenJsonColumn {
  const name = ts.name();
  const type = parseType(ts);
  const path = ts.cur.kind === 'string' || ts.cur.kind === 'nstring' ? ts.string() : undefined;
  const asJson = ts.eatSeq('AS', 'JSON');
  return { name, type, asJson, ...(path === undefined ? {} : { path }) };
}
