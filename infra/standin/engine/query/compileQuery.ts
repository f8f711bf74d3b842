import type { Query, QueryBody } from '../../sql/ast.ts';
import { sqlError } from '../../sql/errors.ts';
import type { CompileContext } from '../compile/context.ts';
import { forJsonPlan } from './forJson.ts';
import type { QueryPlan } from './queryPlan.ts';
import { type CteScope, QueryScope } from './scope.ts';
import { compileSelect, type SelectTail } from './select.ts';
import { compileSetOperation } from './setOperation.ts';

/**
 * Compiles a query. `parent` is the query around it (null at the top); `lateral` says whether the parent's own sources may be referred to:
 * true for subqueries and APPLY, false for derived tables, which see only what is further out.
 */
export function compileQuery(
  query: Query,
  context: CompileContext,
  parent: QueryScope | null,
  lateral: boolean,
  ctes: CteScope | null = parent?.ctes ?? null,
): QueryPlan {
  context.usesData = true;
  const scoped = withCtes(query.ctes, ctes);
  const tail: SelectTail = { orderBy: query.orderBy, offset: query.offset, fetch: query.fetch };
  const plan = compileBody(query.body, tail, { context, parent, lateral, ctes: scoped });
  return query.forJson ? forJsonPlan(plan, query.forJson) : plan;
}

/** What a query body is compiled in. */
export interface BodyContext {
  readonly context: CompileContext;
  readonly parent: QueryScope | null;
  readonly lateral: boolean;
  readonly ctes: CteScope | null;
}

export const NO_TAIL: SelectTail = { orderBy: [], offset: undefined, fetch: undefined };

export function compileBody(body: QueryBody, tail: SelectTail, at: BodyContext): QueryPlan {
  if (body.k === 'setOperation') return compileSetOperation(body, tail, at);
  return compileSelect(body, tail, at);
}

/** A fresh scope for one level of the query. */
export function newScope(at: BodyContext): QueryScope {
  const scope = new QueryScope(at.context, at.parent, at.lateral);
  scope.ctes = at.ctes;
  return scope;
}

/** Adds common table expressions; each sees those before it and itself. */
export function withCtes(tables: Query['ctes'], outer: CteScope | null): CteScope | null {
  let scope = outer;
  const names = new Set<string>();
  for (const table of tables) {
    const name = table.name.toLowerCase();
    if (names.has(name)) throw sqlError(239, table.name);
    names.add(name);
    scope = { outer: scope, name, table, recursion: null };
  }
  return scope;
}
