/** Small makers of Compiled values, shared by the expr and functions files. */
import type { Collation } from './collation.ts';
import { implicitConverter, sameType } from './convert.ts';
import { familyOf } from './convertRules.ts';
import { sqlError } from './errors.ts';
import { CONSTANT_FRAME, type Compiled, type Frame } from './exprTypes.ts';
import { isTemporal } from './temporal.ts';
import type { SqlType, SqlValue } from './values.ts';

type NotNull = Exclude<SqlValue, null>;

/** A value known at compile time. */
export function constant(type: SqlType, value: SqlValue): Compiled {
  return { type, nullable: value === null, constant: true, eval: () => value };
}

/** NULL with a type. */
export function typedNull(type: SqlType): Compiled {
  return constant(type, null);
}

/**
 * A compiled value that depends on its arguments alone: computed at once when they are constant, unless that raises an error
 * (which then is raised when, and if, the expression is evaluated).
 */
export function pure(
  type: SqlType,
  nullable: boolean,
  args: readonly Compiled[],
  evaluate: (f: Frame) => SqlValue,
): Compiled {
  const collation = args.find((a) => a.collation)?.collation;
  const made: Compiled = { type, nullable, eval: evaluate, ...(collation ? { collation } : {}) };
  if (!args.every((a) => a.constant)) return made;
  try {
    const value = evaluate(CONSTANT_FRAME);
    return { ...made, nullable: value === null, constant: true, eval: () => value };
  } catch {
    return made;
  }
}

/** A function of one argument that is NULL for NULL. */
export function strict1(type: SqlType, a: Compiled, fn: (a: NotNull) => SqlValue, nullable = a.nullable): Compiled {
  return pure(type, nullable, [a], (f) => {
    const x = a.eval(f);
    return x === null ? null : fn(x);
  });
}

/** A function of two arguments that is NULL when one of them is. */
export function strict2(type: SqlType, a: Compiled, b: Compiled, fn: (a: NotNull, b: NotNull) => SqlValue): Compiled {
  return pure(type, a.nullable || b.nullable, [a, b], (f) => {
    const x = a.eval(f);
    if (x === null) return null;
    const y = b.eval(f);
    return y === null ? null : fn(x, y);
  });
}

/** A function of any number of arguments that is NULL when one of them is. */
export function strictN(type: SqlType, args: readonly Compiled[], fn: (values: NotNull[]) => SqlValue): Compiled {
  return pure(
    type,
    args.some((a) => a.nullable),
    args,
    (f) => {
      const values: NotNull[] = [];
      for (const a of args) {
        const v = a.eval(f);
        if (v === null) return null;
        values.push(v);
      }
      return fn(values);
    },
  );
}

/** The value converted to a type by the implicit rules (206 or 257 when there are none). */
export function coerce(c: Compiled, to: SqlType): Compiled {
  if (c.untypedNull) return typedNull(to);
  if (sameType(c.type, to)) return c;
  const convertOne = implicitConverter(c.type, to);
  if (isTemporal(to) && familyOf(c.type) === 'string') return coerceDate(c, to, convertOne);
  return withCollation(
    pure(to, c.nullable, [c], (f) => convertOne(c.eval(f))),
    c,
  );
}

/** Dates in text are read by the session's DATEFORMAT; the default one is prepared. */
function coerceDate(c: Compiled, to: SqlType, byDefault: (v: SqlValue) => SqlValue): Compiled {
  const evaluate = (f: Frame): SqlValue => {
    const { dateFormat } = f.env;
    return dateFormat === 'mdy' ? byDefault(c.eval(f)) : implicitConverter(c.type, to, { dateFormat })(c.eval(f));
  };
  return { type: to, nullable: c.nullable, eval: evaluate };
}

/** The same value with the collation of another. */
export function withCollation(made: Compiled, from: Compiled): Compiled {
  return from.collation ? { ...made, collation: from.collation, explicitCollation: from.explicitCollation } : made;
}

/** The collation in which two strings meet; 468 when two that were chosen differ. */
export function meetCollations(a: Compiled, b: Compiled, operation: string): Collation | undefined {
  if (!a.collation || !b.collation || a.collation === b.collation) return a.collation ?? b.collation;
  if (a.explicitCollation !== b.explicitCollation) return a.explicitCollation ? a.collation : b.collation;
  if (a.collation.name.toLowerCase() === b.collation.name.toLowerCase()) return a.collation;
  throw sqlError(468, a.collation.name, b.collation.name, operation);
}
