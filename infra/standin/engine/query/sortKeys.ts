import type { OrderItem } from '../../sql/ast.ts';
import { sqlError } from '../../sql/errors.ts';
import { compileExpr } from '../../sql/expr.ts';
import type { Compiled } from '../../sql/exprTypes.ts';
import { keyEncoder } from '../../store/key.ts';
import type { QueryFrame } from './frame.ts';
import type { QueryScope } from './scope.ts';

/** One item of an ORDER BY, as comparable text. */
export interface SortKey {
  readonly descending: boolean;
  of(f: QueryFrame): string;
}

const NOT_SORTABLE: ReadonlySet<string> = new Set(['text', 'ntext', 'image', 'xml']);

export function sortKey(compiled: Compiled, descending: boolean): SortKey {
  if (NOT_SORTABLE.has(compiled.type.k)) throw sqlError(306);
  const encode = keyEncoder(compiled.type, compiled.collation);
  return { descending, of: (f) => encode(compiled.eval(f)) };
}

export function compileOrder(items: readonly OrderItem[], scope: QueryScope): SortKey[] {
  return items.map((item) => sortKey(compileExpr(item.expr, scope), item.descending));
}

/** Compares lists of key texts by their directions. */
export function compareByKeys(
  a: readonly string[],
  b: readonly string[],
  order: readonly { readonly descending: boolean }[],
): number {
  for (let i = 0; i < order.length; i++) {
    const x = a[i]!;
    const y = b[i]!;
    if (x === y) continue;
    return (x < y ? -1 : 1) * (order[i]!.descending ? -1 : 1);
  }
  return 0;
}
