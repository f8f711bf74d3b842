import type { CompareOp, Expr, Predicate } from '../../sql/ast.ts';
import { compileExpr, compilePredicate } from '../../sql/expr.ts';
import type { Compiled, CompiledPredicate } from '../../sql/exprTypes.ts';
import type { SqlValue } from '../../sql/values.ts';
import { keysetTerms } from './keyset.ts';
import type { QueryScope } from './scope.ts';
import { type SeekConverter, seekConverter } from './seekValue.ts';

/** A condition of a query (one operand of its top-level ANDs), compiled, with the sources it needs. */
export interface Condition {
  readonly test: CompiledPredicate;
  readonly slots: ReadonlySet<number>;
  readonly terms: readonly SeekTerm[];
  /** Both sides of an equality, for hash joins. */
  readonly equality: { readonly sides: readonly [Side, Side] } | null;
}

interface Side {
  readonly compiled: Compiled;
  readonly slots: ReadonlySet<number>;
}

/** `column op value`, usable to search an index: the values depend on other sources only. */
export interface SeekTerm {
  readonly slot: number;
  /** Position in the source's rows; several for a comparison of row values, `(a, b) > (x, y)`. */
  readonly at: readonly number[];
  readonly op: '=' | '<' | '<=' | '>' | '>=' | 'in';
  /** One value per position; for `in` the list. */
  readonly values: readonly Compiled[];
  readonly convert: readonly SeekConverter[];
  readonly slots: ReadonlySet<number>;
  /** Text of the values' expressions: equal for equal expressions. */
  readonly key: string;
}

/** Splits at top-level ANDs. */
export function conjuncts(predicate: Predicate | undefined): Predicate[] {
  if (!predicate) return [];
  if (predicate.k === 'and') return [...conjuncts(predicate.left), ...conjuncts(predicate.right)];
  return [predicate];
}

/** Runs `compile` and tells which of the scope's own slots it referred to. */
export function tracked<T>(scope: QueryScope, compile: () => T): { readonly result: T; readonly slots: Set<number> } {
  const outer = scope.tracker;
  const slots = new Set<number>();
  scope.tracker = slots;
  try {
    return { result: compile(), slots };
  } finally {
    scope.tracker = outer;
    if (outer) for (const slot of slots) outer.add(slot);
  }
}

export function compileCondition(predicate: Predicate, scope: QueryScope): Condition {
  const { result, slots } = tracked(scope, () => compilePredicate(predicate, scope));
  return { test: result, slots, terms: seekTerms(predicate, scope), equality: equalityOf(predicate, scope) };
}

function equalityOf(predicate: Predicate, scope: QueryScope): Condition['equality'] {
  if (predicate.k !== 'compare' || predicate.op !== '=') return null;
  const side = (expr: Expr): Side => {
    const { result, slots } = tracked(scope, () => compileExpr(expr, scope));
    return { compiled: result, slots };
  };
  return { sides: [side(predicate.left), side(predicate.right)] };
}

const FLIPPED: Record<CompareOp, CompareOp> = { '=': '=', '<>': '<>', '<': '>', '>': '<', '<=': '>=', '>=': '<=' };

function seekTerms(predicate: Predicate, scope: QueryScope): SeekTerm[] {
  switch (predicate.k) {
    case 'compare':
      if (predicate.op === '<>') return [];
      return [
        ...term(predicate.left, predicate.op, [predicate.right], scope),
        ...term(predicate.right, FLIPPED[predicate.op], [predicate.left], scope),
      ];
    case 'between':
      if (predicate.negated) return [];
      return [
        ...term(predicate.arg, '>=', [predicate.low], scope),
        ...term(predicate.arg, '<=', [predicate.high], scope),
      ];
    case 'inList':
      return predicate.negated ? [] : term(predicate.arg, 'in', predicate.list, scope);
    case 'or':
      return keysetTerms(predicate, (part) => seekTerms(part, scope));
    default:
      return [];
  }
}

function term(column: Expr, op: CompareOp | 'in', values: readonly Expr[], scope: QueryScope): SeekTerm[] {
  if (column.k !== 'column' || op === '<>') return [];
  const found = scope.find(column);
  if (found.depth > 0) return [];
  const { result, slots } = tracked(scope, () => values.map((value) => compileExpr(value, scope)));
  if (slots.has(found.slot)) return [];
  const converters: SeekConverter[] = [];
  for (const value of result) {
    const converter = value.untypedNull
      ? (v: SqlValue) => ({ k: 'exact' as const, value: v })
      : seekConverter(found.column, value.type, value.collation);
    if (!converter) return [];
    converters.push(converter);
  }
  return [
    { slot: found.slot, at: [found.column.at], op, values: result, convert: converters, slots, key: exprKey(values) },
  ];
}

/** Text that is equal for expressions written alike. */
export function exprKey(expr: unknown): string {
  return JSON.stringify(expr, (name, value: unknown) =>
    name === 'line' ? undefined : typeof value === 'bigint' ? `${value}n` : value,
  );
}
