import type { CommonTable, Expr } from './ast.ts';
import type { MergeWhen, Statement } from './astStatements.ts';
import { sqlError } from './errors.ts';
import { parseOutputs, parseSet, parseTarget } from './parseDml.ts';
import { parseExpr, parsePredicate } from './parseExpr.ts';
import { parseHints, parseJoined, parseTableAlias } from './parseFrom.ts';
import { parseObjectName } from './parseNames.ts';
import { parseQueryOptions, parseTop } from './parseQuery.ts';
import type { TokenStream } from './tokenStream.ts';

/** MERGE … ;  the current token is MERGE, and the closing semicolon is required (10713). */
export function parseMerge(ts: TokenStream, ctes: readonly CommonTable[]): Statement {
  const line = ts.line;
  ts.need('MERGE');
  const top = ts.is('TOP') ? parseTop(ts) : undefined;
  ts.eat('INTO');
  const first = parseTarget(ts);
  const alias = parseTableAlias(ts);
  const hints = first.k === 'table' && first.hints.length === 0 ? parseHints(ts) : [];
  const target = first.k === 'table' && hints.length > 0 ? { ...first, hints } : first;
  ts.need('USING');
  const source = parseJoined(ts);
  ts.need('ON');
  const on = parsePredicate(ts);
  const whens: MergeWhen[] = [];
  if (!ts.is('WHEN')) throw ts.error();
  while (ts.eat('WHEN')) whens.push(parseWhen(ts));
  const output = parseOutputs(ts);
  const options = parseQueryOptions(ts);
  if (!ts.is(';')) throw sqlError(10713).at(ts.line);
  return {
    k: 'merge',
    ctes,
    ...(top ? { top } : {}),
    target,
    ...(alias === undefined ? {} : { alias }),
    source,
    on,
    whens,
    output,
    options,
    line,
  };
}

function parseWhen(ts: TokenStream): MergeWhen {
  const match = parseMatch(ts);
  const and = ts.eat('AND') ? parsePredicate(ts) : undefined;
  ts.need('THEN');
  const action = parseAction(ts, match);
  return { match, ...(and ? { and } : {}), action };
}

function parseMatch(ts: TokenStream): MergeWhen['match'] {
  if (ts.eat('MATCHED')) return 'matched';
  ts.need('NOT', 'MATCHED');
  if (!ts.eat('BY')) return 'notMatched';
  if (ts.eat('TARGET')) return 'notMatched';
  ts.need('SOURCE');
  return 'notMatchedBySource';
}

function parseAction(ts: TokenStream, match: MergeWhen['match']): MergeWhen['action'] {
  const t = ts.cur;
  const inserts = t.key === 'INSERT';
  if (inserts !== (match === 'notMatched') && ['INSERT', 'UPDATE', 'DELETE'].includes(t.key)) {
    const clause = match === 'matched' ? 'MATCHED' : match === 'notMatched' ? 'NOT MATCHED' : 'NOT MATCHED BY SOURCE';
    throw sqlError(10711, t.key, clause).at(t.line);
  }
  if (ts.eat('DELETE')) return { k: 'delete' };
  if (ts.eat('UPDATE')) return { k: 'update', set: parseSet(ts) };
  ts.need('INSERT');
  const columns = ts.is('(') ? ts.parens(() => parseObjectName(ts).name) : undefined;
  if (ts.eatSeq('DEFAULT', 'VALUES')) return { k: 'insert', ...(columns ? { columns } : {}) };
  ts.need('VALUES');
  const values: Expr[] = ts.parens(() => parseExpr(ts));
  return { k: 'insert', ...(columns ? { columns } : {}), values };
}
