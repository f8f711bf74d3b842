import type { SetOperation } from '../../sql/ast.ts';
import { converter } from '../../sql/convert.ts';
import { sqlError } from '../../sql/errors.ts';
import { keyEncoder } from '../../store/key.ts';
import type { RowData } from '../../store/row.ts';
import type { Execution } from '../run/execution.ts';
import { type BodyContext, compileBody, NO_TAIL, newScope } from './compileQuery.ts';
import { drain, newFrame, pullFrom, type QueryFrame, type RowPull } from './frame.ts';
import { unifiedType } from './from.ts';
import { limited } from './limit.ts';
import type { OutputColumn, QueryPlan } from './queryPlan.ts';
import { outputIndex, type SelectTail } from './select.ts';
import { compareByKeys } from './sortKeys.ts';

/** UNION [ALL], EXCEPT and INTERSECT. Columns take the names of the first query and the common types. */
export function compileSetOperation(operation: SetOperation, tail: SelectTail, at: BodyContext): QueryPlan {
  const left = compileBody(operation.left, NO_TAIL, at);
  const right = compileBody(operation.right, NO_TAIL, at);
  if (left.columns.length !== right.columns.length) throw sqlError(205);
  const columns: OutputColumn[] = left.columns.map((a, i) => {
    const b = right.columns[i]!;
    const untypedNull = a.untypedNull && b.untypedNull;
    return {
      name: a.name,
      type: unifiedType([a, b]),
      nullable: a.nullable || b.nullable,
      collation: a.collation ?? b.collation,
      untypedNull,
    };
  });
  const rowsOf = (plan: QueryPlan): ((env: Execution, parent: QueryFrame | null) => RowPull) => {
    const converters = columns.map((column, i) => converter(plan.columns[i]!.type, column.type));
    return (env, parent) => {
      const pull = plan.open(env, parent);
      return () => pull()?.map((value, i) => converters[i]!(value)) ?? null;
    };
  };
  const combined = combine(operation.op, rowsOf(left), rowsOf(right), columns);
  const keys = tail.orderBy.map((item) => {
    const index = outputIndex(item.expr, columns);
    if (index < 0) throw sqlError(104);
    const encode = keyEncoder(columns[index]!.type, columns[index]!.collation);
    return { index, encode, descending: item.descending };
  });
  const ordered = (f: QueryFrame): RowPull => {
    const pull = combined(f.env, f.parent);
    if (keys.length === 0) return pull;
    const rows = drain(pull).map((row) => ({ row, keys: keys.map((key) => key.encode(row[key.index]!)) }));
    rows.sort((a, b) => compareByKeys(a.keys, b.keys, keys));
    return pullFrom(rows.map(({ row }) => row));
  };
  const open = limited(ordered, { top: undefined, tail, ties: [], distinct: false }, newScope(at));
  return {
    columns,
    correlated: left.correlated || right.correlated,
    open: (env, parent) => open(newFrame(env, parent, 0)),
  };
}

function combine(
  op: SetOperation['op'],
  left: (env: Execution, parent: QueryFrame | null) => RowPull,
  right: (env: Execution, parent: QueryFrame | null) => RowPull,
  columns: readonly OutputColumn[],
): (env: Execution, parent: QueryFrame | null) => RowPull {
  if (op === 'unionAll') {
    return (env, parent) => {
      let pull = left(env, parent);
      let second = false;
      return () => {
        const row = pull();
        if (row !== null || second) return row;
        second = true;
        pull = right(env, parent);
        return pull();
      };
    };
  }
  const encoders = columns.map((column) => keyEncoder(column.type, column.collation));
  const keyOf = (row: RowData): string => {
    let key = '';
    for (let i = 0; i < encoders.length; i++) key += encoders[i]!(row[i]!);
    return key;
  };
  return (env, parent) => {
    const rights = drain(right(env, parent));
    const rightKeys = new Set(op === 'union' ? [] : rights.map(keyOf));
    const seen = new Set<string>();
    const kept: RowData[] = [];
    const consider = (row: RowData): void => {
      const key = keyOf(row);
      if (seen.has(key)) return;
      if (op === 'except' && rightKeys.has(key)) return;
      if (op === 'intersect' && !rightKeys.has(key)) return;
      seen.add(key);
      kept.push(row);
    };
    for (const row of drain(left(env, parent))) consider(row);
    if (op === 'union') for (const row of rights) consider(row);
    return pullFrom(kept);
  };
}
