import type { AssignOp } from './ast.ts';

const OPS: ReadonlySet<string> = new Set(['=', '+=', '-=', '*=', '/=', '%=', '&=', '|=', '^=']);

/** True for `=` and the compound assignment operators. */
export function isAssignOp(key: string): key is AssignOp {
  return OPS.has(key);
}
