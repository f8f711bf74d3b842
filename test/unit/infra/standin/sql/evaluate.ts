import { convert } from '#infra/standin/sql/convert.ts';
import { SqlError, unsupported } from '#infra/standin/sql/errors.ts';
import { compileExpr, compilePredicate } from '#infra/standin/sql/expr.ts';
import type { Compiled, Frame, Scope, Truth } from '#infra/standin/sql/exprTypes.ts';
import { parseExpr } from '#infra/standin/sql/parseExpr.ts';
import { parseQuery } from '#infra/standin/sql/parseQuery.ts';
import { printType } from '#infra/standin/sql/print.ts';
import { TokenStream } from '#infra/standin/sql/tokenStream.ts';
import { MAX } from '#infra/standin/sql/values.ts';

/** A clock that stands still: 2024-05-17 10:20:30.1235 UTC. */
export const FRAME: Frame = {
  env: { nowMs: Date.UTC(2024, 4, 17, 10, 20, 30) + 123.5, utcOffsetMinutes: 120, dateFirst: 7, dateFormat: 'mdy' },
};

/** A scope without tables; `variables` are by name with their `@`. */
export function plainScope(variables: Readonly<Record<string, Compiled>> = {}): Scope {
  const none = (): never => {
    throw unsupported('A table in this test');
  };
  return {
    column: none,
    variable: (name) => variables[name] ?? none(),
    call: () => undefined,
    subquery: none,
    exists: none,
    columnOf: none,
    userType: () => undefined,
    nextValue: none,
    columnUpdated: none,
    mergeAction: none,
  };
}

/** The whole text as one expression or query. */
function parsed<T>(sql: string, parse: (ts: TokenStream) => T): T {
  const ts = new TokenStream(sql);
  const found = parse(ts);
  if (!ts.atEnd) throw ts.error();
  return found;
}

/** Compiles and evaluates an expression: its value as text (null for NULL) and the name of its type. */
export function evaluate(
  sql: string,
  frame: Frame = FRAME,
  scope: Scope = plainScope(),
): { text: string | null; type: string } {
  const compiled = compileExpr(parsed(sql, parseExpr), scope);
  const value = compiled.eval(frame);
  const isBytes = Buffer.isBuffer(value);
  const isDate = ['datetime', 'smalldatetime'].includes(compiled.type.k);
  const isMoney = compiled.type.k === 'money' || compiled.type.k === 'smallmoney';
  const style = isBytes ? 1 : isDate ? 121 : isMoney ? 2 : compiled.type.k === 'float' ? 126 : undefined;
  const text = convert(value, compiled.type, { k: 'varchar', n: MAX }, style);
  return { text: text as string | null, type: printType(compiled.type) };
}

/** The text alone. */
export function textOf(sql: string): string | null {
  return evaluate(sql).text;
}

/** Number of the SqlError an expression raises; fails the test when there is none. */
export function errorOf(run: () => unknown): SqlError {
  try {
    run();
  } catch (error) {
    if (error instanceof SqlError) return error;
    throw error;
  }
  throw new Error('expected a SqlError, and nothing was raised');
}

/** Truth of a condition. */
export function truthOf(condition: string, scope: Scope = plainScope()): Truth {
  const query = parsed(`SELECT 1 WHERE ${condition}`, parseQuery);
  if (query.body.k !== 'select' || !query.body.where) throw new Error('the test needs a condition');
  return compilePredicate(query.body.where, scope)(FRAME);
}
