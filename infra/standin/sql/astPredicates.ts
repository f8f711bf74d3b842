import type { Expr, Predicate } from './ast.ts';

/** Kinds of nodes that are conditions, for telling the two trees apart. */
const PREDICATE_KINDS: ReadonlySet<string> = new Set([
  'and',
  'or',
  'not',
  'compare',
  'isNull',
  'inList',
  'inQuery',
  'between',
  'like',
  'exists',
  'columnUpdated',
]);

/** True if the node is a condition rather than a value. */
export function isPredicate(node: Expr | Predicate): node is Predicate {
  return PREDICATE_KINDS.has(node.k);
}
