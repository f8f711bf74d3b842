import { converter, sameType } from '../../sql/convert.ts';
import type { Compiled } from '../../sql/exprTypes.ts';
import type { SqlType } from '../../sql/values.ts';

/** The expression converted to a type. */
export function coerced(compiled: Compiled, type: SqlType): Compiled {
  if (sameType(compiled.type, type)) return compiled;
  const { nullable, collation } = compiled;
  if (compiled.untypedNull) return { type, nullable, eval: () => null };
  const convert = converter(compiled.type, type);
  return { type, nullable, collation, eval: (f) => convert(compiled.eval(f)) };
}
