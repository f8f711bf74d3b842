import type { ArithmeticOp } from '../../sql/ast.ts';
import type { SetClause } from '../../sql/astStatements.ts';
import { implicitConverter } from '../../sql/convert.ts';
import { sqlError } from '../../sql/errors.ts';
import { compileExpr } from '../../sql/expr.ts';
import { compileAssignOp } from '../../sql/exprArithmetic.ts';
import type { Compiled } from '../../sql/exprTypes.ts';
import type { SqlValue } from '../../sql/values.ts';
import type { RowData } from '../../store/row.ts';
import type { TableObject } from '../model/tableObject.ts';
import { newFrame, type QueryFrame } from '../query/frame.ts';
import { columnReader, type QueryScope } from '../query/scope.ts';
import { assigned, compiledTable } from './compiledTable.ts';

/** The compiled SET of an UPDATE. */
export interface SetPlan {
  /** Positions it assigns. */
  readonly columns: ReadonlySet<number>;
  /** Applies it to the frame's current row: returns the new data and assigns variables. */
  apply(f: QueryFrame, before: RowData): RowData;
}

/** Column names of the SET, in lower case. */
export function setColumns(clauses: readonly SetClause[]): Set<string> {
  return new Set(clauses.flatMap((clause) => (clause.column ? [clause.column.name.toLowerCase()] : [])));
}

/** Compiles the SET of a change whose target is the source with that slot. */
export function compileSet(
  clauses: readonly SetClause[],
  table: TableObject,
  scope: QueryScope,
  slot: number,
): SetPlan {
  const columns = new Set<number>();
  const steps = clauses.map((clause) => {
    const at = clause.column ? assignable(table, clause.column.name, columns) : -1;
    const value = clauseValue(clause, at, table, scope, slot);
    return { at, value, variable: clause.variable ? variableStep(clause.variable, at, value, table, scope) : null };
  });
  return {
    columns,
    apply: (f, before) => {
      const after = before.slice();
      for (const { at, value, variable } of steps) {
        const result =
          value === null
            ? (compiledTable(table, f.env.session).defaults[at]?.eval(newFrame(f.env, null, 0)) ?? null)
            : value.eval(f);
        if (at >= 0) after[at] = result;
        variable?.(f, result);
      }
      return after;
    },
  };
}

function assignable(table: TableObject, name: string, seen: Set<number>): number {
  const at = table.columnAt(name);
  if (at < 0) throw sqlError(207, name);
  const column = table.columns[at]!;
  if (column.computed) throw sqlError(271, column.name);
  if (column.identity) throw sqlError(8102, column.name);
  if (column.type.k === 'rowversion') throw sqlError(272);
  if (seen.has(at)) throw sqlError(264, column.name);
  seen.add(at);
  return at;
}

/** Null stands for DEFAULT. */
function clauseValue(
  clause: SetClause,
  at: number,
  table: TableObject,
  scope: QueryScope,
  slot: number,
): Compiled | null {
  if (clause.value.k === 'default') return null;
  const given = compileExpr(clause.value, scope);
  const value =
    clause.op === '='
      ? given
      : compileAssignOp(clause.op[0] as ArithmeticOp, before(clause, at, table, scope, slot), given);
  return at >= 0 ? assigned(value, table, table.columns[at]!) : value;
}

/** What `+=` and the like add to: the target's own column, whatever other sources call their columns, or the variable. */
function before(clause: SetClause, at: number, table: TableObject, scope: QueryScope, slot: number): Compiled {
  if (at < 0) return scope.variable(clause.variable!, 0);
  const { name, type, nullable, collation } = table.columns[at]!;
  scope.sources[slot]?.read?.add(name.toLowerCase());
  return columnReader({ depth: 0, slot, column: { name, type, nullable, collation, at } });
}

function variableStep(
  name: string,
  at: number,
  value: Compiled | null,
  table: TableObject,
  scope: QueryScope,
): (f: QueryFrame, value: SqlValue) => void {
  const target = scope.variable(name, 0).type;
  const from = at >= 0 ? table.columns[at]!.type : (value?.type ?? target);
  const convert = implicitConverter(from, target);
  return (f, result) => {
    f.env.variable(name).value = convert(result);
  };
}
