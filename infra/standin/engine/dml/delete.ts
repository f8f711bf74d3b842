import type { DeleteStatement } from '../../sql/astStatements.ts';
import type { Row, RowData } from '../../store/row.ts';
import type { CompileContext } from '../compile/context.ts';
import { withCtes } from '../query/compileQuery.ts';
import { planTargetRows } from './changeRows.ts';
import { changedView, throughDerived } from './derivedTarget.ts';
import { compileOutputs, runOutputs } from './output.ts';
import type { DmlPlan } from './plan.ts';
import { vouchForTable } from './viewTarget.ts';
import { deleteRows } from './writeRows.ts';
import { writtenTable } from './writtenTable.ts';

export function compileDelete(written: DeleteStatement, context: CompileContext): DmlPlan {
  const before = context.accesses.length;
  const view = changedView(written, context);
  const statement = throughDerived(written, context);
  const rows = planTargetRows(statement, context, withCtes(statement.ctes, null));
  const { table, resolve } = writtenTable(rows, 'DELETE', null, context);
  const outputs = compileOutputs(statement.output, table, rows.scope.sources, context, false);
  if (view) vouchForTable(context, before, view, 'DELETE', null);
  return {
    target: table,
    run: (env) => {
      const target = resolve(env);
      const found: { row: Row; before: RowData; sources: readonly RowData[] }[] = [];
      rows.forEach(env, (f, row, before) => {
        found.push({ row, before, sources: outputs.length > 0 ? f.rows.slice() : [] });
      });
      deleteRows(env, target, found, 'DELETE');
      const output = runOutputs(
        env,
        outputs,
        found.map(({ before, sources }) => ({ inserted: null, deleted: before, sources })),
      );
      const deleted = found.map(({ before }) => before);
      const event = { table: target, kind: 'delete' as const, inserted: [], deleted, columns: new Set<number>() };
      return { count: found.length, output, events: [event] };
    },
  };
}
