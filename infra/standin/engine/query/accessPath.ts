import type { SqlValue } from '../../sql/values.ts';
import type { QueryFrame } from './frame.ts';
import type { Condition, SeekTerm } from './seekTerms.ts';
import type { BoundSource, RangeEnd, SeekRange } from './source.ts';

/** An index of a source, as the planner sees it. */
export interface PlannedIndex {
  /** Position among the table's indexes; 0 for sources with one order. */
  readonly index: number;
  readonly columns: readonly number[];
  readonly unique: boolean;
}

/** How a source is searched: which index, and the terms that bound it. */
export interface AccessPath {
  readonly index: number;
  readonly columns: readonly number[];
  readonly unique: boolean;
  readonly equals: readonly SeekTerm[];
  readonly low: SeekTerm | null;
  readonly high: SeekTerm | null;
  /** Estimated rows. */
  readonly cost: number;
}

/** Wanted order of rows: positions with direction. */
export interface WantedOrder {
  readonly slot: number;
  readonly columns: readonly { readonly at: number; readonly descending: boolean }[];
}

function indexesOf(source: BoundSource): PlannedIndex[] {
  const { access } = source;
  if (access.k === 'table')
    return access.shape.data.indexes.map((index, at) => ({ index: at, columns: index.columns, unique: index.unique }));
  if (access.k === 'ordered') return [{ index: 0, columns: access.rows.order, unique: access.rows.unique }];
  return [];
}

/** Tables are taken for this large at least: a plan made while one is empty must still be right when it has grown. */
const LEAST_TABLE_ROWS = 1000;

export function rowEstimate(source: BoundSource): number {
  const { access } = source;
  if (access.k === 'table') {
    if (access.shape.isVariable) return Math.max(10, access.shape.data.rowCount);
    return Math.max(LEAST_TABLE_ROWS, access.shape.data.rowCount);
  }
  return access.k === 'ordered' ? Math.max(LEAST_TABLE_ROWS, access.rows.estimate()) : Math.max(1, access.estimate);
}

/** The cheapest path among the source's indexes, given the slots that are bound already; `order` breaks near ties. */
export function choosePath(
  source: BoundSource,
  conditions: readonly Condition[],
  bound: ReadonlySet<number>,
  order: WantedOrder | null,
): AccessPath | null {
  const usable = conditions
    .flatMap((condition) => condition.terms)
    .filter((term) => term.slot === source.slot && [...term.slots].every((slot) => bound.has(slot)));
  let best: AccessPath | null = null;
  let bestCost = Number.POSITIVE_INFINITY;
  for (const index of indexesOf(source)) {
    const path = pathOver(index, usable, rowEstimate(source));
    // An order that comes for free is worth reading a few rows more.
    const cost = order && directionFor(path, order.columns) !== null ? path.cost * 0.5 : path.cost;
    if (cost < bestCost) {
      best = path;
      bestCost = cost;
    }
  }
  return best;
}

function pathOver(index: PlannedIndex, terms: readonly SeekTerm[], rows: number): AccessPath {
  const equals: SeekTerm[] = [];
  let cost = rows;
  let many = 1;
  for (const at of index.columns) {
    const term =
      terms.find((t) => t.op === '=' && t.at.length === 1 && t.at[0] === at) ??
      terms.find((t) => t.op === 'in' && t.at[0] === at);
    if (!term) break;
    equals.push(term);
    if (term.op === 'in') many *= term.values.length;
    cost *= 0.02;
  }
  if (index.unique && equals.length === index.columns.length && equals.length > 0)
    return { ...index, equals, low: null, high: null, cost: many };
  if (equals.length > 0) cost = Math.max(cost * many, many + 1);
  const low = rangeTerm(index, terms, equals.length, '>');
  const high = rangeTerm(index, terms, equals.length, '<');
  if (low) cost *= 0.3;
  if (high) cost *= 0.3;
  return { ...index, equals, low, high, cost: Math.max(cost, 1.5) };
}

/** The bound over most columns that continues the index after its equal columns. */
function rangeTerm(index: PlannedIndex, terms: readonly SeekTerm[], from: number, side: '<' | '>'): SeekTerm | null {
  let best: SeekTerm | null = null;
  for (const term of terms) {
    if (term.op[0] !== side || term.at[0] !== index.columns[from]) continue;
    if (!best || term.at.length > best.at.length) best = term;
  }
  return best;
}

/** 'forward' or 'backward' when reading the path in that direction gives the wanted order; null when neither does. */
export function directionFor(
  path: AccessPath,
  order: readonly { readonly at: number; readonly descending: boolean }[],
): 'forward' | 'backward' | null {
  if (path.equals.some((term) => term.op === 'in')) return null;
  const fixed = new Set(path.columns.slice(0, path.equals.length));
  let at = path.equals.length;
  let descending: boolean | null = null;
  for (const item of order) {
    if (fixed.has(item.at)) continue;
    if (path.unique && at === path.columns.length) break;
    if (path.columns[at] !== item.at) return null;
    if (descending !== null && descending !== item.descending) return null;
    descending = item.descending;
    at++;
  }
  return descending ? 'backward' : 'forward';
}

/** The ranges to read for the current values of the frame: several when there are IN lists, none when nothing can match. */
export function seekRanges(path: AccessPath, f: QueryFrame): SeekRange[] {
  let prefixes: SqlValue[][] = [[]];
  for (const term of path.equals) {
    const values = equalValues(term, f);
    if (values.length === 0) return [];
    if (values.length === 1) for (const prefix of prefixes) prefix.push(values[0]!);
    else prefixes = prefixes.flatMap((prefix) => values.map((value) => [...prefix, value]));
  }
  const low = path.low ? rangeEnd(path.low, path, f) : null;
  const high = path.high ? rangeEnd(path.high, path, f) : null;
  if (low === 'none' || high === 'none') return [];
  return prefixes.map((equals) => ({ equals, low, high }));
}

function equalValues(term: SeekTerm, f: QueryFrame): SqlValue[] {
  // Values that are equal under the column's collation are found together: each key is read once.
  const found = new Map<string, SqlValue>();
  for (let i = 0; i < term.values.length; i++) {
    const value = term.values[i]!.eval(f);
    if (value === null) continue;
    const seek = term.convert[i]!(value);
    if (seek.k === 'exact') found.set(term.encode(seek.value), seek.value);
  }
  return [...found.values()];
}

/** The end of a range; null when it does not bound after all, 'none' when no row can be inside. */
function rangeEnd(term: SeekTerm, path: AccessPath, f: QueryFrame): RangeEnd | null | 'none' {
  const lower = term.op[0] === '>';
  const values: SqlValue[] = [];
  for (let i = 0; i < term.at.length; i++) {
    // Only as many columns as follow each other in the index can be searched by.
    if (path.columns[path.equals.length + i] !== term.at[i]) return { values, inclusive: true };
    const value = term.values[i]!.eval(f);
    if (value === null) return i === 0 ? 'none' : { values, inclusive: true };
    const seek = term.convert[i]!(value);
    if (seek.k === 'low') return i === 0 ? (lower ? null : 'none') : { values, inclusive: true };
    if (seek.k === 'high') return i === 0 ? (lower ? 'none' : null) : { values, inclusive: true };
    values.push(seek.value);
    if (seek.k === 'above') return { values, inclusive: !lower };
  }
  return { values, inclusive: term.op.length === 2 };
}
