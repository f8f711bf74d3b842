import { commonType } from '../../sql/typing.ts';
import { keyEncoder } from '../../store/key.ts';
import { type AccessPath, choosePath, directionFor, rowEstimate, type WantedOrder } from './accessPath.ts';
import { coerced } from './coerce.ts';
import { type JoinTree, slotsOf } from './joinTree.ts';
import {
  allOf,
  filterOperator,
  fullJoin,
  type HashKey,
  hashJoin,
  leafOperator,
  loopJoin,
  type Operator,
} from './operators.ts';
import type { QueryScope } from './scope.ts';
import { type Condition, compileCondition, conjuncts } from './seekTerms.ts';
import type { BoundSource } from './source.ts';

export interface Plan {
  readonly operator: Operator;
  /** Rows come in the wanted order. */
  readonly ordered: boolean;
}

interface Candidate {
  readonly item: JoinTree;
  readonly path: AccessPath | null;
  readonly cost: number;
}

/** Orders joins and picks access paths. `handleSlot` is the source whose stored rows are needed (the target of a change). */
export class Planner {
  readonly #scope: QueryScope;
  readonly #handleSlot: number;

  constructor(scope: QueryScope, handleSlot = -1) {
    this.#scope = scope;
    this.#handleSlot = handleSlot;
  }

  /** Plans a FROM tree with the conditions of WHERE. Conditions without any source are not looked at. */
  plan(tree: JoinTree, conditions: readonly Condition[], order: WantedOrder | null): Plan {
    return this.#group(tree, conditions, new Set(), order);
  }

  #group(
    tree: JoinTree,
    outerConditions: readonly Condition[],
    outerBound: ReadonlySet<number>,
    order: WantedOrder | null,
  ): Plan {
    const items: JoinTree[] = [];
    const pending = new Set(outerConditions);
    this.#flatten(tree, items, pending);
    const bound = new Set(outerBound);
    let operator: Operator | null = null;
    let ordered = false;
    while (items.length > 0) {
      const next = this.#cheapest(items, pending, bound, operator === null ? order : null);
      items.splice(items.indexOf(next.item), 1);
      const before = new Set(bound);
      slotsOf(next.item, bound);
      const ready = [...pending].filter((condition) => [...condition.slots].every((slot) => bound.has(slot)));
      for (const condition of ready) pending.delete(condition);
      if (operator === null) {
        const first = this.#item(next.item, next.path, ready, before, order);
        operator = first.operator;
        ordered = first.ordered;
      } else operator = this.#join(operator, next, ready, before, false);
    }
    return { operator: operator!, ordered };
  }

  #flatten(tree: JoinTree, items: JoinTree[], conditions: Set<Condition>): void {
    if (tree.k === 'join' && tree.kind === 'inner') {
      this.#flatten(tree.left, items, conditions);
      this.#flatten(tree.right, items, conditions);
      for (const part of conjuncts(tree.on)) conditions.add(compileCondition(part, this.#scope));
    } else if (tree.k === 'apply' && !tree.outer) {
      this.#flatten(tree.left, items, conditions);
      this.#flatten(tree.right, items, conditions);
    } else items.push(tree);
  }

  #cheapest(
    items: readonly JoinTree[],
    conditions: ReadonlySet<Condition>,
    bound: ReadonlySet<number>,
    order: WantedOrder | null,
  ): Candidate {
    let best: Candidate | null = null;
    for (const item of items) {
      if (![...dependencies(item)].every((slot) => bound.has(slot))) continue;
      const candidate = this.#candidate(item, conditions, bound, order);
      if (!best || candidate.cost < best.cost) best = candidate;
    }
    return best ?? this.#candidate(items[0]!, conditions, bound, order);
  }

  #candidate(
    item: JoinTree,
    conditions: ReadonlySet<Condition>,
    bound: ReadonlySet<number>,
    order: WantedOrder | null,
  ): Candidate {
    if (item.k !== 'leaf') {
      const rows = [...leaves(item)].reduce((sum, source) => sum + rowEstimate(source), 0);
      return { item, path: null, cost: rows + 1 };
    }
    const { source } = item;
    const list = [...conditions];
    const path = choosePath(source, list, bound, order?.slot === source.slot ? order : null);
    const searches = path !== null && (path.equals.length > 0 || path.low !== null || path.high !== null);
    if (searches) return { item, path, cost: path.cost };
    const own = list.some((condition) => condition.slots.size === 1 && condition.slots.has(source.slot));
    const linked =
      bound.size === 0 || list.some((condition) => condition.equality !== null && condition.slots.has(source.slot));
    return { item, path, cost: rowEstimate(source) * (own ? 0.3 : 1) * (linked ? 1 : 1000) };
  }

  #item(
    item: JoinTree,
    path: AccessPath | null,
    conditions: readonly Condition[],
    bound: ReadonlySet<number>,
    order: WantedOrder | null,
  ): Plan {
    if (item.k === 'leaf') {
      const { source } = item;
      const direction = order?.slot === source.slot && path ? directionFor(path, order.columns) : null;
      const operator = leafOperator(
        source,
        path,
        direction === 'backward',
        allOf(conditions.map((condition) => condition.test)),
        source.slot === this.#handleSlot,
      );
      return { operator, ordered: direction !== null };
    }
    const inner = new Set(bound);
    slotsOf(item.left, inner);
    const pushed = item.k === 'join' && item.kind === 'full' ? [] : conditions.filter((c) => subset(c.slots, inner));
    const left = this.#group(item.left, pushed, bound, order);
    const rest = allOf(conditions.filter((c) => !pushed.includes(c)).map((c) => c.test));
    if (item.k === 'join' && item.kind === 'full') {
      const right = this.#group(item.right, [], bound, null);
      const on = allOf(conjuncts(item.on).map((part) => compileCondition(part, this.#scope).test));
      return { operator: filterOperator(fullJoin(left.operator, right.operator, on), rest), ordered: false };
    }
    const on = item.k === 'join' ? conjuncts(item.on).map((part) => compileCondition(part, this.#scope)) : [];
    const candidate = this.#candidate(item.right, new Set(on), inner, null);
    const joined = this.#join(left.operator, candidate, on, inner, true);
    return { operator: filterOperator(joined, rest), ordered: left.ordered };
  }

  /** Joins an item to what is there, with the conditions that become decidable. */
  #join(
    left: Operator,
    next: Candidate,
    conditions: readonly Condition[],
    bound: ReadonlySet<number>,
    outer: boolean,
  ): Operator {
    const { item, path } = next;
    const own = slotsOf(item);
    const usesBound =
      [...dependencies(item)].some((slot) => bound.has(slot)) ||
      (path !== null &&
        [...path.equals, path.low, path.high].some((term) => term && [...term.slots].some((s) => bound.has(s))));
    if (usesBound) {
      const right = this.#item(item, path, conditions, bound, null);
      return loopJoin(left, right.operator, null, outer);
    }
    const local = conditions.filter((condition) => subset(condition.slots, own));
    const linking = conditions.filter((condition) => !local.includes(condition));
    const keys = linking.map((condition) => hashKey(condition, own)).filter((key) => key !== null);
    const right = this.#item(item, path, local, new Set(), null);
    return hashJoin(left, right.operator, keys, allOf(linking.map((condition) => condition.test)), outer);
  }
}

function subset(a: ReadonlySet<number>, b: ReadonlySet<number>): boolean {
  for (const item of a) if (!b.has(item)) return false;
  return true;
}

function* leaves(tree: JoinTree): Generator<BoundSource> {
  if (tree.k === 'leaf') yield tree.source;
  else {
    yield* leaves(tree.left);
    yield* leaves(tree.right);
  }
}

/** Slots outside the tree that its sources depend on. */
function dependencies(tree: JoinTree): Set<number> {
  const needed = new Set<number>();
  for (const source of leaves(tree)) for (const slot of source.dependsOn) needed.add(slot);
  for (const slot of slotsOf(tree)) needed.delete(slot);
  return needed;
}

function hashKey(condition: Condition, right: ReadonlySet<number>): HashKey | null {
  if (!condition.equality) return null;
  for (const [a, b] of [condition.equality.sides, condition.equality.sides.toReversed()] as const) {
    if (!a || !b) continue;
    const separate = b.slots.size > 0 && subset(b.slots, right) && [...a.slots].every((slot) => !right.has(slot));
    if (!separate) continue;
    const type = commonType(a.compiled.type, b.compiled.type);
    if (type.k === 'sql_variant') return null;
    const collation = a.compiled.collation ?? b.compiled.collation;
    return { left: coerced(a.compiled, type), right: coerced(b.compiled, type), encode: keyEncoder(type, collation) };
  }
  return null;
}
