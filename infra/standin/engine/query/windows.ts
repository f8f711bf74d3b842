import type { FunctionCall, Over } from '../../sql/ast.ts';
import { sqlError } from '../../sql/errors.ts';
import { compileExpr } from '../../sql/expr.ts';
import type { Compiled } from '../../sql/exprTypes.ts';
import { BIGINT, FLOAT, type SqlType, type SqlValue } from '../../sql/values.ts';
import { compositeKey, keyEncoder } from '../../store/key.ts';
import { type Aggregate, compileAggregate, isAggregate } from './aggregates.ts';
import { coerced } from './coerce.ts';
import type { QueryFrame } from './frame.ts';
import { type RowState, restoreState } from './rowState.ts';
import type { QueryScope } from './scope.ts';
import { compareByKeys, compileOrder, type SortKey } from './sortKeys.ts';

/** A compiled function with OVER. */
export interface WindowFunction {
  readonly type: SqlType;
  readonly nullable: boolean;
  readonly collation?: Compiled['collation'];
  /** One value per state, in the order of the states. */
  compute(f: QueryFrame, states: readonly RowState[]): SqlValue[];
}

/** A partition in window order. */
interface Partition {
  readonly states: readonly RowState[];
  /** Number of the peer group of each row (equal ORDER BY keys). */
  readonly peers: readonly number[];
}

type Compute = (f: QueryFrame, partition: Partition) => SqlValue[];

export function compileWindow(call: FunctionCall, over: Over, scope: QueryScope): WindowFunction {
  const partitionBy = over.partitionBy.map((expr) => compileExpr(expr, scope));
  const encoders = partitionBy.map((key) => keyEncoder(key.type, key.collation));
  const order = compileOrder(over.orderBy, scope);
  const { compute, ...shape } = windowFunction(call, over, scope);
  return {
    ...shape,
    compute: (f, states) => {
      const groups = new Map<string, number[]>();
      const keys = states.map((state, at) => {
        restoreState(f, state);
        const key = compositeKey(
          encoders,
          partitionBy.map((part) => part.eval(f)),
        );
        const group = groups.get(key);
        if (group) group.push(at);
        else groups.set(key, [at]);
        return order.map((item) => item.of(f));
      });
      const results = new Array<SqlValue>(states.length).fill(null);
      for (const members of groups.values()) {
        members.sort((a, b) => compareByKeys(keys[a]!, keys[b]!, order) || a - b);
        const peers = peerNumbers(
          members.map((at) => keys[at]!),
          order,
        );
        const values = compute(f, { states: members.map((at) => states[at]!), peers });
        for (let i = 0; i < members.length; i++) results[members[i]!] = values[i]!;
      }
      return results;
    },
  };
}

function peerNumbers(keys: readonly (readonly string[])[], order: readonly SortKey[]): number[] {
  let peer = 0;
  return keys.map((key, i) => {
    if (i > 0 && compareByKeys(keys[i - 1]!, key, order) !== 0) peer++;
    return peer;
  });
}

function windowFunction(
  call: FunctionCall,
  over: Over,
  scope: QueryScope,
): Omit<WindowFunction, 'compute'> & { readonly compute: Compute } {
  const name = call.name.name.toLowerCase();
  const ranking = rankingFunction(name, call, scope);
  if (ranking) {
    if (over.orderBy.length === 0) throw sqlError(4112, name).at(call.line);
    return ranking;
  }
  if (name === 'lag' || name === 'lead') return offsetFunction(name, call, scope);
  if (name === 'first_value' || name === 'last_value') return edgeFunction(name, call, over, scope);
  if (!isAggregate(call)) throw sqlError(4113, name).at(call.line);
  const aggregate = compileAggregate(call, scope);
  return { type: aggregate.type, nullable: aggregate.nullable, compute: (f, p) => running(f, p, aggregate, over) };
}

function rankingFunction(
  name: string,
  call: FunctionCall,
  scope: QueryScope,
): (Omit<WindowFunction, 'compute'> & { readonly compute: Compute }) | null {
  const shape = { type: BIGINT, nullable: false };
  switch (name) {
    case 'row_number':
      return { ...shape, compute: (_f, p) => p.states.map((_s, i) => BigInt(i + 1)) };
    case 'rank':
      return { ...shape, compute: (_f, p) => p.peers.map((peer) => BigInt(p.peers.indexOf(peer) + 1)) };
    case 'dense_rank':
      return { ...shape, compute: (_f, p) => p.peers.map((peer) => BigInt(peer + 1)) };
    case 'percent_rank':
      return {
        type: FLOAT,
        nullable: false,
        compute: (_f, p) =>
          p.peers.map((peer) => (p.peers.length < 2 ? 0 : p.peers.indexOf(peer) / (p.peers.length - 1))),
      };
    case 'cume_dist':
      return {
        type: FLOAT,
        nullable: false,
        compute: (_f, p) => p.peers.map((peer) => (p.peers.lastIndexOf(peer) + 1) / p.peers.length),
      };
    case 'ntile': {
      const buckets = compileExpr(call.args[0]!, scope);
      return { ...shape, compute: (f, p) => ntile(p.states.length, Number(buckets.eval(f))) };
    }
    default:
      return null;
  }
}

/** The first `rows % buckets` buckets get one row more. */
function ntile(rows: number, buckets: number): SqlValue[] {
  const size = Math.floor(rows / buckets);
  const larger = rows % buckets;
  const result: SqlValue[] = [];
  for (let bucket = 1; result.length < rows; bucket++)
    for (let i = 0; i < size + (bucket <= larger ? 1 : 0); i++) result.push(BigInt(bucket));
  return result;
}

function offsetFunction(
  name: 'lag' | 'lead',
  call: FunctionCall,
  scope: QueryScope,
): Omit<WindowFunction, 'compute'> & { readonly compute: Compute } {
  const [value, offset, fallback] = call.args.map((arg) => compileExpr(arg, scope));
  if (!value) throw sqlError(189, name, 1, 3).at(call.line);
  const otherwise = fallback ? coerced(fallback, value.type) : null;
  return {
    type: value.type,
    nullable: true,
    collation: value.collation,
    compute: (f, p) =>
      p.states.map((state, i) => {
        restoreState(f, state);
        const by = offset ? Number(offset.eval(f)) : 1;
        const other = p.states[name === 'lag' ? i - by : i + by];
        if (!other) return otherwise ? otherwise.eval(f) : null;
        restoreState(f, other);
        return value.eval(f);
      }),
  };
}

function edgeFunction(
  name: 'first_value' | 'last_value',
  call: FunctionCall,
  over: Over,
  scope: QueryScope,
): Omit<WindowFunction, 'compute'> & { readonly compute: Compute } {
  const value = compileExpr(call.args[0]!, scope);
  return {
    type: value.type,
    nullable: true,
    collation: value.collation,
    compute: (f, p) =>
      p.states.map((_state, i) => {
        const { from, to } = frameOf(p, i, over);
        const at = p.states[name === 'first_value' ? from : to];
        if (!at || from > to) return null;
        restoreState(f, at);
        return value.eval(f);
      }),
  };
}

/** The rows of the window frame of row `i`, both ends included; `from > to` when it is empty. */
function frameOf(partition: Partition, i: number, over: Over): { from: number; to: number } {
  const last = partition.states.length - 1;
  if (over.orderBy.length === 0) return { from: 0, to: last };
  const frame = over.frame ?? { unit: 'range' as const, start: Number.NEGATIVE_INFINITY, end: 0 };
  if (frame.unit === 'rows') return { from: Math.max(0, i + frame.start), to: Math.min(last, i + frame.end) };
  const peer = partition.peers[i]!;
  return {
    from: frame.start === Number.NEGATIVE_INFINITY ? 0 : partition.peers.indexOf(peer),
    to: frame.end === Number.POSITIVE_INFINITY ? last : partition.peers.lastIndexOf(peer),
  };
}

function running(f: QueryFrame, partition: Partition, aggregate: Aggregate, over: Over): SqlValue[] {
  const results: SqlValue[] = [];
  let accumulator = aggregate.start();
  let done = -1;
  let lastFrom = 0;
  for (let i = 0; i < partition.states.length; i++) {
    const { from, to } = frameOf(partition, i, over);
    // Frames that only grow at the end keep their sum; others start again.
    if (from !== lastFrom || to < done) {
      accumulator = aggregate.start();
      done = from - 1;
      lastFrom = from;
    }
    for (let at = done + 1; at <= to; at++) {
      restoreState(f, partition.states[at]!);
      accumulator.add(f);
      done = at;
    }
    results.push(accumulator.result());
  }
  return results;
}
