import type { Compiled, CompiledPredicate } from '../../sql/exprTypes.ts';
import { compositeKey, type KeyEncoder } from '../../store/key.ts';
import type { Row, RowData } from '../../store/row.ts';
import { type AccessPath, seekRanges } from './accessPath.ts';
import { NO_ROW, type Pull, type QueryFrame } from './frame.ts';
import type { BoundSource, SeekRange } from './source.ts';
import { TableScan } from './tableScan.ts';

/** A part of a plan that produces rows into the frame's slots. */
export interface Operator {
  readonly slots: readonly number[];
  open(f: QueryFrame): Pull;
}

export function allOf(tests: readonly CompiledPredicate[]): CompiledPredicate | null {
  if (tests.length === 0) return null;
  if (tests.length === 1) return tests[0]!;
  if (tests.length === 2) {
    const [a, b] = tests as [CompiledPredicate, CompiledPredicate];
    return (f) => a(f) === true && b(f) === true;
  }
  return (f) => {
    for (const test of tests) if (test(f) !== true) return false;
    return true;
  };
}

const WHOLE: SeekRange = { equals: [], low: null, high: null };

/** Reads one source by a path, keeping rows that pass `test`. `keepHandle` notes the stored row in the frame, for changes. */
export function leafOperator(
  source: BoundSource,
  path: AccessPath | null,
  reverse: boolean,
  test: CompiledPredicate | null,
  keepHandle: boolean,
): Operator {
  const { slot, access } = source;
  const slots = [slot];
  if (access.k === 'table') {
    return {
      slots,
      open: (f) => {
        const ranges = path ? seekRanges(path, f) : [WHOLE];
        const scan = new TableScan(f.env, access.resolve(f.env), path?.index ?? 0, ranges, reverse, access.lock);
        return () => {
          while (scan.next()) {
            f.rows[slot] = scan.data;
            if (test !== null && test(f) !== true) continue;
            scan.lockCurrent();
            if (keepHandle) f.handles[slot] = scan.row;
            return true;
          }
          return false;
        };
      },
    };
  }
  if (access.k === 'ordered') {
    return {
      slots,
      open: (f) => {
        const ranges = path ? seekRanges(path, f) : [WHOLE];
        if (reverse) ranges.reverse();
        const pulls = ranges.map((range) => access.rows.scan(f.env, range, reverse));
        return () => {
          for (; pulls.length > 0; pulls.shift()) {
            const pull = pulls[0]!;
            for (let row = pull(); row !== null; row = pull()) {
              f.rows[slot] = row;
              if (test === null || test(f) === true) return true;
            }
          }
          return false;
        };
      },
    };
  }
  return {
    slots,
    open: (f) => {
      const pull = access.open(f);
      return () => {
        for (let row = pull(); row !== null; row = pull()) {
          f.rows[slot] = row;
          if (test === null || test(f) === true) return true;
        }
        return false;
      };
    },
  };
}

/** Keeps the rows that pass. */
export function filterOperator(input: Operator, test: CompiledPredicate | null): Operator {
  if (!test) return input;
  return {
    slots: input.slots,
    open: (f) => {
      const pull = input.open(f);
      return () => {
        while (pull()) if (test(f) === true) return true;
        return false;
      };
    },
  };
}

/** For each left row the right rows; `outer` keeps left rows without any. The right side may depend on the left one's slots. */
export function loopJoin(left: Operator, right: Operator, test: CompiledPredicate | null, outer: boolean): Operator {
  const rightSlots = right.slots;
  return {
    slots: [...left.slots, ...rightSlots],
    open: (f) => {
      const pullLeft = left.open(f);
      let pullRight: Pull | null = null;
      let matched = false;
      return () => {
        for (;;) {
          if (pullRight === null) {
            if (!pullLeft()) return false;
            pullRight = right.open(f);
            matched = false;
          }
          while (pullRight()) {
            if (test !== null && test(f) !== true) continue;
            matched = true;
            return true;
          }
          pullRight = null;
          if (outer && !matched) {
            for (const slot of rightSlots) f.rows[slot] = NO_ROW;
            return true;
          }
        }
      };
    },
  };
}

/** A pair of expressions that must be equal, converted to one type: `left` over earlier slots, `right` over the joined side. */
export interface HashKey {
  readonly left: Compiled;
  readonly right: Compiled;
  readonly encode: KeyEncoder;
}

/** As loopJoin, but the right side is read once and found by hash. It must not depend on the left. */
export function hashJoin(
  left: Operator,
  right: Operator,
  keys: readonly HashKey[],
  test: CompiledPredicate | null,
  outer: boolean,
): Operator {
  const rightSlots = right.slots;
  return {
    slots: [...left.slots, ...rightSlots],
    open: (f) => {
      const pullLeft = left.open(f);
      let buckets: Map<string, Placed[]> | null = null;
      let bucket: readonly Placed[] = [];
      let at = 0;
      let matched = true;
      return () => {
        for (;;) {
          while (at < bucket.length) {
            place(f, rightSlots, bucket[at++]!);
            if (test !== null && test(f) !== true) continue;
            matched = true;
            return true;
          }
          if (outer && !matched) {
            matched = true;
            for (const slot of rightSlots) f.rows[slot] = NO_ROW;
            return true;
          }
          if (!pullLeft()) return false;
          buckets ??= build(f, right, keys);
          const key = keyOf(f, keys, 'left');
          bucket = key === null ? [] : (buckets.get(key) ?? []);
          at = 0;
          matched = false;
        }
      };
    },
  };
}

/** The rows of some slots, kept to be put back into the frame later; with the stored rows behind them where a change needs those. */
interface Placed {
  readonly rows: readonly RowData[];
  readonly handles: readonly (Row | null | undefined)[];
}

function taken(f: QueryFrame, slots: readonly number[]): Placed {
  return { rows: slots.map((slot) => f.rows[slot]!), handles: slots.map((slot) => f.handles[slot]) };
}

function place(f: QueryFrame, slots: readonly number[], { rows, handles }: Placed): void {
  for (let i = 0; i < slots.length; i++) {
    f.rows[slots[i]!] = rows[i]!;
    const handle = handles[i];
    if (handle) f.handles[slots[i]!] = handle;
  }
}

function build(f: QueryFrame, right: Operator, keys: readonly HashKey[]): Map<string, Placed[]> {
  const savedRows = f.rows.slice();
  const savedHandles = f.handles.slice();
  const buckets = new Map<string, Placed[]>();
  const pull = right.open(f);
  while (pull()) {
    const key = keyOf(f, keys, 'right');
    if (key === null) continue;
    const bucket = buckets.get(key);
    if (bucket) bucket.push(taken(f, right.slots));
    else buckets.set(key, [taken(f, right.slots)]);
  }
  f.rows = savedRows;
  f.handles = savedHandles;
  return buckets;
}

function keyOf(f: QueryFrame, keys: readonly HashKey[], side: 'left' | 'right'): string | null {
  const values = keys.map((key) => key[side].eval(f));
  if (values.includes(null)) return null;
  return compositeKey(
    keys.map((key) => key.encode),
    values,
  );
}

/** FULL JOIN: both sides are kept in memory. */
export function fullJoin(left: Operator, right: Operator, test: CompiledPredicate | null): Operator {
  const slots = [...left.slots, ...right.slots];
  return {
    slots,
    open: (f) => {
      const rights = collect(f, right);
      const used = new Set<Placed>();
      const out: (readonly [left: Placed | null, right: Placed | null])[] = [];
      const pull = left.open(f);
      while (pull()) {
        let matched = false;
        const mine = taken(f, left.slots);
        for (const other of rights) {
          place(f, right.slots, other);
          if (test !== null && test(f) !== true) continue;
          matched = true;
          used.add(other);
          out.push([mine, other]);
        }
        if (!matched) out.push([mine, null]);
      }
      for (const other of rights) if (!used.has(other)) out.push([null, other]);
      let at = 0;
      return () => {
        if (at >= out.length) return false;
        const [mine, other] = out[at++]!;
        placeOrClear(f, left.slots, mine);
        placeOrClear(f, right.slots, other);
        return true;
      };
    },
  };
}

function placeOrClear(f: QueryFrame, slots: readonly number[], placed: Placed | null): void {
  if (placed) place(f, slots, placed);
  else for (const slot of slots) f.rows[slot] = NO_ROW;
}

function collect(f: QueryFrame, input: Operator): Placed[] {
  const rows: Placed[] = [];
  const pull = input.open(f);
  while (pull()) rows.push(taken(f, input.slots));
  return rows;
}

/** One row without sources: SELECT without FROM. */
export const SINGLE_ROW: Operator = {
  slots: [],
  open: () => {
    let done = false;
    return () => {
      if (done) return false;
      done = true;
      return true;
    };
  },
};
