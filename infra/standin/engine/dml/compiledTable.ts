import { assigner } from '../../sql/convert.ts';
import { compileExpr, compilePredicate } from '../../sql/expr.ts';
import type { Compiled, CompiledPredicate } from '../../sql/exprTypes.ts';
import type { SqlValue } from '../../sql/values.ts';
import { CompileContext } from '../compile/context.ts';
import type { CheckConstraint } from '../model/columns.ts';
import type { TableObject } from '../model/tableObject.ts';
import { coerced } from '../query/coerce.ts';
import { tableColumns } from '../query/namedSource.ts';
import { QueryScope } from '../query/scope.ts';
import { SUBQUERIES } from '../query/subqueries.ts';
import { PLAIN_READ } from '../query/tableScan.ts';
import type { SessionState } from '../run/sessionState.ts';

/** The expressions of a table's definition, ready to run. Their frame has the row in slot 0. */
export interface CompiledTable {
  /** By column position; null without default. Already converted to the column's type. */
  readonly defaults: readonly (Compiled | null)[];
  readonly computed: readonly { readonly at: number; readonly value: Compiled }[];
  readonly checks: readonly { readonly constraint: CheckConstraint; readonly test: CompiledPredicate }[];
}

/** A scope in which the table's own columns are known, as in CHECK constraints and computed columns. */
function ownRowScope(table: TableObject, session: SessionState): QueryScope {
  const context = new CompileContext({
    session,
    database: table.database,
    variables: new Map(),
    queries: SUBQUERIES,
  });
  const scope = new QueryScope(context, null);
  scope.sources.push({
    slot: 0,
    exposed: table.name.toLowerCase(),
    schema: null,
    columns: tableColumns(table),
    access: { k: 'table', shape: table, resolve: () => table, lock: PLAIN_READ },
    dependsOn: new Set(),
  });
  return scope;
}

/** Compiles a table's defaults, computed columns and checks, once per definition. */
export function compiledTable(table: TableObject, session: SessionState): CompiledTable {
  if (table.compiled) return table.compiled as CompiledTable;
  const scope = ownRowScope(table, session);
  const defaults = table.columns.map((column) =>
    column.default && !column.dropped ? assigned(compileExpr(column.default.expr, scope), table, column) : null,
  );
  const computed = table.columns.flatMap((column, at) =>
    column.computed && !column.dropped
      ? [{ at, value: coerced(compileExpr(column.computed.expr, scope), column.type) }]
      : [],
  );
  const checks = table.checks
    .filter((constraint) => constraint.enabled)
    .map((constraint) => ({ constraint, test: compilePredicate(constraint.test, scope) }));
  const compiled: CompiledTable = { defaults, computed, checks };
  table.compiled = compiled;
  return compiled;
}

/** 'db.schema.table', as 515 and 2628 name a table. */
export function fullName(table: TableObject): string {
  if (table.isVariable) return table.name;
  return `${table.database.name}.${table.schema.name}.${table.name}`;
}

/** The value as the column stores it: implicit conversion, 2628 when it is too long. */
export function assigned(
  compiled: Compiled,
  table: TableObject,
  column: { readonly name: string; readonly type: Compiled['type'] },
): Compiled {
  if (compiled.untypedNull) return { type: column.type, nullable: true, eval: () => null };
  const convert = columnAssigner(compiled.type, table, column);
  return { type: column.type, nullable: compiled.nullable, eval: (f) => convert(compiled.eval(f)) };
}

export function columnAssigner(
  from: Compiled['type'],
  table: TableObject,
  column: { readonly name: string; readonly type: Compiled['type'] },
): (value: SqlValue) => SqlValue {
  return assigner(from, column.type, { table: fullName(table), column: column.name });
}
