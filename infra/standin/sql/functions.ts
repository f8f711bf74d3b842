import type { FunctionCall } from './ast.ts';
import { sqlError } from './errors.ts';
import { compileExpr } from './expr.ts';
import type { Compiled, Scope } from './exprTypes.ts';
import { DATE_FUNCTIONS } from './functionsDate.ts';
import { DATE_PART_BUILTINS } from './functionsDatePart.ts';
import { JSON_FUNCTIONS } from './functionsJson.ts';
import { MATH_FUNCTIONS } from './functionsMath.ts';
import { MISC_FUNCTIONS } from './functionsMisc.ts';
import { NULL_FUNCTIONS } from './functionsNull.ts';
import { SEARCH_FUNCTIONS } from './functionsSearch.ts';
import { STRING_FUNCTIONS } from './functionsString.ts';

/** A built-in scalar function: how many arguments it takes (beside a date part), and how it is compiled. */
export interface Builtin {
  readonly min: number;
  readonly max: number;
  compile(args: readonly Compiled[], call: FunctionCall): Compiled;
}

/** A table of built-ins by upper-case name. */
export type BuiltinTable = Readonly<Record<string, Builtin>>;

const ALL: ReadonlyMap<string, Builtin> = new Map(
  [
    STRING_FUNCTIONS,
    SEARCH_FUNCTIONS,
    MATH_FUNCTIONS,
    DATE_FUNCTIONS,
    DATE_PART_BUILTINS,
    NULL_FUNCTIONS,
    JSON_FUNCTIONS,
    MISC_FUNCTIONS,
  ].flatMap((table) => Object.entries(table)),
);

/** Compiles a call of a built-in function; undefined when there is none of that name. 174 or 189 for a wrong number of arguments. */
export function compileBuiltin(call: FunctionCall, scope: Scope): Compiled | undefined {
  const builtin = ALL.get(call.name.name.toUpperCase());
  if (!builtin) return undefined;
  const extra = call.datepart ? 1 : 0;
  const count = call.args.length + extra;
  const name = call.name.name.toLowerCase();
  if (count < builtin.min + extra || count > builtin.max + extra) {
    throw builtin.min === builtin.max
      ? sqlError(174, name, builtin.min + extra)
      : sqlError(189, name, builtin.min + extra, builtin.max + extra);
  }
  return builtin.compile(
    call.args.map((arg) => compileExpr(arg, scope)),
    call,
  );
}
