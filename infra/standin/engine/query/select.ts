import type { Expr, OrderItem, Select, SelectItem } from '../../sql/ast.ts';
import { sqlError } from '../../sql/errors.ts';
import { compileExpr, compilePredicate } from '../../sql/expr.ts';
import type { Compiled, CompiledPredicate } from '../../sql/exprTypes.ts';
import { keyEncoder } from '../../store/key.ts';
import type { RowData } from '../../store/row.ts';
import type { WantedOrder } from './accessPath.ts';
import { type BodyContext, newScope } from './compileQuery.ts';
import { newFrame, type Pull, type QueryFrame, type RowPull } from './frame.ts';
import { bindFrom } from './from.ts';
import { canonicalKey, Grouping, NO_AGGREGATES } from './grouping.ts';
import type { JoinTree } from './joinTree.ts';
import { limited } from './limit.ts';
import { allOf, SINGLE_ROW } from './operators.ts';
import { type Plan, Planner } from './planner.ts';
import type { OutputColumn, QueryPlan } from './queryPlan.ts';
import { collectStates, pullStates } from './rowState.ts';
import { columnReader, type QueryScope } from './scope.ts';
import { type Condition, compileCondition, conjuncts } from './seekTerms.ts';
import { compareByKeys, type SortKey, sortKey } from './sortKeys.ts';

/** What stands behind the select list: ORDER BY and OFFSET … FETCH. */
export interface SelectTail {
  readonly orderBy: readonly OrderItem[];
  readonly offset: Expr | undefined;
  readonly fetch: Expr | undefined;
}

interface Output extends OutputColumn {
  readonly compiled: Compiled;
  readonly expr: Expr | null;
}

export function compileSelect(select: Select, tail: SelectTail, at: BodyContext): QueryPlan {
  const scope = newScope(at);
  const tree = bindFrom(select.from, scope);
  const where = scope.withHooks(NO_AGGREGATES, () =>
    conjuncts(select.where).map((part) => compileCondition(part, scope)),
  );
  const grouping = new Grouping(scope, select.groupBy);
  const outputs = scope.withHooks(grouping.hooks('select'), () =>
    select.items.flatMap((item) => outputsOf(item, scope)),
  );
  const having = select.having
    ? scope.withHooks(grouping.hooks('having'), () => compilePredicate(select.having!, scope))
    : null;
  const order = scope.withHooks(grouping.hooks('order'), () => orderKeys(tail.orderBy, outputs, select, scope));
  grouping.check();
  const parts: SelectParts = {
    scope,
    slots: scope.sources.length,
    gate: allOf(where.filter((condition) => condition.slots.size === 0).map((condition) => condition.test)),
    outputs,
    grouping,
    having,
    order,
    distinct: select.distinct,
  };
  const plan = planRows(tree, where, parts, tail.orderBy, select);
  const run = (f: QueryFrame): RowPull => openSelect(f, parts, plan);
  const open = limited(run, { top: select.top, tail, ties: order, distinct: select.distinct }, scope);
  return {
    columns: outputs.map(({ compiled: _compiled, expr: _expr, ...column }) => column),
    correlated: scope.correlated,
    open: (env, parent) => open(newFrame(env, parent, parts.slots)),
  };
}

interface SelectParts {
  readonly scope: QueryScope;
  readonly slots: number;
  readonly gate: CompiledPredicate | null;
  readonly outputs: readonly Output[];
  readonly grouping: Grouping;
  readonly having: CompiledPredicate | null;
  readonly order: readonly SortKey[];
  readonly distinct: boolean;
}

interface RowsPlan extends Plan {
  /** MIN or MAX can stop at the first value. */
  readonly firstOnly: boolean;
}

function outputsOf(item: SelectItem, scope: QueryScope): Output[] {
  if (item.k === 'star') return starColumns(item.qualifier, scope);
  const compiled = compileExpr(item.k === 'assign' ? assignedExpr(item) : item.expr, scope);
  const name = item.k === 'expr' ? (item.alias ?? (item.expr.k === 'column' ? item.expr.name : '')) : item.variable;
  const source = item.expr.k === 'column' ? scope.withHooks({}, () => scope.find(item.expr as never)).column : null;
  return [
    {
      name,
      type: compiled.type,
      nullable: compiled.nullable,
      collation: compiled.collation,
      untypedNull: compiled.untypedNull,
      identity: source?.identity,
      computed: source?.computed,
      compiled,
      expr: item.expr,
    },
  ];
}

/** `@x += e` as `@x + e`. */
function assignedExpr(item: Extract<SelectItem, { k: 'assign' }>): Expr {
  if (item.op === '=') return item.expr;
  const left: Expr = { k: 'variable', name: item.variable, line: 0 };
  return { k: 'binary', op: item.op[0] as '+', left, right: item.expr };
}

function starColumns(qualifier: readonly string[], scope: QueryScope): Output[] {
  const wanted = qualifier.at(-1)?.toLowerCase();
  const sources = scope.sources.filter((source) => wanted === undefined || source.exposed === wanted);
  if (sources.length === 0) throw wanted === undefined ? sqlError(263) : sqlError(107, qualifier.join('.'));
  return sources.flatMap((source) =>
    source.columns.map((column) => {
      const found = { depth: 0, slot: source.slot, column };
      const ref = { k: 'column' as const, qualifier: [source.exposed], name: column.name, line: 0 };
      const substituted = scope.hooks.substitute?.(ref);
      if (!substituted) scope.hooks.onColumn?.(found, ref);
      scope.tracker?.add(source.slot);
      source.read?.add(column.name.toLowerCase());
      const { name, type, nullable, collation, identity, computed } = column;
      const compiled = substituted ?? columnReader(found);
      return { name, type, nullable, collation, identity, computed, compiled, expr: ref };
    }),
  );
}

function orderKeys(
  items: readonly OrderItem[],
  outputs: readonly Output[],
  select: Select,
  scope: QueryScope,
): SortKey[] {
  return items.map((item) => {
    const at = outputIndex(item.expr, outputs);
    if (at >= 0) return sortKey(outputs[at]!.compiled, item.descending);
    if (select.distinct) {
      const key = canonicalKey(item.expr, scope);
      const same = outputs.find((output) => output.expr && canonicalKey(output.expr, scope) === key);
      if (!same) throw sqlError(145);
      return sortKey(same.compiled, item.descending);
    }
    return sortKey(compileExpr(item.expr, scope), item.descending);
  });
}

/** ORDER BY 2, or by a name of the select list; -1 when the expression is to be compiled as such. */
export function outputIndex(expr: Expr, outputs: readonly OutputColumn[]): number {
  if (expr.k === 'literal' && typeof expr.value === 'number') {
    if (expr.value < 1 || expr.value > outputs.length) throw sqlError(108, expr.value);
    return expr.value - 1;
  }
  if (expr.k !== 'column' || expr.qualifier.length > 0) return -1;
  const name = expr.name.toLowerCase();
  return outputs.findIndex((output) => output.name.toLowerCase() === name);
}

function planRows(
  tree: JoinTree | null,
  where: readonly Condition[],
  parts: SelectParts,
  orderBy: readonly OrderItem[],
  select: Select,
): RowsPlan {
  if (!tree) return { operator: SINGLE_ROW, ordered: false, firstOnly: false };
  const conditions = where.filter((condition) => condition.slots.size > 0);
  const planner = new Planner(parts.scope);
  const extreme = extremeOrder(parts, select, tree);
  if (extreme) {
    const plan = planner.plan(tree, conditions, extreme);
    return { ...plan, firstOnly: plan.ordered, ordered: false };
  }
  const wanted = wantedOrder(orderBy, parts);
  return { ...planner.plan(tree, conditions, wanted), firstOnly: false };
}

/** SELECT MAX(column) FROM one source reads the last row of an order over it. */
function extremeOrder(parts: SelectParts, select: Select, tree: JoinTree): WantedOrder | null {
  const [call] = parts.grouping.aggregateCalls;
  if (!call || parts.grouping.aggregateCalls.length !== 1 || select.groupBy.length > 0 || tree.k !== 'leaf')
    return null;
  const name = call.name.name.toLowerCase();
  const [arg] = call.args;
  if ((name !== 'min' && name !== 'max') || arg?.k !== 'column') return null;
  const found = parts.scope.find(arg);
  if (found.depth > 0) return null;
  return { slot: found.slot, columns: [{ at: found.column.at, descending: name === 'max' }] };
}

function wantedOrder(items: readonly OrderItem[], parts: SelectParts): WantedOrder | null {
  if (items.length === 0 || parts.grouping.grouped || parts.grouping.windows.length > 0 || parts.distinct) return null;
  let slot = -1;
  const columns: { at: number; descending: boolean }[] = [];
  for (const item of items) {
    const output = outputIndex(item.expr, parts.outputs);
    const expr = output >= 0 ? parts.outputs[output]!.expr : item.expr;
    if (expr?.k !== 'column') return null;
    const found = parts.scope.find(expr);
    if (found.depth > 0 || (slot >= 0 && slot !== found.slot)) return null;
    slot = found.slot;
    columns.push({ at: found.column.at, descending: item.descending });
  }
  return { slot, columns };
}

function openSelect(f: QueryFrame, parts: SelectParts, plan: RowsPlan): RowPull {
  if (parts.gate !== null && parts.gate(f) !== true && !parts.grouping.grouped) return () => null;
  let pull: Pull = parts.gate !== null && parts.gate(f) !== true ? () => false : plan.operator.open(f);
  if (parts.grouping.grouped) pull = pullStates(f, parts.grouping.group(f, pull, plan.firstOnly));
  if (parts.having) pull = filtered(f, pull, parts.having);
  if (parts.grouping.windows.length > 0) pull = withWindows(f, pull, parts.grouping);
  const sorts = parts.order.length > 0 && !plan.ordered;
  if (parts.distinct) return distinctRows(f, pull, parts, sorts);
  if (sorts) pull = sorted(f, pull, parts.order);
  const evaluators = parts.outputs.map((output) => output.compiled);
  const width = evaluators.length;
  return () => {
    if (!pull()) return null;
    const row: RowData = new Array(width);
    for (let i = 0; i < width; i++) row[i] = evaluators[i]!.eval(f);
    return row;
  };
}

function filtered(f: QueryFrame, pull: Pull, test: CompiledPredicate): Pull {
  return () => {
    while (pull()) if (test(f) === true) return true;
    return false;
  };
}

function withWindows(f: QueryFrame, pull: Pull, grouping: Grouping): Pull {
  const states = collectStates(f, pull);
  const results = grouping.windows.map((window) => window.compute(f, states));
  for (let i = 0; i < states.length; i++) states[i]!.windows = results.map((values) => values[i]!);
  return pullStates(f, states);
}

function sorted(f: QueryFrame, pull: Pull, order: readonly SortKey[]): Pull {
  const states = collectStates(f, () => pull());
  const frame = f;
  const inner = pullStates(frame, states);
  for (const state of states) {
    inner();
    state.keys = order.map((key) => key.of(frame));
  }
  states.sort((a, b) => compareByKeys(a.keys, b.keys, order));
  return pullStates(f, states);
}

function distinctRows(f: QueryFrame, pull: Pull, parts: SelectParts, sorts: boolean): RowPull {
  const encoders = parts.outputs.map((output) => keyEncoder(output.type, output.collation));
  const seen = new Set<string>();
  const next: RowPull = () => {
    while (pull()) {
      const row = parts.outputs.map((output) => output.compiled.eval(f));
      let key = '';
      for (let i = 0; i < row.length; i++) key += encoders[i]!(row[i]!);
      if (seen.has(key)) continue;
      seen.add(key);
      return row;
    }
    return null;
  };
  if (!sorts) return next;
  const rows: { row: RowData; keys: string[] }[] = [];
  for (let row = next(); row !== null; row = next()) rows.push({ row, keys: parts.order.map((key) => key.of(f)) });
  rows.sort((a, b) => compareByKeys(a.keys, b.keys, parts.order));
  let at = 0;
  return () => (at < rows.length ? rows[at++]!.row : null);
}
