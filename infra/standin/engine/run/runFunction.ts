import type { Statement } from '../../sql/astStatements.ts';
import { sqlError, unsupported } from '../../sql/errors.ts';
import { resolveTypeRef } from '../compile/types.ts';
import type { FunctionRunner } from '../functions/functionRunner.ts';
import { CONTROL_STATEMENTS } from './controlStatements.ts';
import { evaluateAs, evaluatePredicate } from './evaluate.ts';
import { Execution } from './execution.ts';
import { type Awaitable, BREAK, CONTINUE, type Flow } from './flow.ts';
import { QUERY_STATEMENTS } from './queryStatements.ts';
import { Runner } from './runner.ts';
import { NO_SINK } from './sink.ts';
import { moduleUnit } from './units.ts';

const MAX_NESTING = 32;
const NEVER = new AbortController().signal;

/**
 * Runs a scalar function's body. It belongs to the statement that calls it: it uses that statement's transaction, and a lock it cannot get
 * makes the whole statement wait and begin again.
 */
export const runFunction: FunctionRunner = (caller, definition, database, args) => {
  if (caller.nestLevel >= MAX_NESTING) throw sqlError(217);
  const { session } = caller;
  const env = new Execution({
    session,
    module: {
      name: definition.name,
      schema: definition.schema.name,
      id: definition.id,
      owner: definition.schema.owner,
      database,
      lookupDatabase: database,
    },
    unit: moduleUnit(session, definition, database),
    nestLevel: caller.nestLevel + 1,
  });
  env.inFunction = true;
  env.borrowed = caller.statement.tx;
  env.nowMs = caller.nowMs;
  const { returns } = definition.definition;
  if (returns.k === 'scalar') env.returnType = resolveTypeRef(returns.type, database).type;
  const { parameters } = definition.definition;
  parameters.forEach((parameter, i) => {
    env.variable(parameter.name).value = args[i] ?? null;
  });
  const rowCount = session.rowCount;
  try {
    const flow = runList(new Runner(session, NO_SINK, NEVER, true), env.unit.statements, env);
    if (flow?.k !== 'return' || flow.value === undefined) throw sqlError(455);
    return flow.value;
  } finally {
    session.rowCount = rowCount;
  }
};

function runList(runner: Runner, statements: readonly Statement[], env: Execution): Flow {
  for (const statement of statements) {
    const flow = run(runner, statement, env);
    if (flow !== null) return flow;
  }
  return null;
}

function run(runner: Runner, statement: Statement, env: Execution): Flow {
  switch (statement.k) {
    case 'block':
      return runList(runner, statement.body, env);
    case 'if': {
      if (now(evaluatePredicate(runner, env, statement.test)) === true) return run(runner, statement.body, env);
      return statement.otherwise ? run(runner, statement.otherwise, env) : null;
    }
    case 'while':
      return loop(runner, statement, env);
    case 'break':
      return BREAK;
    case 'continue':
      return CONTINUE;
    case 'declare':
      declare(runner, statement, env);
      return null;
    case 'setVariable':
      return now(CONTROL_STATEMENTS.setVariable(runner, statement, env));
    case 'return':
      return now(CONTROL_STATEMENTS.return(runner, statement, env));
    case 'select':
    case 'insert':
    case 'update':
    case 'delete': {
      const handler = QUERY_STATEMENTS[statement.k] as (r: Runner, s: Statement, e: Execution) => Awaitable<Flow>;
      return now(handler(runner, statement, env));
    }
    default:
      throw sqlError(443, statement.k);
  }
}

/** Nothing in a function may wait: a promise here would be a statement that is not built for functions. */
function now<T>(value: Awaitable<T>): T {
  if (value instanceof Promise) throw unsupported('A statement that waits inside a function');
  return value;
}

function loop(runner: Runner, statement: Extract<Statement, { k: 'while' }>, env: Execution): Flow {
  while (now(evaluatePredicate(runner, env, statement.test)) === true) {
    const flow = run(runner, statement.body, env);
    if (flow?.k === 'break') return null;
    if (flow?.k === 'return') return flow;
  }
  return null;
}

function declare(runner: Runner, statement: Extract<Statement, { k: 'declare' }>, env: Execution): void {
  for (const item of statement.items) {
    const variable = env.variable(item.name);
    if (item.k === 'scalar' && item.value) variable.value = now(evaluateAs(runner, env, item.value, variable.type));
  }
}
