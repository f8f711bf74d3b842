import { isAssignOp } from './assignOps.ts';
import type { CommonTable, Expr, Predicate, QueryOption, TableSource, Top } from './ast.ts';
import type {
  DmlTarget,
  InsertSource,
  InsertStatement,
  OutputClause,
  SetClause,
  Statement,
  StatementOf,
} from './astStatements.ts';
import { sqlError, unsupported } from './errors.ts';
import { parseExecute } from './parseExecute.ts';
import { parseExpr, parsePredicate } from './parseExpr.ts';
import { parseFrom, parseHints } from './parseFrom.ts';
import { parseNameList, parseObjectName, parseType } from './parseNames.ts';
import { parseCommonTables, parseQuery, parseQueryOptions, parseSelectItem, parseTop } from './parseQuery.ts';
import type { TokenStream } from './tokenStream.ts';

/** A table or table variable that a statement changes, with its hints. */
export function parseTarget(ts: TokenStream): DmlTarget {
  const line = ts.line;
  if (ts.cur.kind === 'variable') return { k: 'tableVariable', variable: ts.variable(), line };
  if (ts.isAny('OPENQUERY', 'OPENROWSET')) throw unsupported(ts.cur.key, line);
  const name = parseObjectName(ts);
  return { k: 'table', name, hints: parseHints(ts), line };
}

function optionalTop(ts: TokenStream): { top?: Top } {
  return ts.is('TOP') ? { top: parseTop(ts) } : {};
}

/** INSERT …; the current token is INSERT. INSERT BULK too. */
export function parseInsert(ts: TokenStream, ctes: readonly CommonTable[]): Statement {
  const line = ts.line;
  ts.need('INSERT');
  if (ts.is('BULK')) return parseInsertBulk(ts, line);
  const top = optionalTop(ts);
  ts.eat('INTO');
  const target = parseTarget(ts);
  const columns = ts.is('(') && !isQueryInParens(ts) ? parseColumnList(ts) : undefined;
  const hints = target.k === 'table' && target.hints.length === 0 ? parseHints(ts) : [];
  const output = parseOutputs(ts);
  const source = parseInsertSource(ts);
  const full: InsertStatement = {
    k: 'insert',
    ctes,
    ...top,
    target: target.k === 'table' && hints.length > 0 ? { ...target, hints } : target,
    ...(columns ? { columns } : {}),
    output,
    source,
  };
  return { ...full, line };
}

function isQueryInParens(ts: TokenStream): boolean {
  let n = 0;
  while (ts.peek(n).key === '(') n++;
  return ts.peek(n).key === 'SELECT';
}

/** Column names, of which only the last part counts. */
function parseColumnList(ts: TokenStream): string[] {
  return ts.parens(() => parseObjectName(ts).name);
}

function parseInsertSource(ts: TokenStream): InsertSource {
  if (ts.eatSeq('DEFAULT', 'VALUES')) return { k: 'defaultValues' };
  if (ts.eat('VALUES')) {
    const rows = ts.list(() => ts.parens(() => parseExpr(ts)));
    if (rows.some((row) => row.length !== rows[0]?.length)) throw sqlError(10709).at(ts.line);
    if (rows.length > 1000) throw sqlError(10738).at(ts.line);
    return { k: 'values', rows };
  }
  if (ts.isAny('EXEC', 'EXECUTE')) return { k: 'exec', statement: parseExecute(ts) };
  if (ts.is('WITH')) return { k: 'query', query: parseQuery(ts, parseCommonTables(ts)) };
  if (!ts.is('SELECT') && !ts.is('(')) throw ts.error();
  return { k: 'query', query: parseQuery(ts) };
}

function parseInsertBulk(ts: TokenStream, line: number): StatementOf<'insertBulk'> {
  ts.need('BULK');
  const table = parseObjectName(ts);
  const columns = ts.parens(() => {
    const name = ts.anyName();
    const type = parseType(ts);
    if (ts.eat('COLLATE')) ts.anyName();
    if (ts.eat('NOT')) ts.need('NULL');
    else ts.eat('NULL');
    return { name, type };
  });
  const options: string[] = [];
  if (ts.eat('WITH')) {
    ts.parens(() => {
      const option = ts.next();
      options.push(option.key || option.text.toUpperCase());
      if (ts.eat('=')) ts.next();
      else if (ts.is('(')) ts.parens(() => void [ts.anyName(), ts.eat('ASC') || ts.eat('DESC')]);
    });
  }
  return { k: 'insertBulk', table, columns, options, line };
}

/** OUTPUT … [INTO …], at most two. */
export function parseOutputs(ts: TokenStream): OutputClause[] {
  const out: OutputClause[] = [];
  while (out.length < 2 && ts.eat('OUTPUT')) {
    const items = ts.list(() => parseSelectItem(ts));
    if (ts.eat('INTO')) {
      const target = parseTarget(ts);
      const columns = ts.is('(') && !isQueryInParens(ts) ? parseNameList(ts) : undefined;
      out.push({ items, into: { target, ...(columns ? { columns } : {}) } });
    } else out.push({ items });
  }
  return out;
}

interface Tail {
  from: readonly TableSource[];
  where?: Predicate;
  options: readonly QueryOption[];
}

function parseTail(ts: TokenStream): Tail {
  const from = ts.eat('FROM') ? parseFrom(ts) : [];
  let where: Predicate | undefined;
  if (ts.eat('WHERE')) {
    if (ts.isSeq('CURRENT', 'OF')) throw unsupported('WHERE CURRENT OF', ts.line);
    where = parsePredicate(ts);
  }
  return { from, ...(where ? { where } : {}), options: parseQueryOptions(ts) };
}

/** UPDATE …; the current token is UPDATE. */
export function parseUpdate(ts: TokenStream, ctes: readonly CommonTable[]): Statement {
  const line = ts.line;
  ts.need('UPDATE');
  if (ts.is('STATISTICS')) return parseUpdateStatistics(ts, line);
  const top = optionalTop(ts);
  const target = parseTarget(ts);
  const set = parseSet(ts);
  const output = parseOutputs(ts);
  return { k: 'update', ctes, ...top, target, set, output, ...parseTail(ts), line };
}

/** UPDATE STATISTICS table [index | (columns)] [WITH …]: there is no optimizer that reads any. */
function parseUpdateStatistics(ts: TokenStream, line: number): Statement {
  ts.need('STATISTICS');
  parseObjectName(ts);
  if (ts.is('(')) parseNameList(ts);
  else if (ts.isName()) ts.name();
  if (ts.eat('WITH')) ts.list(() => (ts.eat('SAMPLE') ? [ts.integer(), ts.anyName()] : ts.anyName()));
  return { k: 'noop', what: 'UPDATE STATISTICS', line };
}

/** SET a = 1, @v = b = 2, …; the current token is SET. */
export function parseSet(ts: TokenStream): SetClause[] {
  ts.need('SET');
  return ts.list(() => parseSetClause(ts));
}

function parseSetClause(ts: TokenStream): SetClause {
  const variable = ts.cur.kind === 'variable' ? ts.variable() : undefined;
  if (variable !== undefined) {
    const op = ts.next();
    if (!isAssignOp(op.text)) throw ts.error(op);
    if (op.text === '=' && ts.isName() && isAssignOp(ts.peek().text)) {
      const inner = assignColumn(ts);
      return { ...inner, variable };
    }
    return { variable, op: op.text, value: parseExpr(ts) };
  }
  return assignColumn(ts);
}

function assignColumn(ts: TokenStream): SetClause {
  const line = ts.line;
  const parts = [ts.name()];
  while (ts.eat('.')) parts.push(ts.anyName());
  if (ts.is('(')) throw unsupported(`The method ${parts.at(-1)}() in SET`, line);
  const op = ts.next();
  if (!isAssignOp(op.text)) throw ts.error(op);
  const name = parts.pop() ?? '';
  const value: Expr = parseExpr(ts);
  return { column: { k: 'column', qualifier: parts, name, line }, op: op.text, value };
}

/** DELETE …; the current token is DELETE. */
export function parseDelete(ts: TokenStream, ctes: readonly CommonTable[]): Statement {
  const line = ts.line;
  ts.need('DELETE');
  const top = optionalTop(ts);
  ts.eat('FROM');
  const target = parseTarget(ts);
  const output = parseOutputs(ts);
  return { k: 'delete', ctes, ...top, target, output, ...parseTail(ts), line };
}
