import type { Statement } from '../../sql/astStatements.ts';
import { SqlError } from '../../sql/errors.ts';
import type { DmlPlan, DmlResult } from '../dml/plan.ts';
import type { Execution } from './execution.ts';
import { originOf } from './failures.ts';
import { type Awaitable, chain, type Flow } from './flow.ts';
import { selectDone, sendRowsOf } from './resultRows.ts';
import type { Runner } from './runner.ts';
import { fireTriggers } from './triggers.ts';

/** Runs a change, its triggers, and tells the client. */
export function runChange(
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
  return chain(sendRowsOf(runner, rows), () => {
    selectDone(runner, done.count, currentCommand);
    return null;
  });
}
