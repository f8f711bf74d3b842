import type { Predicate } from '../../sql/ast.ts';
import type { BoundSource } from './source.ts';

/** FROM as a tree over bound sources. Right joins have become left joins. */
export type JoinTree =
  | { readonly k: 'leaf'; readonly source: BoundSource }
  | {
      readonly k: 'join';
      readonly kind: 'inner' | 'left' | 'full';
      readonly left: JoinTree;
      readonly right: JoinTree;
      readonly on: Predicate | undefined;
    }
  | { readonly k: 'apply'; readonly outer: boolean; readonly left: JoinTree; readonly right: JoinTree };

/** Slots of the sources below a node. */
export function slotsOf(tree: JoinTree, into = new Set<number>()): Set<number> {
  if (tree.k === 'leaf') into.add(tree.source.slot);
  else {
    slotsOf(tree.left, into);
    slotsOf(tree.right, into);
  }
  return into;
}
