import type { Expr, Predicate } from '../../sql/ast.ts';
import { implicitConverter } from '../../sql/convert.ts';
import { compileExpr, compilePredicate } from '../../sql/expr.ts';
import type { Compiled, CompiledPredicate, Truth } from '../../sql/exprTypes.ts';
import type { SqlType, SqlValue } from '../../sql/values.ts';
import { newFrame } from '../query/frame.ts';
import { NO_AGGREGATES } from '../query/grouping.ts';
import { QueryScope } from '../query/scope.ts';
import type { Execution } from './execution.ts';
import type { Awaitable } from './flow.ts';
import type { Runner } from './runner.ts';

interface Ready<T> {
  readonly compiled: T;
  readonly usesData: boolean;
  readonly readsTables: boolean;
}

function prepare<T>(runner: Runner, env: Execution, key: object, compile: (scope: QueryScope) => T): Ready<T> {
  return runner.plan(env, key, (context) => {
    const scope = new QueryScope(context, null);
    scope.hooks = NO_AGGREGATES;
    const compiled = compile(scope);
    return { compiled, usesData: context.usesData, readsTables: context.readsTables };
  });
}

function evaluate<T>(runner: Runner, env: Execution, ready: Ready<unknown>, compute: () => T): Awaitable<T> {
  if (ready.usesData) return runner.atomic(env, false, compute, ready.readsTables);
  if (!env.inFunction) env.nowMs = runner.session.server.preciseNowMs();
  return compute();
}

/** Evaluates an expression of a statement, with its type. */
export function evaluateExpr(
  runner: Runner,
  env: Execution,
  expr: Expr,
): { readonly type: SqlType; readonly untypedNull: boolean; readonly value: Awaitable<SqlValue> } {
  const ready = prepare<Compiled>(runner, env, expr, (scope) => compileExpr(expr, scope));
  const { compiled } = ready;
  const value = evaluate(runner, env, ready, () => compiled.eval(newFrame(env, null, 0)));
  return { type: compiled.type, untypedNull: compiled.untypedNull ?? false, value };
}

/** Evaluates a condition of IF or WHILE. */
export function evaluatePredicate(runner: Runner, env: Execution, predicate: Predicate): Awaitable<Truth> {
  const ready = prepare<CompiledPredicate>(runner, env, predicate, (scope) => compilePredicate(predicate, scope));
  return evaluate(runner, env, ready, () => ready.compiled(newFrame(env, null, 0)));
}

/** Evaluates an expression and converts it as an assignment does. */
export function evaluateAs(runner: Runner, env: Execution, expr: Expr, to: SqlType): Awaitable<SqlValue> {
  const { type, untypedNull, value } = evaluateExpr(runner, env, expr);
  if (untypedNull) return null;
  const convert = implicitConverter(type, to);
  return value instanceof Promise ? value.then(convert) : convert(value);
}
