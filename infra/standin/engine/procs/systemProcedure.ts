import { implicitConverter } from '../../sql/convert.ts';
import { sqlError } from '../../sql/errors.ts';
import type { SqlType, SqlValue } from '../../sql/values.ts';
import type { RowData } from '../../store/row.ts';
import type { Database } from '../model/database.ts';
import type { CallArgument } from '../run/arguments.ts';
import type { Execution } from '../run/execution.ts';
import type { Awaitable } from '../run/flow.ts';
import { sendAll } from '../run/resultRows.ts';
import type { Runner } from '../run/runner.ts';
import type { SessionState } from '../run/sessionState.ts';

/** What a system procedure runs in. */
export interface ProcedureContext {
  readonly runner: Runner;
  readonly session: SessionState;
  /** The database of its name, or the current one. */
  readonly database: Database;
  readonly caller: Execution;
}

/** A parameter of a system procedure. Without `value` it must be given. */
export interface SystemParameter {
  /** Lower case with '@'. */
  readonly name: string;
  readonly type: SqlType;
  readonly value?: SqlValue;
}

/** The arguments of a call by name, and a way to return OUTPUT values. */
export interface BoundArguments {
  get(name: string): SqlValue;
  text(name: string): string | null;
  number(name: string): number | null;
  given(name: string): boolean;
  output(name: string, value: SqlValue, type: SqlType): void;
}

/** A procedure of the system; its result is the return status. */
export interface SystemProcedure {
  call(context: ProcedureContext, args: readonly CallArgument[]): Promise<number>;
}

/** Defines a system procedure with its parameters in order. 201 for a missing one, 8144/8145 for too many or unknown ones. */
export function systemProcedure(
  name: string,
  parameters: readonly SystemParameter[],
  run: (context: ProcedureContext, args: BoundArguments) => Awaitable<number | undefined>,
): readonly [string, SystemProcedure] {
  const call: SystemProcedure['call'] = async (context, args) =>
    (await run(context, bind(name, parameters, args))) ?? 0;
  return [name, { call }];
}

function bind(
  procedure: string,
  parameters: readonly SystemParameter[],
  args: readonly CallArgument[],
): BoundArguments {
  const values = new Map<string, SqlValue>();
  const given = new Map<string, CallArgument>();
  args.forEach((arg, at) => {
    const parameter =
      arg.name === '' ? parameters[at] : parameters.find((other) => other.name === arg.name.toLowerCase());
    if (!parameter) throw arg.name === '' ? sqlError(8144, procedure) : sqlError(8145, arg.name, procedure);
    if (arg.useDefault) return;
    given.set(parameter.name, arg);
    values.set(parameter.name, arg.untypedNull ? null : implicitConverter(arg.type, parameter.type)(arg.value));
  });
  for (const parameter of parameters) {
    if (values.has(parameter.name)) continue;
    if (parameter.value === undefined) throw sqlError(201, procedure, parameter.name);
    values.set(parameter.name, parameter.value);
  }
  const get = (name: string): SqlValue => values.get(name) ?? null;
  return {
    get,
    text: (name) => {
      const value = get(name);
      return value === null ? null : String(value);
    },
    number: (name) => {
      const value = get(name);
      return value === null ? null : Number(value);
    },
    given: (name) => given.has(name),
    output: (name, value, type) => given.get(name)?.output?.(value, type),
  };
}

/** Sends a result set of a system procedure. */
export function sendRows(
  context: ProcedureContext,
  columns: readonly { readonly name: string; readonly type: SqlType; readonly nullable?: boolean }[],
  rows: readonly RowData[],
): Awaitable<unknown> {
  return sendAll(
    context.runner,
    columns.map((column) => ({ name: column.name, type: column.type, nullable: column.nullable ?? true })),
    rows,
  );
}
