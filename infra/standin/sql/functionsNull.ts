/** Functions about NULL and choice: ISNULL, COALESCE, NULLIF, CHOOSE, GREATEST, LEAST. */

import { comparer } from './compare.ts';
import { sqlError } from './errors.ts';
import { nullIf } from './expr.ts';
import { coerce, withCollation } from './exprMake.ts';
import type { Compiled } from './exprTypes.ts';
import type { BuiltinTable } from './functions.ts';
import { commonType } from './typing.ts';
import { INT, type SqlType } from './values.ts';

function meet(args: readonly Compiled[]): SqlType {
  const typed = args.filter((a) => !a.untypedNull);
  return typed.length === 0 ? INT : typed.map((a) => a.type).reduce(commonType);
}

/** ISNULL has the type of its first argument, unless that is the bare NULL. */
function isNull(a: Compiled, b: Compiled): Compiled {
  const type = a.untypedNull ? (b.untypedNull ? INT : b.type) : a.type;
  const first = coerce(a, type);
  const second = coerce(b, type);
  return withCollation(
    { type, nullable: a.nullable && b.nullable, eval: (f) => first.eval(f) ?? second.eval(f) },
    a.collation ? a : b,
  );
}

function coalesce(args: readonly Compiled[]): Compiled {
  if (args.every((a) => a.untypedNull)) throw sqlError(4127);
  const type = meet(args);
  const values = args.map((a) => coerce(a, type));
  const made: Compiled = {
    type,
    nullable: args.every((a) => a.nullable),
    eval: (f) => {
      for (const v of values) {
        const x = v.eval(f);
        if (x !== null) return x;
      }
      return null;
    },
  };
  return withCollation(made, args.find((a) => a.collation) ?? made);
}

function choose(args: readonly Compiled[]): Compiled {
  const [index, ...rest] = args;
  const number = coerce(index!, INT);
  const type = meet(rest);
  const values = rest.map((a) => coerce(a, type));
  return {
    type,
    nullable: true,
    eval: (f) => {
      const i = number.eval(f);
      return i === null ? null : (values[(i as number) - 1]?.eval(f) ?? null);
    },
  };
}

/** The largest (sign 1) or smallest (sign -1) argument; NULLs are passed over. */
function extreme(args: readonly Compiled[], sign: number): Compiled {
  const type = meet(args);
  const values = args.map((a) => coerce(a, type));
  const compare = comparer(type, args.find((a) => a.collation)?.collation);
  return {
    type,
    nullable: args.every((a) => a.nullable),
    eval: (f) => {
      let best = values[0]?.eval(f) ?? null;
      for (let i = 1; i < values.length; i++) {
        const v = values[i]!.eval(f);
        if (v !== null && (best === null || compare(v, best) * sign > 0)) best = v;
      }
      return best;
    },
  };
}

export const NULL_FUNCTIONS: BuiltinTable = {
  ISNULL: { min: 2, max: 2, compile: ([a, b]) => isNull(a!, b!) },
  COALESCE: { min: 2, max: 1000, compile: (args) => coalesce(args) },
  NULLIF: { min: 2, max: 2, compile: ([a, b]) => nullIf(a!, b!) },
  CHOOSE: { min: 2, max: 255, compile: (args) => choose(args) },
  GREATEST: { min: 1, max: 254, compile: (args) => extreme(args, 1) },
  LEAST: { min: 1, max: 254, compile: (args) => extreme(args, -1) },
};
