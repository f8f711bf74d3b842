import type { Expr } from '../../sql/ast.ts';
import type { StatementOf } from '../../sql/astStatements.ts';
import { convert } from '../../sql/convert.ts';
import { SqlError, sqlError } from '../../sql/errors.ts';
import { evaluateAs, evaluateExpr, evaluatePredicate } from './evaluate.ts';
import type { Execution } from './execution.ts';
import { Cancelled, originOf } from './failures.ts';
import { type Awaitable, BREAK, CONTINUE, chain, type Flow, lastly, rescue } from './flow.ts';
import type { Handler, Runner } from './runner.ts';

const ifElse: Handler<'if'> = (runner, statement, env) =>
  chain(evaluatePredicate(runner, env, statement.test), (truth) => {
    runner.succeeded(0);
    if (truth === true) return runner.run(statement.body, env);
    return statement.otherwise ? runner.run(statement.otherwise, env) : null;
  });

/** Iterations after which a loop lets other sessions run. */
const LOOP_SLICE = 500;

const whileLoop: Handler<'while'> = async (runner, statement, env) => {
  for (let i = 1; ; i++) {
    const test = evaluatePredicate(runner, env, statement.test);
    const truth = test instanceof Promise ? await test : test;
    runner.succeeded(0);
    if (truth !== true) return null;
    const result = runner.run(statement.body, env);
    const flow = result instanceof Promise ? await result : result;
    if (flow?.k === 'break') return null;
    if (flow?.k === 'return') return flow;
    if (i % LOOP_SLICE === 0) await new Promise((resolve) => setImmediate(resolve));
  }
};

const tryCatch: Handler<'tryCatch'> = (runner, statement, env) => {
  const { session } = runner;
  session.tryDepth++;
  const attempt = (): Awaitable<Flow> =>
    lastly(
      () => runner.runList(statement.body, env),
      () => {
        session.tryDepth--;
      },
    );
  return rescue(attempt, (error) => {
    if (!(error instanceof SqlError) || error.severity >= 20 || originOf(error).compiledIn === env) throw error;
    // Outside its own scope a failed compilation is an error like any other.
    originOf(error).compiledIn = undefined as never;
    session.caught.push(error);
    return lastly(
      () => runner.runList(statement.handler, env),
      () => {
        session.caught.pop();
      },
    );
  });
};

const declare: Handler<'declare'> = async (runner, statement, env) => {
  for (const item of statement.items) {
    if (item.k === 'table') env.variable(item.name);
    else if (item.value) await assign(runner, env, item.name, item.value);
    else env.variable(item.name);
  }
  return null;
};

function assign(runner: Runner, env: Execution, name: string, value: Expr): Awaitable<Flow> {
  const declared = env.unit.declared.get(name);
  if (declared?.k !== 'scalar') throw sqlError(137, name);
  const variable = env.variable(name);
  return chain(evaluateAs(runner, env, value, declared.type), (result) => {
    variable.value = result;
    return null;
  });
}

const compoundExprs = new WeakMap<object, Expr>();

const setVariable: Handler<'setVariable'> = (runner, statement, env) =>
  assign(runner, env, statement.name, assignedValue(statement));

/** `@x += e` as `@x + e`, the same node each time so that its plan is found again. */
function assignedValue(statement: StatementOf<'setVariable'>): Expr {
  if (statement.op === '=') return statement.value;
  let expr = compoundExprs.get(statement);
  if (!expr) {
    const left: Expr = { k: 'variable', name: statement.name, line: statement.line };
    expr = { k: 'binary', op: statement.op[0] as '+', left, right: statement.value };
    compoundExprs.set(statement, expr);
  }
  return expr;
}

const print: Handler<'print'> = (runner, statement, env) => {
  const { type, value } = evaluateExpr(runner, env, statement.value);
  return chain(value, (result) => {
    const text = result === null ? '' : String(convert(result, type, { k: 'nvarchar', n: 4000 }));
    runner.sink.emit({
      kind: 'message',
      number: 0,
      severity: 0,
      state: 1,
      text: text === '' ? ' ' : text,
      line: statement.line,
      proc: env.module?.name ?? '',
    });
    return null;
  });
};

const returnStatement: Handler<'return'> = (runner, statement, env) => {
  if (!statement.value) return { k: 'return', value: undefined };
  const { type, value } = evaluateExpr(runner, env, statement.value);
  return chain(value, (result) => {
    const to = env.returnType ?? { k: 'int' as const };
    return { k: 'return', value: result === null ? null : convert(result, type, to) };
  });
};

const waitfor: Handler<'waitfor'> = async (runner, statement, env) => {
  const { type, value } = evaluateExpr(runner, env, statement.value);
  const result = await value;
  const units = Number(convert(result, type, { k: 'time', s: 7 }) ?? 0);
  const sinceMidnightMs = units / 10_000;
  let waitMs = sinceMidnightMs;
  if (statement.kind === 'time') {
    waitMs = sinceMidnightMs - (runner.session.server.nowMs() % 86_400_000);
    if (waitMs < 0) waitMs += 86_400_000;
  }
  await abortableDelay(waitMs, runner.signal);
  return null;
};

function abortableDelay(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancel = (): void => {
      clearTimeout(timer);
      reject(new Cancelled());
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', cancel);
      resolve();
    }, ms);
    signal.addEventListener('abort', cancel, { once: true });
  });
}

export const CONTROL_STATEMENTS = {
  block: ((runner, statement, env) => runner.runList(statement.body, env)) as Handler<'block'>,
  if: ifElse,
  while: whileLoop,
  break: (() => BREAK) as Handler<'break'>,
  continue: (() => CONTINUE) as Handler<'continue'>,
  tryCatch,
  declare,
  setVariable,
  print,
  return: returnStatement,
  waitfor,
  noop: (() => null) as Handler<'noop'>,
};
