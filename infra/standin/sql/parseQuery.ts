import { isAssignOp } from './assignOps.ts';
import type {
  CommonTable,
  Expr,
  ForJson,
  Predicate,
  Query,
  QueryBody,
  QueryOption,
  Select,
  SelectItem,
  TableSource,
  Top,
} from './ast.ts';
import { sqlError, unsupported } from './errors.ts';
import { parseExpr, parsePredicate } from './parseExpr.ts';
import { parseFrom } from './parseFrom.ts';
import { parseNameList, parseObjectName } from './parseNames.ts';
import { parseOrderBy } from './parseWindow.ts';
import type { TokenStream } from './tokenStream.ts';

/** A query with its set operations, ORDER BY, OFFSET, FOR JSON and OPTION. `ctes` come from a statement's WITH. */
export function parseQuery(ts: TokenStream, ctes: readonly CommonTable[] = []): Query {
  const body = setOperations(ts);
  const orderBy = ts.is('ORDER') ? parseOrderBy(ts) : [];
  let offset: Expr | undefined;
  let fetch: Expr | undefined;
  if (orderBy.length > 0 && ts.eat('OFFSET')) {
    offset = parseExpr(ts);
    rowOrRows(ts);
    if (ts.eat('FETCH')) {
      if (!ts.eat('NEXT')) ts.need('FIRST');
      fetch = parseExpr(ts);
      rowOrRows(ts);
      ts.need('ONLY');
    }
  }
  const forJson = ts.is('FOR') ? parseFor(ts) : undefined;
  const options = parseQueryOptions(ts);
  return {
    ctes,
    body,
    orderBy,
    options,
    ...(offset ? { offset } : {}),
    ...(fetch ? { fetch } : {}),
    ...(forJson ? { forJson } : {}),
  };
}

/** WITH a (x) AS (query), …; the current token is WITH. */
export function parseCommonTables(ts: TokenStream): CommonTable[] {
  ts.need('WITH');
  if (ts.is('XMLNAMESPACES')) throw unsupported('WITH XMLNAMESPACES', ts.line);
  return ts.list(() => {
    const name = ts.name();
    const columns = ts.is('(') ? parseNameList(ts) : undefined;
    ts.need('AS', '(');
    const query = parseQuery(ts);
    ts.need(')');
    return { name, query, ...(columns ? { columns } : {}) };
  });
}

function rowOrRows(ts: TokenStream): void {
  if (!ts.eat('ROWS')) ts.need('ROW');
}

function setOperations(ts: TokenStream): QueryBody {
  let left = intersections(ts);
  while (ts.isAny('UNION', 'EXCEPT')) {
    const except = ts.next().key === 'EXCEPT';
    const op = except ? 'except' : ts.eat('ALL') ? 'unionAll' : 'union';
    left = { k: 'setOperation', op, left, right: intersections(ts) };
  }
  return left;
}

function intersections(ts: TokenStream): QueryBody {
  let left = operand(ts);
  while (ts.eat('INTERSECT')) left = { k: 'setOperation', op: 'intersect', left, right: operand(ts) };
  return left;
}

function operand(ts: TokenStream): QueryBody {
  if (!ts.eat('(')) return parseSelect(ts);
  const body = setOperations(ts);
  ts.need(')');
  return body;
}

function parseSelect(ts: TokenStream): Select {
  const line = ts.line;
  ts.need('SELECT');
  const distinct = ts.eat('DISTINCT');
  if (!distinct) ts.eat('ALL');
  const top = ts.is('TOP') ? parseTop(ts) : undefined;
  const items = ts.list(() => parseSelectItem(ts));
  const into = ts.eat('INTO') ? parseObjectName(ts) : undefined;
  const from: TableSource[] = ts.eat('FROM') ? parseFrom(ts) : [];
  const where: Predicate | undefined = ts.eat('WHERE') ? parsePredicate(ts) : undefined;
  const groupBy = ts.eatSeq('GROUP', 'BY') ? parseGroupBy(ts) : [];
  const having = ts.eat('HAVING') ? parsePredicate(ts) : undefined;
  if (ts.is('WINDOW') && ts.peek(2).key === 'AS') throw unsupported('A WINDOW clause', ts.line);
  return {
    k: 'select',
    distinct,
    items,
    from,
    groupBy,
    line,
    ...(top ? { top } : {}),
    ...(into ? { into } : {}),
    ...(where ? { where } : {}),
    ...(having ? { having } : {}),
  };
}

/** TOP n | TOP (expression) [WITH TIES]; the current token is TOP. */
export function parseTop(ts: TokenStream): Top {
  const line = ts.line;
  ts.need('TOP');
  let count: Expr;
  if (ts.eat('(')) {
    count = parseExpr(ts);
    ts.need(')');
  } else {
    count = { k: 'literal', type: { k: 'int' }, value: Number(ts.integer()) };
  }
  if (ts.is('PERCENT')) throw unsupported('TOP … PERCENT', line);
  const withTies = ts.eatSeq('WITH', 'TIES');
  return { count, withTies };
}

function parseGroupBy(ts: TokenStream): Expr[] {
  if (ts.isAny('ROLLUP', 'CUBE', 'GROUPING') && (ts.peek().key === '(' || ts.peek().key === 'SETS')) {
    throw unsupported(`GROUP BY ${ts.cur.key}`, ts.line);
  }
  const list = ts.list(() => parseExpr(ts));
  if (ts.is('WITH') && ['ROLLUP', 'CUBE'].includes(ts.peek().key))
    throw unsupported(`GROUP BY … WITH ${ts.peek().key}`, ts.line);
  return list;
}

/** `*`, `t.*`, `@v = x`, `alias = x`, `x`, `x AS alias`, `x alias`. */
export function parseSelectItem(ts: TokenStream): SelectItem {
  if (ts.eat('*')) return { k: 'star', qualifier: [] };
  const t = ts.cur;
  if (t.kind === 'variable' && isAssignOp(ts.peek().key)) {
    const variable = ts.variable();
    const op = ts.next().text;
    if (!isAssignOp(op)) throw ts.error();
    return { k: 'assign', variable, op, expr: parseExpr(ts) };
  }
  const qualifier = starQualifier(ts);
  if (qualifier) return { k: 'star', qualifier };
  if ((ts.isName() || t.kind === 'string' || t.kind === 'nstring') && ts.peek().key === '=') {
    ts.next();
    ts.next();
    return { k: 'expr', alias: t.text, expr: parseExpr(ts) };
  }
  const expr = parseExpr(ts);
  const alias = parseAlias(ts);
  return { k: 'expr', expr, ...(alias === undefined ? {} : { alias }) };
}

/** Takes `a.b.*` if it stands here. */
function starQualifier(ts: TokenStream): string[] | undefined {
  let n = 0;
  while ((ts.peek(n).kind === 'word' || ts.peek(n).kind === 'quoted') && ts.peek(n + 1).key === '.') n += 2;
  if (n === 0 || ts.peek(n).key !== '*') return undefined;
  const parts: string[] = [];
  for (let i = 0; i < n; i += 2) {
    parts.push(ts.next().text);
    ts.next();
  }
  ts.next();
  return parts;
}

function parseAlias(ts: TokenStream): string | undefined {
  const explicit = ts.eat('AS');
  const t = ts.cur;
  if (t.kind === 'string' || t.kind === 'nstring') return ts.next().text;
  if (explicit) return ts.name();
  return ts.isName() && !endsSelectItem(ts) ? ts.next().text : undefined;
}

/** Words that are not reserved and yet follow a select list: OUTPUT … INTO has none, MERGE and INSERT … EXEC neither. */
function endsSelectItem(ts: TokenStream): boolean {
  return ts.is('OUTPUT') || (ts.is('WINDOW') && ts.peek(2).key === 'AS');
}

function parseFor(ts: TokenStream): ForJson | undefined {
  const line = ts.line;
  const kind = ts.peek().key;
  if (kind === 'XML' || kind === 'BROWSE') throw unsupported(`FOR ${kind}`, line);
  if (kind !== 'JSON') return undefined;
  ts.next();
  ts.next();
  if (ts.is('AUTO')) throw unsupported('FOR JSON AUTO', line);
  ts.need('PATH');
  let root: string | undefined;
  let includeNulls = false;
  let withoutArrayWrapper = false;
  while (ts.eat(',')) {
    const option = ts.next();
    if (option.key === 'ROOT') root = ts.is('(') ? ts.parens(() => ts.string())[0] : 'root';
    else if (option.key === 'INCLUDE_NULL_VALUES') includeNulls = true;
    else if (option.key === 'WITHOUT_ARRAY_WRAPPER') withoutArrayWrapper = true;
    else throw ts.error(option);
  }
  return { includeNulls, withoutArrayWrapper, ...(root === undefined ? {} : { root }) };
}

/** OPTION (…), or nothing. */
export function parseQueryOptions(ts: TokenStream): QueryOption[] {
  if (!ts.eat('OPTION')) return [];
  return ts.parens(() => {
    const words: string[] = [];
    let value: number | undefined;
    while (!ts.is(',') && !ts.is(')')) {
      if (ts.atEnd) throw ts.error();
      if (ts.is('(')) {
        skipParens(ts);
        continue;
      }
      const t = ts.next();
      if (t.kind === 'number') value = Number(t.text);
      else words.push(t.key || t.text);
    }
    if (words.length === 0) throw sqlError(102, ts.cur.text).at(ts.line);
    return { name: words.join(' '), ...(value === undefined ? {} : { value }) };
  });
}

function skipParens(ts: TokenStream): void {
  ts.need('(');
  while (!ts.is(')')) {
    if (ts.atEnd) throw ts.error();
    if (ts.is('(')) skipParens(ts);
    else ts.next();
  }
  ts.need(')');
}
