import type { Query } from '../../sql/ast.ts';
import { sqlError } from '../../sql/errors.ts';
import type { Compiled, CompiledColumn, CompiledPredicate, Frame } from '../../sql/exprTypes.ts';
import type { SqlValue } from '../../sql/values.ts';
import type { SubqueryCompiler } from '../compile/context.ts';
import { compileQuery } from './compileQuery.ts';
import type { QueryFrame } from './frame.ts';
import type { QueryPlan } from './queryPlan.ts';
import type { QueryScope } from './scope.ts';

/** Runs `compute` once per statement when the plan does not depend on the current row. */
function cached<T>(plan: QueryPlan, compute: (f: QueryFrame) => T): (f: Frame) => T {
  if (plan.correlated) return (f) => compute(f as QueryFrame);
  return (f) => {
    const frame = f as QueryFrame;
    const { cache } = frame.env.statement;
    if (!cache.has(plan)) cache.set(plan, compute(frame));
    return cache.get(plan) as T;
  };
}

function compile(query: Query, scope: QueryScope): QueryPlan {
  return compileQuery(query, scope.context, scope, true);
}

/** Subqueries in expressions. */
export const SUBQUERIES: SubqueryCompiler = {
  scalar(query: Query, scope: QueryScope): Compiled {
    const plan = compile(query, scope);
    if (plan.columns.length !== 1) throw sqlError(116);
    const { type, collation } = plan.columns[0]!;
    const evaluate = cached(plan, (f) => {
      const pull = plan.open(f.env, f);
      const first = pull();
      if (first === null) return null;
      if (pull() !== null) throw sqlError(512);
      return first[0] ?? null;
    });
    return { type, nullable: true, collation, eval: evaluate };
  },

  exists(query: Query, scope: QueryScope): CompiledPredicate {
    const plan = compile(query, scope);
    return cached(plan, (f) => plan.open(f.env, f)() !== null);
  },

  column(query: Query, scope: QueryScope): CompiledColumn {
    const plan = compile(query, scope);
    if (plan.columns.length !== 1) throw sqlError(116);
    const { type, nullable, collation } = plan.columns[0]!;
    const values = cached(plan, (f) => {
      const found: SqlValue[] = [];
      const pull = plan.open(f.env, f);
      for (let row = pull(); row !== null; row = pull()) found.push(row[0] ?? null);
      return found;
    });
    return { type, nullable, collation, values };
  },
};
