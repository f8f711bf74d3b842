import type { MergeStatement } from '../../sql/astStatements.ts';
import { sqlError, unsupported } from '../../sql/errors.ts';
import type { Row, RowData } from '../../store/row.ts';
import type { CompileContext } from '../compile/context.ts';
import { NO_ROW, type QueryFrame } from '../query/frame.ts';
import type { Execution } from '../run/execution.ts';
import { buildRows, type InsertShape } from './insertShape.ts';
import { planMergeRows } from './mergeRows.ts';
import { compileWhens, type MergeInsertPlan, type MergeWhenPlan } from './mergeWhens.ts';
import { type ChangedRow, compileOutputs, runOutputs } from './output.ts';
import type { ChangeEvent, DmlPlan, DmlResult } from './plan.ts';
import { completeRow, deleteRows, insertRows, type RowChange, updateRows } from './writeRows.ts';

type Sources = readonly RowData[];

/** What a MERGE has decided to do, before it does it. */
interface Decisions {
  readonly updates: (RowChange & { readonly sources: Sources })[];
  readonly deletes: { readonly row: Row; readonly before: RowData; readonly sources: Sources }[];
  readonly inserts: Map<MergeInsertPlan, { values: ReturnType<MergeInsertPlan['values']>; sources: Sources }[]>;
}

/** Compiles MERGE: the source is joined to the target, each pair does what the first clause that fits says. */
export function compileMerge(statement: MergeStatement, context: CompileContext): DmlPlan {
  if (statement.top) throw unsupported('MERGE TOP');
  const rows = planMergeRows(statement, context);
  const whens = compileWhens(statement, rows.scope, rows.target, rows.slot, context);
  const outputs = compileOutputs(statement.output, rows.target.table, rows.scope.sources, context, true);
  const bySource = whens.some((when) => when.match === 'notMatchedBySource');
  return {
    target: rows.target.table,
    run: (env) => {
      const decisions = decide(env, rows, whens, bySource, outputs.length > 0);
      return carryOut(env, rows.target.resolve(env), decisions, whens, outputs);
    },
  };
}

function decide(
  env: Execution,
  rows: ReturnType<typeof planMergeRows>,
  whens: readonly MergeWhenPlan[],
  bySource: boolean,
  keepSources: boolean,
): Decisions {
  const decisions: Decisions = { updates: [], deletes: [], inserts: new Map() };
  const changed = new Set<Row>();
  const matched = new Set<Row>();
  const act = (f: QueryFrame, match: MergeWhenPlan['match'], row: Row | null): void => {
    const when = whens.find(
      (candidate) => candidate.match === match && (candidate.test === null || candidate.test(f) === true),
    );
    if (!when) return;
    const sources = keepSources ? f.rows.slice() : [];
    if (when.action.k === 'insert') {
      const list = decisions.inserts.get(when.action) ?? [];
      list.push({ values: when.action.values(f), sources });
      decisions.inserts.set(when.action, list);
      return;
    }
    if (row === null) return;
    if (changed.has(row)) throw sqlError(8672);
    changed.add(row);
    const before = f.rows[rows.slot]!;
    if (when.action.k === 'delete') decisions.deletes.push({ row, before, sources });
    else decisions.updates.push({ row, before, after: when.action.set.apply(f, before), sources });
  };
  rows.forEachPair(env, (f) => {
    if (f.rows[rows.slot] === NO_ROW) {
      act(f, 'notMatched', null);
      return;
    }
    const row = f.handles[rows.slot]!;
    matched.add(row);
    act(f, 'matched', row);
  });
  if (bySource) {
    rows.forEachTarget(env, (f) => {
      const row = f.handles[rows.slot]!;
      if (!matched.has(row)) act(f, 'notMatchedBySource', row);
    });
  }
  return decisions;
}

function carryOut(
  env: Execution,
  table: InsertShape['target']['table'],
  decisions: Decisions,
  whens: readonly MergeWhenPlan[],
  outputs: Parameters<typeof runOutputs>[1],
): DmlResult {
  const { updates, deletes } = decisions;
  if (deletes.length > 0) deleteRows(env, table, deletes, 'MERGE');
  for (const { after } of updates) completeRow(env, table, after, 'UPDATE');
  if (updates.length > 0) updateRows(env, table, updates, 'MERGE');
  const changes: ChangedRow[] = [
    ...deletes.map(({ before, sources }) => ({ inserted: null, deleted: before, sources, action: 'DELETE' as const })),
    ...updates.map(({ before, after, sources }) => ({
      inserted: after,
      deleted: before,
      sources,
      action: 'UPDATE' as const,
    })),
  ];
  const inserted: RowData[] = [];
  for (const [plan, list] of decisions.inserts) {
    const built = buildRows(
      env,
      plan.shape,
      list.map(({ values }) => values),
      'INSERT',
    );
    insertRows(env, table, built, 'MERGE');
    built.forEach((row, i) => {
      changes.push({ inserted: row, deleted: null, sources: list[i]!.sources, action: 'INSERT' });
    });
    inserted.push(...built);
  }
  const output = runOutputs(env, outputs, changes);
  return { count: changes.length, output, events: events(table, whens, decisions, inserted) };
}

/** Triggers fire for each kind of change the statement names, as the product does even when no row took part. */
function events(
  table: InsertShape['target']['table'],
  whens: readonly MergeWhenPlan[],
  { updates, deletes }: Decisions,
  inserted: readonly RowData[],
): ChangeEvent[] {
  const kinds = new Set(whens.map((when) => when.action.k));
  const out: ChangeEvent[] = [];
  const all = new Set(table.columns.map((_column, at) => at));
  if (kinds.has('insert')) out.push({ table, kind: 'insert', inserted, deleted: [], columns: all });
  if (kinds.has('update')) {
    const columns = new Set(whens.flatMap((when) => (when.action.k === 'update' ? [...when.action.set.columns] : [])));
    const after = updates.map((change) => change.after);
    const before = updates.map((change) => change.before);
    out.push({ table, kind: 'update', inserted: after, deleted: before, columns });
  }
  if (kinds.has('delete')) {
    const before = deletes.map((change) => change.before);
    out.push({ table, kind: 'delete', inserted: [], deleted: before, columns: new Set() });
  }
  return out;
}
