import type { Parameter } from '../../sql/astDdl.ts';
import { implicitConverter } from '../../sql/convert.ts';
import { SqlError, sqlError } from '../../sql/errors.ts';
import { compileExpr } from '../../sql/expr.ts';
import { typeName } from '../../sql/typeNames.ts';
import type { SqlType, SqlValue } from '../../sql/values.ts';
import type { RowData } from '../../store/row.ts';
import { CompileContext } from '../compile/context.ts';
import { emptyCopy } from '../ddl/storeTable.ts';
import { buildGivenRows } from '../dml/givenRows.ts';
import { shapeFor } from '../dml/insertShape.ts';
import type { TableObject } from '../model/tableObject.ts';
import { newFrame } from '../query/frame.ts';
import { QueryScope } from '../query/scope.ts';
import { SUBQUERIES } from '../query/subqueries.ts';
import type { Execution } from './execution.ts';

/** A table-valued argument as the wire brings it. */
export interface GivenTable {
  readonly columns: readonly { readonly name: string; readonly type: SqlType }[];
  readonly rows: readonly RowData[];
}

/** One argument of a procedure call. */
export interface CallArgument {
  /** '@name' in lower case; '' for a positional one. */
  readonly name: string;
  readonly type: SqlType;
  readonly value: SqlValue;
  readonly untypedNull?: boolean;
  readonly useDefault?: boolean;
  /** Takes the value of an OUTPUT parameter; null when the caller asked for none. */
  readonly output: ((value: SqlValue, type: SqlType) => void) | null;
  readonly table?: TableObject | GivenTable;
}

/** Puts arguments into the variables of a new execution. `procedure` is the name in error texts. */
export function bindArguments(
  env: Execution,
  parameters: readonly Parameter[],
  args: readonly CallArgument[],
  procedure: string,
  missing: (parameter: Parameter) => Error = (parameter) => sqlError(201, procedure, parameter.displayName),
): Map<string, CallArgument> {
  const bound = new Map<string, CallArgument>();
  let named = false;
  args.forEach((arg, at) => {
    if (arg.name === '' && named) throw sqlError(119, at + 1);
    named ||= arg.name !== '';
    const parameter =
      arg.name === '' ? parameters[at] : parameters.find((candidate) => candidate.name === arg.name.toLowerCase());
    if (!parameter) {
      if (parameters.length === 0) throw sqlError(8146, procedure);
      throw arg.name === '' ? sqlError(8144, procedure) : sqlError(8145, arg.name, procedure);
    }
    if (bound.has(parameter.name)) throw sqlError(8143, parameter.displayName);
    bound.set(parameter.name, arg);
  });
  for (const parameter of parameters) bindOne(env, parameter, bound.get(parameter.name), missing);
  return bound;
}

function bindOne(
  env: Execution,
  parameter: Parameter,
  arg: CallArgument | undefined,
  missing: (parameter: Parameter) => Error,
): void {
  const variable = env.variable(parameter.name);
  if (variable.table) {
    if (arg?.table) bindTable(env, parameter, arg.table);
    else if (arg && !arg.useDefault) throw sqlError(206, typeName(arg.type), parameter.displayName);
    return;
  }
  if (!arg || arg.useDefault) {
    if (!parameter.default) throw missing(parameter);
    variable.value = defaultValue(env, parameter, variable.type);
    return;
  }
  if (arg.output && !parameter.output) throw sqlError(8162, parameter.displayName);
  if (arg.table) throw sqlError(206, 'table type', typeName(variable.type));
  variable.value = arg.untypedNull ? null : converted(arg, variable.type);
}

function converted(arg: CallArgument, to: SqlType): SqlValue {
  try {
    return implicitConverter(arg.type, to)(arg.value);
  } catch (error) {
    // A bad argument is "Error converting data type x to y", whatever the cause.
    if (error instanceof SqlError && error.number === 245) throw sqlError(8114, typeName(arg.type), typeName(to));
    throw error;
  }
}

function defaultValue(env: Execution, parameter: Parameter, type: SqlType): SqlValue {
  const context = new CompileContext({
    session: env.session,
    database: env.database,
    variables: new Map(),
    queries: SUBQUERIES,
  });
  const compiled = compileExpr(parameter.default!, new QueryScope(context, null));
  if (compiled.untypedNull) return null;
  return implicitConverter(compiled.type, type)(compiled.eval(newFrame(env, null, 0)));
}

function bindTable(env: Execution, parameter: Parameter, given: TableObject | GivenTable): void {
  const { name } = parameter;
  const variable = env.variable(name);
  if ('data' in given) {
    env.variables.set(name, { ...variable, table: given });
    return;
  }
  checkTypeRight(env, parameter);
  const table = emptyCopy(variable.table!, env.nowMs);
  const shape = shapeFor({ table, resolve: () => table }, undefined, given.columns, false);
  buildGivenRows(env, shape, given.rows);
  env.variables.set(name, { ...variable, table });
}

/** Sending rows of a table type needs EXECUTE on it (229). */
function checkTypeRight({ session, database }: Execution, { type }: Parameter): void {
  if (type.k !== 'user' || session.security.isOwner) return;
  const found = database.findType(type.name.schema ?? 'dbo', type.name.name);
  if (!found || session.security.has('EXECUTE', { class: 'TYPE', id: found.id, schemaId: found.schema.id })) return;
  throw sqlError(229, 'EXECUTE', found.name, database.name, found.schema.name);
}
