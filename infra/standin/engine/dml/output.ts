import type { SelectItem } from '../../sql/ast.ts';
import type { OutputClause } from '../../sql/astStatements.ts';
import { sqlError } from '../../sql/errors.ts';
import { compileExpr } from '../../sql/expr.ts';
import type { Compiled, Frame } from '../../sql/exprTypes.ts';
import type { SqlValue } from '../../sql/values.ts';
import type { RowData } from '../../store/row.ts';
import type { CompileContext } from '../compile/context.ts';
import type { TableObject } from '../model/tableObject.ts';
import { NO_ROW, newFrame, type QueryFrame } from '../query/frame.ts';
import { tableColumns } from '../query/namedSource.ts';
import type { OutputColumn } from '../query/queryPlan.ts';
import { columnReader, QueryScope } from '../query/scope.ts';
import type { BoundSource } from '../query/source.ts';
import type { Execution } from '../run/execution.ts';
import { type InsertShape, insertRowsInto, insertShape } from './insertShape.ts';

/** A row that was changed, as OUTPUT sees it. */
export interface ChangedRow {
  readonly inserted: RowData | null;
  readonly deleted: RowData | null;
  /** Rows of the statement's FROM sources. */
  readonly sources: readonly RowData[];
  readonly action?: 'INSERT' | 'UPDATE' | 'DELETE';
}

/** A compiled OUTPUT clause. */
export interface OutputPlan {
  readonly columns: readonly OutputColumn[];
  /** Null when the rows go to the client. */
  readonly into: InsertShape | null;
  row(env: Execution, change: ChangedRow): RowData;
}

const INSERTED_SLOT = 0;
const DELETED_SLOT = 1;
const FIRST_SOURCE_SLOT = 2;
const actions = new WeakMap<QueryFrame, string>();

/** Compiles the OUTPUT clauses of a statement. `sources` are those of its FROM, which OUTPUT may refer to. */
export function compileOutputs(
  clauses: readonly OutputClause[],
  table: TableObject,
  sources: readonly BoundSource[],
  context: CompileContext,
  isMerge: boolean,
): OutputPlan[] {
  return clauses.map((clause) => compileOutput(clause, table, sources, context, isMerge));
}

function compileOutput(
  clause: OutputClause,
  table: TableObject,
  sources: readonly BoundSource[],
  context: CompileContext,
  isMerge: boolean,
): OutputPlan {
  const scope = new QueryScope(context, null);
  const base = {
    schema: null,
    access: { k: 'rows', estimate: 1, open: () => () => null },
    dependsOn: new Set<number>(),
  } as const;
  const columns = tableColumns(table).map((column) => ({ ...column, nullable: true }));
  const read = new Set<string>();
  if (!table.isVariable) {
    const { database } = table;
    context.accesses.push({ permission: 'SELECT', database, object: table, columns: read, onlyColumns: true });
  }
  scope.sources.push({ ...base, slot: INSERTED_SLOT, exposed: 'inserted', columns, read });
  scope.sources.push({ ...base, slot: DELETED_SLOT, exposed: 'deleted', columns, read });
  for (const source of sources) scope.sources.push({ ...source, slot: source.slot + FIRST_SOURCE_SLOT });
  if (isMerge)
    scope.hooks = {
      mergeAction: () => ({
        type: { k: 'nvarchar', n: 10 },
        nullable: false,
        eval: (f: Frame) => actions.get(f as QueryFrame) ?? null,
      }),
    };
  const items = clause.items.flatMap((item) => outputItems(item, scope));
  const into = clause.into
    ? insertShape(
        clause.into.target,
        clause.into.columns,
        items.map((item) => item.compiled),
        context,
      )
    : null;
  return {
    columns: items.map(({ compiled, name }) => ({
      name,
      type: compiled.type,
      nullable: compiled.nullable,
      collation: compiled.collation,
    })),
    into,
    row: (env, change) => {
      const f = newFrame(env, null, FIRST_SOURCE_SLOT);
      f.rows = [change.inserted ?? NO_ROW, change.deleted ?? NO_ROW, ...change.sources];
      if (change.action) actions.set(f, change.action);
      return items.map((item): SqlValue => item.compiled.eval(f));
    },
  };
}

function outputItems(item: SelectItem, scope: QueryScope): { name: string; compiled: Compiled }[] {
  if (item.k === 'assign') throw sqlError(141);
  if (item.k === 'expr') {
    const name = item.alias ?? (item.expr.k === 'column' ? item.expr.name : item.expr.k === 'action' ? '$action' : '');
    return [{ name, compiled: compileExpr(item.expr, scope) }];
  }
  const wanted = item.qualifier.at(-1)?.toLowerCase();
  const source = scope.sources.find((candidate) => candidate.exposed === wanted);
  if (!source) throw sqlError(107, item.qualifier.join('.'));
  for (const { name } of source.columns) source.read?.add(name.toLowerCase());
  return source.columns.map((column) => ({
    name: column.name,
    compiled: columnReader({ depth: 0, slot: source.slot, column }),
  }));
}

/** Runs OUTPUT … INTO, and returns the rows for the client (null when no clause sends any). */
export function runOutputs(
  env: Execution,
  plans: readonly OutputPlan[],
  changes: readonly ChangedRow[],
): { readonly columns: readonly OutputColumn[]; readonly rows: RowData[] } | null {
  let result: { columns: readonly OutputColumn[]; rows: RowData[] } | null = null;
  for (const plan of plans) {
    const rows = changes.map((change) => plan.row(env, change));
    if (plan.into) insertRowsInto(env, plan.into, rows);
    else result = { columns: plan.columns, rows };
  }
  return result;
}
