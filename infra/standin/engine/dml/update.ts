import type { UpdateStatement } from '../../sql/astStatements.ts';
import type { RowData } from '../../store/row.ts';
import type { CompileContext } from '../compile/context.ts';
import { withCtes } from '../query/compileQuery.ts';
import { planTargetRows } from './changeRows.ts';
import { changedView, throughDerived } from './derivedTarget.ts';
import { compileOutputs, runOutputs } from './output.ts';
import type { DmlPlan } from './plan.ts';
import { compileSet, setColumns } from './setClauses.ts';
import { vouchForTable } from './viewTarget.ts';
import { completeRow, type RowChange, updateRows } from './writeRows.ts';
import { writtenTable } from './writtenTable.ts';

export function compileUpdate(written: UpdateStatement, context: CompileContext): DmlPlan {
  const before = context.accesses.length;
  const view = changedView(written, context);
  const statement = throughDerived(written, context);
  const rows = planTargetRows(statement, context, withCtes(statement.ctes, null));
  const { table, resolve } = writtenTable(rows, 'UPDATE', setColumns(statement.set), context);
  const set = compileSet(statement.set, table, rows.scope, rows.slot);
  const outputs = compileOutputs(statement.output, table, rows.scope.sources, context, false);
  if (view) vouchForTable(context, before, view, 'UPDATE', setColumns(written.set));
  return {
    target: table,
    run: (env) => {
      const target = resolve(env);
      const changes: (RowChange & { readonly sources: readonly RowData[] })[] = [];
      rows.forEach(env, (f, row, before) => {
        const after = set.apply(f, before);
        changes.push({ row, before, after, sources: outputs.length > 0 ? f.rows.slice() : [] });
      });
      for (const { after } of changes) completeRow(env, target, after, 'UPDATE');
      updateRows(env, target, changes, 'UPDATE');
      const output = runOutputs(
        env,
        outputs,
        changes.map(({ before, after, sources }) => ({ inserted: after, deleted: before, sources })),
      );
      const inserted = changes.map(({ after }) => after);
      const deleted = changes.map(({ before }) => before);
      const event = { table: target, kind: 'update' as const, inserted, deleted, columns: set.columns };
      return { count: changes.length, output, events: [event] };
    },
  };
}
