import type { MergeStatement, MergeWhen } from '../../sql/astStatements.ts';
import { compileExpr, compilePredicate } from '../../sql/expr.ts';
import type { Compiled, CompiledPredicate } from '../../sql/exprTypes.ts';
import { INT, type SqlValue } from '../../sql/values.ts';
import type { Access } from '../compile/access.ts';
import type { CompileContext } from '../compile/context.ts';
import type { QueryFrame } from '../query/frame.ts';
import { NO_AGGREGATES } from '../query/grouping.ts';
import type { QueryScope } from '../query/scope.ts';
import { DEFAULT_VALUE, type InsertShape, shapeFor } from './insertShape.ts';
import { compileSet, type SetPlan, setColumns } from './setClauses.ts';
import type { WriteTarget } from './target.ts';

/** WHEN NOT MATCHED THEN INSERT, compiled: `values` reads the row of values from the frame on the source row. */
export interface MergeInsertPlan {
  readonly k: 'insert';
  readonly shape: InsertShape;
  values(f: QueryFrame): (SqlValue | typeof DEFAULT_VALUE)[];
}

/** A compiled WHEN clause; `test` is its AND condition. */
export interface MergeWhenPlan {
  readonly match: MergeWhen['match'];
  readonly test: CompiledPredicate | null;
  readonly action: MergeInsertPlan | { readonly k: 'delete' } | { readonly k: 'update'; readonly set: SetPlan };
}

/** Compiles the WHEN clauses and notes the rights they need on the target. */
export function compileWhens(
  statement: MergeStatement,
  scope: QueryScope,
  target: WriteTarget,
  slot: number,
  context: CompileContext,
): MergeWhenPlan[] {
  return scope.withHooks(NO_AGGREGATES, () =>
    statement.whens.map((when) => ({
      match: when.match,
      test: when.and ? compilePredicate(when.and, scope) : null,
      action: compileAction(when.action, scope, target, slot, context),
    })),
  );
}

function compileAction(
  action: MergeWhen['action'],
  scope: QueryScope,
  target: WriteTarget,
  slot: number,
  context: CompileContext,
): MergeWhenPlan['action'] {
  const note = (permission: Access['permission'], columns: ReadonlySet<string> | null): void => {
    const { table } = target;
    if (!table.isVariable) context.accesses.push({ permission, database: table.database, object: table, columns });
  };
  switch (action.k) {
    case 'delete':
      note('DELETE', null);
      return { k: 'delete' };
    case 'update':
      note('UPDATE', setColumns(action.set));
      return { k: 'update', set: compileSet(action.set, target.table, scope, slot) };
    case 'insert':
      note('INSERT', null);
      return compileInsert(action, scope, target, context);
  }
}

const UNTYPED: Pick<Compiled, 'type' | 'untypedNull'> = { type: INT, untypedNull: true };

function compileInsert(
  action: Extract<MergeWhen['action'], { k: 'insert' }>,
  scope: QueryScope,
  target: WriteTarget,
  context: CompileContext,
): MergeInsertPlan {
  const values = (action.values ?? []).map((value) =>
    value.k === 'default' ? DEFAULT_VALUE : compileExpr(value, scope),
  );
  const shape = shapeFor(
    target,
    action.values ? action.columns : [],
    values.map((value) => (value === DEFAULT_VALUE ? UNTYPED : value)),
    context.session.identityInsert === target.table,
  );
  return {
    k: 'insert',
    shape,
    values: (f) => values.map((value) => (value === DEFAULT_VALUE ? value : value.eval(f))),
  };
}
