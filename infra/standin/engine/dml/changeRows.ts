import type { Predicate, TableSource, Top } from '../../sql/ast.ts';
import type { DmlTarget } from '../../sql/astStatements.ts';
import { compileExpr } from '../../sql/expr.ts';
import type { CompiledPredicate } from '../../sql/exprTypes.ts';
import type { Row, RowData } from '../../store/row.ts';
import type { CompileContext } from '../compile/context.ts';
import { newFrame, type QueryFrame } from '../query/frame.ts';
import { bindFrom } from '../query/from.ts';
import { NO_AGGREGATES } from '../query/grouping.ts';
import type { JoinTree } from '../query/joinTree.ts';
import { rowCountLimit, topCount } from '../query/limit.ts';
import { allOf, type Operator } from '../query/operators.ts';
import { Planner } from '../query/planner.ts';
import { type CteScope, QueryScope } from '../query/scope.ts';
import { compileCondition, conjuncts } from '../query/seekTerms.ts';
import type { BoundSource } from '../query/source.ts';
import type { Execution } from '../run/execution.ts';
import { targetAsSource, targetSource } from './target.ts';
import { askOnlyOfColumns } from './writtenTable.ts';

/** The rows an UPDATE or DELETE is about. */
export interface TargetRows {
  readonly scope: QueryScope;
  readonly slot: number;
  /** Calls back for each target row once, with the frame on it. */
  forEach(env: Execution, visit: (f: QueryFrame, row: Row, data: RowData) => void): void;
}

/** Plans the search for the rows to change: FROM and WHERE with the target read for writing. */
export function planTargetRows(
  statement: {
    readonly target: DmlTarget;
    readonly from: readonly TableSource[];
    readonly where?: Predicate | undefined;
    readonly top?: Top | undefined;
  },
  context: CompileContext,
  ctes: CteScope | null,
): TargetRows {
  const scope = new QueryScope(context, null);
  scope.ctes = ctes;
  let tree = bindFrom(statement.from, scope);
  let target = targetSource(statement.target, scope);
  if (!target) {
    const own = bindFrom([targetAsSource(statement.target)], scope)!;
    target = own.k === 'leaf' ? own.source : scope.sources.at(-1)!;
    tree = tree ? { k: 'join', kind: 'inner', left: own, right: tree, on: undefined } : own;
  }
  const { slot, read } = target;
  // Only the columns of the target that are read need SELECT; writing asks for its own right.
  askOnlyOfColumns(context, read);
  const conditions = scope.withHooks(NO_AGGREGATES, () =>
    conjuncts(statement.where).map((part) => compileCondition(part, scope)),
  );
  const gate = allOf(conditions.filter((condition) => condition.slots.size === 0).map((condition) => condition.test));
  const plan = new Planner(scope, slot).plan(
    forWriting(tree!, slot),
    conditions.filter((condition) => condition.slots.size > 0),
    null,
  );
  const top = statement.top ? compileExpr(statement.top.count, scope) : null;
  return {
    scope,
    slot,
    forEach: (env, visit) => {
      const f = newFrame(env, null, scope.sources.length);
      const limit = Math.min(top ? topCount(top, f) : Number.POSITIVE_INFINITY, rowCountLimit(env));
      visitRows(f, plan.operator, gate, slot, limit, visit);
    },
  };
}

function visitRows(
  f: QueryFrame,
  operator: Operator,
  gate: CompiledPredicate | null,
  slot: number,
  limit: number,
  visit: (f: QueryFrame, row: Row, data: RowData) => void,
): void {
  if (limit <= 0 || (gate !== null && gate(f) !== true)) return;
  const seen = new Set<Row>();
  const pull = operator.open(f);
  while (pull()) {
    const row = f.handles[slot]!;
    if (seen.has(row)) continue;
    seen.add(row);
    visit(f, row, f.rows[slot]!);
    if (seen.size >= limit) return;
  }
}

/** The tree with its target read as the newest version, waiting for other writers. */
export function forWriting(tree: JoinTree, slot: number): JoinTree {
  if (tree.k !== 'leaf') return { ...tree, left: forWriting(tree.left, slot), right: forWriting(tree.right, slot) };
  const { source } = tree;
  if (source.slot !== slot || source.access.k !== 'table') return tree;
  const lock = { ...source.access.lock, current: true, dirty: false };
  const changed: BoundSource = { ...source, access: { ...source.access, lock } };
  return { k: 'leaf', source: changed };
}
