import type { Query, SelectItem } from '../../sql/ast.ts';
import type { Statement } from '../../sql/astStatements.ts';
import { implicitConverter } from '../../sql/convert.ts';
import { SqlError, sqlError, unsupported } from '../../sql/errors.ts';
import type { SqlValue } from '../../sql/values.ts';
import { Blocked } from '../../store/blocked.ts';
import type { RowData } from '../../store/row.ts';
import { CURRENT_COMMAND } from '../../tds/engineSession.ts';
import type { CompileContext } from '../compile/context.ts';
import { type IntoPlan, selectInto } from '../ddl/selectInto.ts';
import { compileDelete } from '../dml/delete.ts';
import { compileInsert } from '../dml/insert.ts';
import { compileMerge } from '../dml/merge.ts';
import type { DmlPlan, DmlResult } from '../dml/plan.ts';
import { compileTruncate } from '../dml/truncate.ts';
import { compileUpdate } from '../dml/update.ts';
import { compileQuery } from '../query/compileQuery.ts';
import { drain, type RowPull } from '../query/frame.ts';
import type { OutputColumn, QueryPlan } from '../query/queryPlan.ts';
import type { Execution } from './execution.ts';
import { originOf } from './failures.ts';
import type { Awaitable, Flow } from './flow.ts';
import { chain } from './flow.ts';
import { insertExec } from './insertExec.ts';
import type { Handler, Runner } from './runner.ts';
import { doneScope } from './sink.ts';
import { fireTriggers } from './triggers.ts';

/** Rows of one `rows` event. */
const ROWS_PER_EVENT = 200;

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

const select: Handler<'select'> = (runner, statement, env) => {
  const plan = runner.plan(env, statement, (context) => compileSelectStatement(statement.query, context));
  if (plan.into) return dml(runner, statement, env, CURRENT_COMMAND.selectInto, plan.into);
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
    env.statement.maxRecursion = plan.maxRecursion;
    const pull = plan.query.open(env, null);
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
    (isolation === 'readUncommitted' ||
      isolation === 'snapshot' ||
      (isolation === 'readCommitted' && env.database.options.readCommittedSnapshot));
  if (!quiet) {
    const rows = runner.atomic(env, false, () => drain(openPlan(env, plan)));
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
  return plan.query.open(env, null);
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

async function sendSlices(runner: Runner, rows: readonly RowData[]): Promise<void> {
  for (let at = 0; at < rows.length && !runner.signal.aborted; at += ROWS_PER_EVENT) {
    runner.sink.emit({ kind: 'rows', rows: rows.slice(at, at + ROWS_PER_EVENT) });
    if (runner.sink.full) await runner.sink.drained();
  }
}

/** Sends a result set that is complete. */
export function sendAll(runner: Runner, columns: readonly OutputColumn[], rows: readonly RowData[]): Awaitable<Flow> {
  runner.sink.emit({ kind: 'columns', columns });
  if (rows.length > ROWS_PER_EVENT)
    return sendSlices(runner, rows).then(() => {
      selectDone(runner, rows.length);
      return null;
    });
  if (rows.length > 0) runner.sink.emit({ kind: 'rows', rows });
  selectDone(runner, rows.length);
  return null;
}

function selectDone(runner: Runner, count: number): void {
  const { session } = runner;
  session.rowCount = count;
  session.error = 0;
  const scope = doneScope(runner.inProcedure);
  const currentCommand = CURRENT_COMMAND.select;
  if (session.options.noCount) runner.sink.emit({ kind: 'done', scope, currentCommand, noCount: true });
  else runner.sink.emit({ kind: 'done', scope, currentCommand, rowCount: count });
}

/** Runs a change, its triggers, and tells the client. */
function dml(
  runner: Runner,
  statement: Statement,
  env: Execution,
  currentCommand: number,
  plan: DmlPlan,
): Awaitable<Flow> {
  // Whether any trigger is there is asked before: a change that ran twice would take identity values twice.
  if (plan.target?.triggers.some((trigger) => trigger.enabled) && !env.inFunction) {
    return withTriggers(runner, statement, env, currentCommand, plan);
  }
  const result = terminating(() => runner.atomic(env, true, () => plan.run(env)));
  return chain(result, (done) => finish(runner, currentCommand, done));
}

/** Marks the errors of a change: "The statement has been terminated." follows them. */
function terminating(run: () => Awaitable<DmlResult>): Awaitable<DmlResult> {
  const mark = (error: unknown): never => {
    if (error instanceof SqlError) originOf(error).terminates = true;
    throw error;
  };
  try {
    const result = run();
    return result instanceof Promise ? result.catch(mark) : result;
  } catch (error) {
    return mark(error);
  }
}

async function withTriggers(
  runner: Runner,
  statement: Statement,
  env: Execution,
  currentCommand: number,
  plan: DmlPlan,
): Promise<Flow> {
  const done = await terminating(() => fireTriggers(runner, statement, env, plan));
  return finish(runner, currentCommand, done);
}

function finish(runner: Runner, currentCommand: number, done: DmlResult): Awaitable<Flow> {
  if (!done.output || done.output.columns.length === 0) {
    runner.done(currentCommand, done.count);
    return null;
  }
  runner.sink.emit({ kind: 'columns', columns: done.output.columns });
  const { rows } = done.output;
  return chain(sendSlicesIfAny(runner, rows), () => {
    const { session } = runner;
    session.rowCount = done.count;
    session.error = 0;
    const scope = doneScope(runner.inProcedure);
    if (session.options.noCount) runner.sink.emit({ kind: 'done', scope, currentCommand, noCount: true });
    else runner.sink.emit({ kind: 'done', scope, currentCommand, rowCount: done.count });
    return null;
  });
}

function sendSlicesIfAny(runner: Runner, rows: readonly RowData[]): Awaitable<void> {
  if (rows.length > ROWS_PER_EVENT) return sendSlices(runner, rows);
  if (rows.length > 0) runner.sink.emit({ kind: 'rows', rows });
}

const insert: Handler<'insert'> = (runner, statement, env) => {
  if (statement.source.k === 'exec') return insertExec(runner, statement, env);
  const plan = runner.plan(env, statement, (context) => compileInsert(statement, context));
  return dml(runner, statement, env, CURRENT_COMMAND.insert, plan);
};

const update: Handler<'update'> = (runner, statement, env) => {
  const plan = runner.plan(env, statement, (context) => compileUpdate(statement, context));
  return dml(runner, statement, env, CURRENT_COMMAND.update, plan);
};

const deleteRows: Handler<'delete'> = (runner, statement, env) => {
  const plan = runner.plan(env, statement, (context) => compileDelete(statement, context));
  return dml(runner, statement, env, CURRENT_COMMAND.delete, plan);
};

const merge: Handler<'merge'> = (runner, statement, env) => {
  const plan = runner.plan(env, statement, (context) => compileMerge(statement, context));
  return dml(runner, statement, env, CURRENT_COMMAND.merge, plan);
};

const truncate: Handler<'truncate'> = (runner, statement, env) => {
  const plan = runner.plan(env, statement, (context) => compileTruncate(statement, context));
  return chain(
    runner.atomic(env, true, () => plan.run(env)),
    () => null,
  );
};

const insertBulk: Handler<'insertBulk'> = () => {
  throw unsupported('INSERT BULK as part of a batch');
};

export const QUERY_STATEMENTS = { select, insert, update, delete: deleteRows, merge, truncate, insertBulk };
