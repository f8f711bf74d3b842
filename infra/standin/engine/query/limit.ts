import type { Expr, Top } from '../../sql/ast.ts';
import { sqlError } from '../../sql/errors.ts';
import { compileExpr } from '../../sql/expr.ts';
import type { Compiled } from '../../sql/exprTypes.ts';
import type { Execution } from '../run/execution.ts';
import type { QueryFrame, RowPull } from './frame.ts';
import type { QueryScope } from './scope.ts';
import type { SortKey } from './sortKeys.ts';

/** TOP, and OFFSET … FETCH. */
export interface Limits {
  readonly top: Top | undefined;
  readonly tail: { readonly offset: Expr | undefined; readonly fetch: Expr | undefined };
  /** ORDER BY, for WITH TIES. */
  readonly ties: readonly SortKey[];
  readonly distinct: boolean;
}

type Open = (f: QueryFrame) => RowPull;

/** A row count: a whole number that is not negative (1060, 10742, 10744). */
function countOf(compiled: Compiled, f: QueryFrame, least: number, error: number): number {
  const value = compiled.eval(f);
  if (value === null || typeof value === 'object' || typeof value === 'string') throw sqlError(1060);
  const scale = compiled.type.k === 'decimal' ? 10 ** compiled.type.s : 1;
  const count = Math.trunc(Number(value) / scale);
  if (count < least) throw sqlError(error);
  return count;
}

/** The count of a TOP outside a query. */
export function topCount(top: Compiled, f: QueryFrame): number {
  return countOf(top, f, 0, 1060);
}

/** SET ROWCOUNT: rows a statement returns or changes at most. */
export function rowCountLimit(env: Execution): number {
  return env.session.options.rowCount || Number.POSITIVE_INFINITY;
}

/** Rows as far as SET ROWCOUNT lets them through. */
export function cutByRowCount(env: Execution, pull: RowPull): RowPull {
  let left = rowCountLimit(env);
  if (left === Number.POSITIVE_INFINITY) return pull;
  return () => (left-- > 0 ? pull() : null);
}

/** Cuts the rows of `open` as TOP or OFFSET … FETCH say. */
export function limited(open: Open, limits: Limits, scope: QueryScope): Open {
  const top = limits.top ? compileExpr(limits.top.count, scope) : null;
  const offset = limits.tail.offset ? compileExpr(limits.tail.offset, scope) : null;
  const fetch = limits.tail.fetch ? compileExpr(limits.tail.fetch, scope) : null;
  if (!top && !offset) return open;
  // SELECT TOP (0) … WITH (TABLOCKX) takes the lock all the same.
  const locksTables = scope.sources.some(({ access }) => access.k === 'table' && access.lock.tableLock !== null);
  if (top && limits.top?.withTies) {
    if (limits.ties.length === 0) throw sqlError(1062);
    return (f) => withTies(f, open, countOf(top, f, 0, 1060), limits.ties);
  }
  return (f) => {
    const skip = offset ? countOf(offset, f, 0, 10742) : 0;
    let left = top ? countOf(top, f, 0, 1060) : fetch ? countOf(fetch, f, 1, 10744) : Number.POSITIVE_INFINITY;
    if (left === 0 && !locksTables) return () => null;
    const pull = open(f);
    let skipped = skip === 0;
    return () => {
      if (left <= 0) return null;
      if (!skipped) {
        for (let i = 0; i < skip; i++) if (pull() === null) return null;
        skipped = true;
      }
      left--;
      return pull();
    };
  };
}

function withTies(f: QueryFrame, open: Open, count: number, ties: readonly SortKey[]): RowPull {
  if (count === 0) return () => null;
  const pull = open(f);
  let taken = 0;
  let last: string[] = [];
  return () => {
    const row = pull();
    if (row === null) return null;
    const keys = ties.map((key) => key.of(f));
    if (++taken > count && keys.some((key, i) => key !== last[i])) return null;
    last = keys;
    return row;
  };
}
