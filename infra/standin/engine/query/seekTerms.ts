import type { CompareOp, Expr, Predicate } from '../../sql/ast.ts';
import { compileExpr, compilePredicate } from '../../sql/expr.ts';
import { compareCompiled } from '../../sql/exprPredicate.ts';
import type { Compiled, CompiledPredicate } from '../../sql/exprTypes.ts';
import type { SqlValue } from '../../sql/values.ts';
import { type KeyEncoder, keyEncoder } from '../../store/key.ts';
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
  /** The key of a value of the (first) column. */
  readonly encode: KeyEncoder;
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
  if (predicate.k === 'compare') return compileComparison(predicate, scope);
  const { result, slots } = tracked(scope, () => compilePredicate(predicate, scope));
  return { test: result, slots, terms: seekTerms(predicate, scope), equality: null };
}

/** A comparison's sides are compiled once, for the test, the index and the hash join alike. */
function compileComparison(predicate: Comparison, scope: QueryScope): Condition {
  const { op } = predicate;
  const left = compileSide(predicate.left, scope);
  const right = compileSide(predicate.right, scope);
  return {
    test: compareCompiled(op, left.compiled, right.compiled),
    slots: new Set([...left.slots, ...right.slots]),
    terms: comparisonTerms(predicate, left, right, scope),
    equality: op === '=' ? { sides: [left, right] } : null,
  };
}

type Comparison = Extract<Predicate, { readonly k: 'compare' }>;

function compileSide(expr: Expr, scope: QueryScope): Side {
  const { result, slots } = tracked(scope, () => compileExpr(expr, scope));
  return { compiled: result, slots };
}

function comparisonTerms(predicate: Comparison, left: Side, right: Side, scope: QueryScope): SeekTerm[] {
  const { op } = predicate;
  if (op === '<>') return [];
  return [
    ...term(predicate.left, op, [predicate.right], [right], scope),
    ...term(predicate.right, FLIPPED[op], [predicate.left], [left], scope),
  ];
}

const FLIPPED: Record<CompareOp, CompareOp> = { '=': '=', '<>': '<>', '<': '>', '>': '<', '<=': '>=', '>=': '<=' };

function seekTerms(predicate: Predicate, scope: QueryScope): SeekTerm[] {
  const compiled = (exprs: readonly Expr[]): Side[] => exprs.map((expr) => compileSide(expr, scope));
  switch (predicate.k) {
    case 'compare':
      if (predicate.left.k !== 'column' && predicate.right.k !== 'column') return [];
      return comparisonTerms(predicate, compileSide(predicate.left, scope), compileSide(predicate.right, scope), scope);
    case 'between': {
      if (predicate.negated || predicate.arg.k !== 'column') return [];
      const { arg, low, high } = predicate;
      return [...term(arg, '>=', [low], compiled([low]), scope), ...term(arg, '<=', [high], compiled([high]), scope)];
    }
    case 'inList':
      if (predicate.negated || predicate.arg.k !== 'column') return [];
      return term(predicate.arg, 'in', predicate.list, compiled(predicate.list), scope);
    case 'or':
      return keysetTerms(predicate, (part) => seekTerms(part, scope));
    default:
      return [];
  }
}

/** The term `column op values`, when the index of the column can be searched by values of their types. */
function term(
  column: Expr,
  op: CompareOp | 'in',
  exprs: readonly Expr[],
  values: readonly Side[],
  scope: QueryScope,
): SeekTerm[] {
  if (column.k !== 'column' || op === '<>') return [];
  const found = scope.find(column);
  if (found.depth > 0 || values.some(({ slots }) => slots.has(found.slot))) return [];
  const convert: SeekConverter[] = [];
  for (const { compiled } of values) {
    const converter = compiled.untypedNull
      ? (v: SqlValue) => ({ k: 'exact' as const, value: v })
      : seekConverter(found.column, compiled.type, compiled.collation);
    if (!converter) return [];
    convert.push(converter);
  }
  return [
    {
      slot: found.slot,
      at: [found.column.at],
      op,
      values: values.map(({ compiled }) => compiled),
      convert,
      slots: new Set(values.flatMap(({ slots }) => [...slots])),
      encode: keyEncoder(found.column.type, found.column.collation),
      key: exprKey(exprs),
    },
  ];
}

/** Text that is equal for expressions written alike. */
function exprKey(expr: unknown): string {
  return JSON.stringify(expr, (name, value: unknown) =>
    name === 'line' ? undefined : typeof value === 'bigint' ? `${value}n` : value,
  );
}
