import type { MergeStatement } from '../../sql/astStatements.ts';
import { sqlError } from '../../sql/errors.ts';
import type { CompileContext } from '../compile/context.ts';
import { withCtes } from '../query/compileQuery.ts';
import { NO_ROW, newFrame, type QueryFrame } from '../query/frame.ts';
import { bindFrom } from '../query/from.ts';
import { NO_AGGREGATES } from '../query/grouping.ts';
import type { JoinTree } from '../query/joinTree.ts';
import { Planner } from '../query/planner.ts';
import { QueryScope } from '../query/scope.ts';
import type { Execution } from '../run/execution.ts';
import { forWriting } from './changeRows.ts';
import { targetAsSource, type WriteTarget } from './target.ts';
import { askOnlyOfColumns } from './writtenTable.ts';

/** How a MERGE finds its rows: `slot` is the target's in the frame. */
export interface MergeRows {
  readonly scope: QueryScope;
  readonly slot: number;
  readonly target: WriteTarget;
  /** Each source row with each target row it matches, or with NO_ROW in the target's slot. */
  forEachPair(env: Execution, visit: (f: QueryFrame) => void): void;
  /** Each target row, with NO_ROW in the source's slots. */
  forEachTarget(env: Execution, visit: (f: QueryFrame) => void): void;
}

/** Plans source LEFT JOIN target, the target read for writing. */
export function planMergeRows(statement: MergeStatement, context: CompileContext): MergeRows {
  const scope = new QueryScope(context, null);
  scope.ctes = withCtes(statement.ctes, null);
  const sourceTree = bindFrom([statement.source], scope)!;
  const targetTree = bindFrom([targetAsSource(statement.target, statement.alias)], scope)!;
  if (targetTree.k !== 'leaf' || targetTree.source.access.k !== 'table')
    throw sqlError(4406, statement.alias ?? 'MERGE');
  const { slot, access, read } = targetTree.source;
  askOnlyOfColumns(context, read);
  const { shape, resolve } = access;
  const tree: JoinTree = { k: 'join', kind: 'left', left: sourceTree, right: targetTree, on: statement.on };
  const pairs = scope.withHooks(NO_AGGREGATES, () => new Planner(scope, slot).plan(forWriting(tree, slot), [], null));
  const targets = new Planner(scope, slot).plan(forWriting(targetTree, slot), [], null);
  const run = (plan: typeof pairs, env: Execution, visit: (f: QueryFrame) => void): void => {
    const f = newFrame(env, null, scope.sources.length);
    const pull = plan.operator.open(f);
    while (pull()) visit(f);
  };
  return {
    scope,
    slot,
    target: { table: shape, resolve },
    forEachPair: (env, visit) => run(pairs, env, visit),
    forEachTarget: (env, visit) =>
      run(targets, env, (f) => {
        for (let i = 0; i < f.rows.length; i++) if (i !== slot) f.rows[i] = NO_ROW;
        visit(f);
      }),
  };
}
