import type { Query, SelectItem } from '../../sql/ast.ts';
import { implicitConverter } from '../../sql/convert.ts';
import { sqlError } from '../../sql/errors.ts';
import type { SqlValue } from '../../sql/values.ts';
import { Blocked } from '../../store/blocked.ts';
import type { RowData } from '../../store/row.ts';
import { CURRENT_COMMAND } from '../../tds/engineSession.ts';
import type { CompileContext } from '../compile/context.ts';
import { type IntoPlan, selectInto } from '../ddl/selectInto.ts';
import { compileQuery } from '../query/compileQuery.ts';
import { drain, type RowPull } from '../query/frame.ts';
import { cutByRowCount } from '../query/limit.ts';
import type { OutputColumn, QueryPlan } from '../query/queryPlan.ts';
import { runChange } from './changeStatements.ts';
import type { Execution } from './execution.ts';
import { type Awaitable, chain, type Flow } from './flow.ts';
import { ROWS_PER_EVENT, selectDone, sendAll } from './resultRows.ts';
import type { Handler, Runner } from './runner.ts';

interface Assignment {
  readonly name: string;
  readonly convert: (value: SqlValue) => SqlValue;
}

interface SelectStatementPlan {
  readonly query: QueryPlan;
  /** SELECT @x = …: one per column; empty when rows go to the client. */
  readonly assignments: readonly Assignment[];
  readonly into: IntoPlan | null;
  /** It may have to wait for others, so nothing may be sent before all rows are there. */
  readonly mayBlock: boolean;
  readonly readsTables: boolean;
  readonly maxRecursion: number | null;
}

/** SELECT: sends rows, assigns variables or makes a table. */
export const select: Handler<'select'> = (runner, statement, env) => {
  const plan = runner.plan(env, statement, (context) => compileSelectStatement(statement.query, context));
  if (plan.into) return runChange(runner, statement, env, CURRENT_COMMAND.selectInto, plan.into);
  if (plan.assignments.length > 0) return assignRows(runner, env, plan);
  return sendRows(runner, env, plan);
};

function compileSelectStatement(query: Query, context: CompileContext): SelectStatementPlan {
  const items = query.body.k === 'select' ? query.body.items : [];
  const assigned = items.filter((item) => item.k === 'assign');
  if (assigned.length > 0 && assigned.length < items.length) throw sqlError(141);
  const plan = compileQuery(query, context, null, false);
  const recursion = query.options.find((option) => option.name === 'MAXRECURSION');
  return {
    query: plan,
    assignments: assigned.map((item, i) => assignment(item, plan.columns[i]!, context)),
    into: query.body.k === 'select' && query.body.into ? selectInto(query.body.into, plan, context) : null,
    mayBlock: context.mayBlock,
    readsTables: context.readsTables,
    maxRecursion: recursion?.value ?? null,
  };
}

function assignment(
  item: Extract<SelectItem, { k: 'assign' }>,
  column: OutputColumn,
  context: CompileContext,
): Assignment {
  const { type } = context.variable(item.variable, 0);
  return { name: item.variable, convert: column.untypedNull ? () => null : implicitConverter(column.type, type) };
}

function assignRows(runner: Runner, env: Execution, plan: SelectStatementPlan): Awaitable<Flow> {
  const before = plan.assignments.map(({ name }) => env.variable(name).value);
  const result = runner.atomic(env, false, () => {
    // A statement that had to wait begins again with the variables as they were.
    plan.assignments.forEach(({ name }, i) => {
      env.variable(name).value = before[i]!;
    });
    const pull = openPlan(env, plan);
    let count = 0;
    for (let row = pull(); row !== null; row = pull()) {
      count++;
      for (let i = 0; i < plan.assignments.length; i++) {
        const { name, convert } = plan.assignments[i]!;
        env.variable(name).value = convert(row[i]!);
      }
    }
    return count;
  });
  return chain(result, (count) => {
    runner.session.rowCount = count;
    runner.session.error = 0;
    return null;
  });
}

function sendRows(runner: Runner, env: Execution, plan: SelectStatementPlan): Awaitable<Flow> {
  if (env.inFunction) throw sqlError(444);
  const { isolation } = runner.session.options;
  const quiet =
    !plan.mayBlock &&
    (!plan.readsTables ||
      isolation === 'readUncommitted' ||
      isolation === 'snapshot' ||
      (isolation === 'readCommitted' && env.database.options.readCommittedSnapshot));
  if (!quiet) {
    const rows = runner.atomic(env, false, () => drain(openPlan(env, plan)), plan.readsTables);
    return chain(rows, (all) => sendAll(runner, plan.query.columns, all));
  }
  const opened = runner.open(env, false, plan.readsTables);
  try {
    const pull = openPlan(env, plan);
    const first = take(pull, ROWS_PER_EVENT);
    if (first.length === ROWS_PER_EVENT) return streamRows(runner, env, plan, opened, pull, first);
    runner.close(env, opened, true);
    return sendAll(runner, plan.query.columns, first);
  } catch (error) {
    runner.close(env, opened, false);
    if (!(error instanceof Blocked)) throw error;
    return chain(
      runner.atomic(env, false, () => drain(openPlan(env, plan))),
      (all) => sendAll(runner, plan.query.columns, all),
    );
  }
}

function openPlan(env: Execution, plan: SelectStatementPlan): RowPull {
  env.statement.maxRecursion = plan.maxRecursion;
  return cutByRowCount(env, plan.query.open(env, null));
}

function take(pull: RowPull, limit: number): RowData[] {
  const rows: RowData[] = [];
  while (rows.length < limit) {
    const row = pull();
    if (row === null) break;
    rows.push(row);
  }
  return rows;
}

async function streamRows(
  runner: Runner,
  env: Execution,
  plan: SelectStatementPlan,
  opened: ReturnType<Runner['open']>,
  pull: RowPull,
  first: RowData[],
): Promise<Flow> {
  const { sink } = runner;
  let count = 0;
  let succeeded = false;
  sink.emit({ kind: 'columns', columns: plan.query.columns });
  try {
    for (let rows = first; rows.length > 0; rows = take(pull, ROWS_PER_EVENT)) {
      count += rows.length;
      sink.emit({ kind: 'rows', rows });
      if (sink.full) await sink.drained();
      if (runner.signal.aborted) break;
    }
    succeeded = true;
  } finally {
    runner.close(env, opened, succeeded);
  }
  selectDone(runner, count);
  return null;
}
