import type { ForJson } from '../../sql/ast.ts';
import { forJsonWriter } from '../../sql/forJson.ts';
import { JSON_TEXT } from '../../sql/functionsJson.ts';
import { drain, pullFrom } from './frame.ts';
import type { OutputColumn, QueryPlan } from './queryPlan.ts';

/** The name the product gives the one column of FOR JSON; clients join the pieces of columns of this name. */
const COLUMN_NAME = 'JSON_F52E2B61-18A1-11d1-B105-00805F49916B';

/** Wraps a query so that its rows become one JSON text: one row, or none when there is nothing to show. */
export function forJsonPlan(plan: QueryPlan, forJson: ForJson): QueryPlan {
  const write = forJsonWriter(
    plan.columns.map(({ name, type }) => ({ name, type, json: type === JSON_TEXT })),
    forJson,
  );
  const column: OutputColumn = { name: COLUMN_NAME, type: JSON_TEXT, nullable: true };
  return {
    columns: [column],
    correlated: plan.correlated,
    open: (env, parent) => {
      const text = write(drain(plan.open(env, parent)));
      return pullFrom(text === null ? [] : [[text]]);
    },
  };
}
