import type { Expr } from '../../sql/ast.ts';
import type { InsertStatement } from '../../sql/astStatements.ts';
import { sqlError } from '../../sql/errors.ts';
import { compileExpr } from '../../sql/expr.ts';
import type { Compiled } from '../../sql/exprTypes.ts';
import type { RowData } from '../../store/row.ts';
import type { CompileContext } from '../compile/context.ts';
import { compileQuery, withCtes } from '../query/compileQuery.ts';
import { drain, newFrame } from '../query/frame.ts';
import { unifiedType } from '../query/from.ts';
import { rowCountLimit, topCount } from '../query/limit.ts';
import type { OutputColumn } from '../query/queryPlan.ts';
import { QueryScope } from '../query/scope.ts';
import type { Execution } from '../run/execution.ts';
import { DEFAULT_VALUE, type InsertShape, insertRowsInto, insertShape } from './insertShape.ts';
import { compileOutputs, type OutputPlan, runOutputs } from './output.ts';
import type { ChangeEvent, DmlPlan, DmlResult } from './plan.ts';
import { insertThroughView, viewNamed, vouchForTable } from './viewTarget.ts';

type Values = readonly (readonly (RowData[number] | typeof DEFAULT_VALUE)[])[];

/** Compiles INSERT … VALUES, SELECT or DEFAULT VALUES. */
export function compileInsert(written: InsertStatement, context: CompileContext): DmlPlan {
  const before = context.accesses.length;
  const statement = insertThroughView(written, context);
  const { shape, values } = compileSource(statement, context);
  const outputs = compileOutputs(statement.output, shape.target.table, [], context, false);
  const view = statement !== written && written.target.k === 'table' && viewNamed(written.target.name, context);
  if (view) vouchForTable(context, before, view, 'INSERT', null);
  const top = statement.top ? compileExpr(statement.top.count, new QueryScope(context, null)) : null;
  return {
    target: shape.target.table,
    run: (env) => {
      const rows = values(env);
      const limit = Math.min(top ? topCount(top, newFrame(env, null, 0)) : rows.length, rowCountLimit(env));
      return runInsert(env, shape, limit < rows.length ? rows.slice(0, limit) : rows, outputs);
    },
  };
}

function compileSource(
  statement: InsertStatement,
  context: CompileContext,
): { shape: InsertShape; values: (env: Execution) => Values } {
  const { source, target, columns } = statement;
  if (source.k === 'defaultValues') {
    const shape = insertShape(target, [], [], context);
    return { shape, values: () => [[]] };
  }
  if (source.k === 'values') return compileValues(statement, source.rows, context);
  if (source.k === 'query') {
    const plan = compileQuery(source.query, context, null, false, withCtes(statement.ctes, null));
    const shape = insertShape(target, columns, plan.columns, context);
    return { shape, values: (env) => drain(plan.open(env, null)) };
  }
  throw new Error('INSERT EXEC is run by the runner');
}

function compileValues(
  statement: InsertStatement,
  rows: readonly (readonly Expr[])[],
  context: CompileContext,
): { shape: InsertShape; values: (env: Execution) => Values } {
  const scope = new QueryScope(context, null);
  const width = rows[0]!.length;
  if (rows.some((row) => row.length !== width)) throw sqlError(10709);
  const compiled = rows.map((row) =>
    row.map((expr): Compiled | typeof DEFAULT_VALUE =>
      expr.k === 'default' ? DEFAULT_VALUE : compileExpr(expr, scope),
    ),
  );
  // Each row is converted from its own types, so that '1' beside 2 need not become a number first.
  for (const row of compiled)
    if (statement.columns && row.length !== statement.columns.length)
      throw sqlError(row.length < statement.columns.length ? 109 : 110);
  const shapes = compiled.map((row) =>
    insertShape(
      statement.target,
      statement.columns,
      row.map((item) => (item === DEFAULT_VALUE ? UNTYPED : item)),
      context,
    ),
  );
  const shape: InsertShape = { ...shapes[0]!, convert: shapes[0]!.convert.map(() => (value) => value) };
  return {
    shape,
    values: (env) => {
      const f = newFrame(env, null, 0);
      return compiled.map((row, r) =>
        row.map((item, i) => (item === DEFAULT_VALUE ? item : shapes[r]!.convert[i]!(item.eval(f)))),
      );
    },
  };
}

const UNTYPED = { type: unifiedType([]), untypedNull: true };

function runInsert(env: Execution, shape: InsertShape, values: Values, outputs: readonly OutputPlan[]): DmlResult {
  const { rows } = insertRowsInto(env, shape, values);
  const output =
    outputs.length > 0
      ? runOutputs(
          env,
          outputs,
          rows.map((inserted) => ({ inserted, deleted: null, sources: [] })),
        )
      : null;
  return { count: rows.length, output, events: [insertEvent(env, shape, rows)] };
}

function insertEvent(env: Execution, shape: InsertShape, rows: readonly RowData[]): ChangeEvent {
  const table = shape.target.resolve(env);
  return { table, kind: 'insert', inserted: rows, deleted: [], columns: firstNumbers(table.columns.length) };
}

const numberSets: ReadonlySet<number>[] = [];

/** The numbers from 0 up to `count`, the same set each time: few changes have a trigger that asks. */
function firstNumbers(count: number): ReadonlySet<number> {
  numberSets[count] ??= new Set(Array.from({ length: count }, (_, at) => at));
  return numberSets[count];
}

/** Inserts the rows a procedure returned: INSERT … EXEC. */
export function insertResultSet(
  env: Execution,
  statement: InsertStatement,
  columns: readonly OutputColumn[],
  rows: readonly RowData[],
  context: CompileContext,
): DmlResult {
  const shape = insertShape(statement.target, statement.columns, columns, context);
  const outputs = compileOutputs(statement.output, shape.target.table, [], context, false);
  return runInsert(env, shape, rows, outputs);
}
