import type { FunctionCall } from '../../sql/ast.ts';
import { sqlError } from '../../sql/errors.ts';
import { compileExpr } from '../../sql/expr.ts';
import type { Compiled, Frame } from '../../sql/exprTypes.ts';
import type { CompileContext } from '../compile/context.ts';
import type { UserFunction } from '../model/modules.ts';
import { coerced } from '../query/coerce.ts';
import type { QueryScope } from '../query/scope.ts';
import type { Execution } from '../run/execution.ts';
import { functionRunner } from './functionRunner.ts';

/** A call of a user's scalar function (its name needs a schema); undefined when there is none of that name. */
export function userFunction(call: FunctionCall, scope: QueryScope, context: CompileContext): Compiled | undefined {
  const { schema, name } = call.name;
  if (schema === undefined) return undefined;
  const database = context.databaseOf(call.name);
  const object = database.find(schema, name);
  if (object?.kind !== 'function') return undefined;
  const { returns } = object.definition;
  if (returns.k !== 'scalar') return undefined;
  context.accesses.push({ permission: 'EXECUTE', database, object, columns: null });
  // Its statements run within the one that calls it, which must therefore be one: also where that reads no table itself.
  context.usesData = true;
  const args = bindArguments(call, object, scope, context);
  return {
    type: context.type(returns.type),
    nullable: true,
    eval: (f: Frame) =>
      functionRunner.run(
        f.env as Execution,
        object,
        database,
        args.map((arg) => arg.eval(f)),
      ),
  };
}

/** Arguments by position, converted to the parameters' types. 313 for too few, 8144 for too many; DEFAULT takes the parameter's own. */
function bindArguments(
  call: FunctionCall,
  object: UserFunction,
  scope: QueryScope,
  context: CompileContext,
): Compiled[] {
  const { parameters } = object.definition;
  const written = `${object.schema.name}.${object.name}`;
  if (call.args.length < parameters.length) throw sqlError(313, written).at(call.line);
  if (call.args.length > parameters.length) throw sqlError(8144, written).at(call.line);
  return parameters.map((parameter, i) => {
    const given = call.args[i]!;
    const expr = given.k === 'default' ? (parameter.default ?? { k: 'null' as const }) : given;
    return coerced(compileExpr(expr, scope), context.type(parameter.type));
  });
}
