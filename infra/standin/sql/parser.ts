import type { Expr, Query } from './ast.ts';
import type { Batch } from './astStatements.ts';
import { parseExpr } from './parseExpr.ts';
import { parseQuery } from './parseQuery.ts';
import { parseStatementsToEnd } from './parseStatement.ts';
import { TokenStream } from './tokenStream.ts';

/**
 * Parses one batch (no GO lines; see splitBatches). Throws SqlError with its line: 102 or 156 for syntax, 105 and 113 for open quotes and
 * comments, 40517 for constructs that are known and not built.
 */
export function parseBatch(sql: string): Batch {
  return { statements: parseStatementsToEnd(new TokenStream(sql)) };
}

/** Parses a lone value expression, as tests and stored definitions need it. */
export function parseExpression(sql: string): Expr {
  const ts = new TokenStream(sql);
  const expr = parseExpr(ts);
  if (!ts.atEnd) throw ts.error();
  return expr;
}

/** Parses a lone query. */
export function parseQueryText(sql: string): Query {
  const ts = new TokenStream(sql);
  const query = parseQuery(ts);
  if (!ts.atEnd) throw ts.error();
  return query;
}
