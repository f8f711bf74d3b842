import type { FunctionCall } from '../../sql/ast.ts';
import { sqlError } from '../../sql/errors.ts';
import { compileExpr } from '../../sql/expr.ts';
import { coerce } from '../../sql/exprMake.ts';
import type { Compiled } from '../../sql/exprTypes.ts';
import type { SqlType, SqlValue } from '../../sql/values.ts';
import type { CompileContext } from '../compile/context.ts';
import type { QueryScope } from '../query/scope.ts';
import type { Execution } from '../run/execution.ts';

/** Compiles a call of a function that needs the engine: the session, the catalog, the security. */
export type EngineFunction = (call: FunctionCall, scope: QueryScope, context: CompileContext) => Compiled;

/** Functions by lower-case name. */
export type FunctionGroup = Readonly<Record<string, EngineFunction>>;

/**
 * A function of plain arguments: they are converted to `parameters` (the last ones beyond `required` may be left out) and handed over with
 * NULLs in place. 174 or 189 for a wrong number of arguments.
 */
export function fn(
  type: SqlType,
  parameters: readonly SqlType[],
  evaluate: (env: Execution, args: readonly SqlValue[]) => SqlValue,
  required = parameters.length,
): EngineFunction {
  return (call, scope) => {
    checkCount(call, required, parameters.length);
    const args = call.args.map((arg, i) => coerce(compileExpr(arg, scope), parameters[i]!));
    return {
      type,
      nullable: true,
      eval: (f) =>
        evaluate(
          f.env as Execution,
          args.map((arg) => arg.eval(f)),
        ),
    };
  };
}

function checkCount(call: FunctionCall, required: number, most: number): void {
  const { length } = call.args;
  if (length >= required && length <= most) return;
  const name = call.name.name.toLowerCase();
  if (required === most) throw sqlError(174, name, required).at(call.line);
  throw sqlError(189, name, required, most).at(call.line);
}
