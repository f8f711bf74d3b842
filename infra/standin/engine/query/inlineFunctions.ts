import type { TableFunction } from '../../sql/ast.ts';
import { sqlError, unsupported } from '../../sql/errors.ts';
import { compileExpr } from '../../sql/expr.ts';
import type { Compiled } from '../../sql/exprTypes.ts';
import { CompileContext, type Declared } from '../compile/context.ts';
import type { Database } from '../model/database.ts';
import type { UserFunction } from '../model/modules.ts';
import { Execution } from '../run/execution.ts';
import { coerced } from './coerce.ts';
import { compileQuery } from './compileQuery.ts';
import type { QueryFrame } from './frame.ts';
import { derivedColumns, type UnboundSource } from './from.ts';
import { findObject, writtenName } from './namedSource.ts';
import type { QueryScope } from './scope.ts';
import { SUBQUERIES } from './subqueries.ts';

const MAX_NESTING = 32;

/** A user's inline table function: its query with the arguments as variables. 208 when there is none of that name. */
export function inlineFunctionSource(source: TableFunction, scope: QueryScope): UnboundSource {
  const { object, database } = findObject(source.name, scope.context, source.line);
  if (object.kind !== 'function' || object.definition.returns.k !== 'inlineTable') {
    throw sqlError(208, writtenName(source.name)).at(source.line);
  }
  const { context } = scope;
  if (database !== context.database) throw unsupported('A function of another database', source.line);
  if (++context.depth > MAX_NESTING) throw sqlError(217);
  const parameters = bindArguments(source, object, scope);
  const declared = new Map<string, Declared>(
    parameters.map(({ name, value }) => [name, { k: 'scalar', type: value.type }]),
  );
  const inner = new CompileContext({ session: context.session, database, variables: declared, queries: SUBQUERIES });
  inner.depth = context.depth;
  const plan = compileQuery(object.definition.returns.query, inner, null, false);
  context.depth--;
  noteRights(context, inner, object, database);
  return {
    exposed: (source.alias ?? object.name).toLowerCase(),
    schema: null,
    columns: derivedColumns(plan.columns, undefined, object.name),
    access: {
      k: 'rows',
      estimate: 1000,
      open: (f) => plan.open(activation(f, parameters), null),
    },
  };
}

interface BoundParameter {
  readonly name: string;
  readonly value: Compiled;
}

/** Arguments by position, converted to the parameters' types; DEFAULT takes the parameter's own. 313 and 8144 for a wrong number. */
function bindArguments(source: TableFunction, object: UserFunction, scope: QueryScope): BoundParameter[] {
  const { parameters } = object.definition;
  if (source.args.length < parameters.length) throw sqlError(313, writtenName(source.name)).at(source.line);
  if (source.args.length > parameters.length) throw sqlError(8144, writtenName(source.name)).at(source.line);
  return parameters.map((parameter, i) => {
    const given = source.args[i]!;
    const expr = given.k === 'default' ? (parameter.default ?? { k: 'null' as const }) : given;
    return { name: parameter.name, value: coerced(compileExpr(expr, scope), scope.context.type(parameter.type)) };
  });
}

/** The caller needs SELECT on the function; what the function's owner owns himself he vouches for. */
function noteRights(context: CompileContext, inner: CompileContext, object: UserFunction, database: Database): void {
  const { owner } = object.schema;
  context.accesses.push({ permission: 'SELECT', database, object, columns: null });
  context.accesses.push(...inner.accesses.filter((access) => access.object.schema.owner !== owner));
  for (const [name, table] of inner.temps) context.temps.set(name, table);
}

/** The environment the function's query runs in: its own variables, the statement of the caller. */
function activation(f: QueryFrame, parameters: readonly BoundParameter[]): Execution {
  const { env } = f;
  const inner = new Execution({
    session: env.session,
    module: env.module,
    unit: env.unit,
    nestLevel: env.nestLevel + 1,
  });
  inner.statement = env.statement;
  inner.nowMs = env.nowMs;
  for (const { name, value } of parameters) {
    inner.variables.set(name, { type: value.type, value: value.eval(f), table: null });
  }
  return inner;
}
