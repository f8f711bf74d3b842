import type { Predicate } from '../../sql/ast.ts';
import type { SeekTerm } from './seekTerms.ts';

/** Conditions with more branches than this are not looked at. */
const MAX_BRANCHES = 32;

/**
 * The row-value bound that a keyset condition means: `a > x OR (a = x AND b > y)` is `(a, b) > (x, y)`, in any nesting. `terms` gives the
 * seek terms of a simple comparison. Empty when the condition is something else.
 */
export function keysetTerms(predicate: Predicate, terms: (part: Predicate) => readonly SeekTerm[]): SeekTerm[] {
  const branches = normalForm(predicate);
  if (branches === null || branches.length < 2) return [];
  const lists = branches.map((branch) =>
    branch.flatMap((part) => (part.k === 'compare' ? terms(part).filter((term) => term.at.length === 1) : [])),
  );
  lists.sort((a, b) => a.length - b.length);
  const first = lists[0]?.find((term) => term.op !== '=' && term.op !== 'in');
  if (!first) return [];
  const direction = first.op[0]!;
  const steps: SeekTerm[] = [];
  for (const list of lists) {
    const step = list.find(
      (term) =>
        term.op[0] === direction &&
        term.slot === first.slot &&
        steps.every((earlier) => earlier.at[0] !== term.at[0]) &&
        steps.every((earlier) => list.some((other) => isEquality(other, earlier))),
    );
    if (!step) return [];
    steps.push(step);
  }
  // Only the last step may allow equality: otherwise the branches are not a row comparison.
  if (steps.slice(0, -1).some((step) => step.op.length === 2)) return [];
  return [
    {
      slot: first.slot,
      at: steps.map((step) => step.at[0]!),
      op: steps.at(-1)!.op,
      values: steps.map((step) => step.values[0]!),
      convert: steps.map((step) => step.convert[0]!),
      slots: new Set(steps.flatMap((step) => [...step.slots])),
      encode: first.encode,
      key: steps.map((step) => step.key).join(),
    },
  ];
}

function isEquality(term: SeekTerm, step: SeekTerm): boolean {
  return term.op === '=' && term.slot === step.slot && term.at[0] === step.at[0] && term.key === step.key;
}

/** The condition as OR of ANDs; null when that would be long. */
function normalForm(predicate: Predicate): Predicate[][] | null {
  if (predicate.k === 'or') {
    const left = normalForm(predicate.left);
    const right = normalForm(predicate.right);
    if (!left || !right || left.length + right.length > MAX_BRANCHES) return null;
    return [...left, ...right];
  }
  if (predicate.k === 'and') {
    const left = normalForm(predicate.left);
    const right = normalForm(predicate.right);
    if (!left || !right || left.length * right.length > MAX_BRANCHES) return null;
    return left.flatMap((a) => right.map((b) => [...a, ...b]));
  }
  return [[predicate]];
}
