import type { FunctionCall, OrderItem } from '../../sql/ast.ts';
import { sqlError, unsupported } from '../../sql/errors.ts';
import { compileExpr } from '../../sql/expr.ts';
import type { Compiled } from '../../sql/exprTypes.ts';
import { BIGINT, decimal, FLOAT, INT, MONEY, type SqlType, type SqlValue } from '../../sql/values.ts';
import { keyEncoder } from '../../store/key.ts';
import type { QueryFrame } from './frame.ts';
import { joining, spread } from './listAggregates.ts';
import type { QueryScope } from './scope.ts';
import { compileOrder } from './sortKeys.ts';

/** Collects one group's values. */
export interface Accumulator {
  add(f: QueryFrame): void;
  result(): SqlValue;
}

export interface Aggregate {
  readonly type: SqlType;
  readonly collation?: Compiled['collation'];
  readonly nullable: boolean;
  start(): Accumulator;
}

const NAMES: ReadonlySet<string> = new Set([
  'count',
  'count_big',
  'sum',
  'avg',
  'min',
  'max',
  'string_agg',
  'checksum_agg',
  'stdev',
  'stdevp',
  'var',
  'varp',
  'grouping',
  'approx_count_distinct',
]);

/** True for a call of an aggregate function; whether it is windowed is another matter. */
export function isAggregate(call: FunctionCall): boolean {
  return call.name.schema === undefined && NAMES.has(call.name.name.toLowerCase());
}

/** Compiles an aggregate; its arguments are compiled in the scope as it stands. */
export function compileAggregate(call: FunctionCall, scope: QueryScope): Aggregate {
  const name = call.name.name.toLowerCase();
  if (call.star) {
    if (name !== 'count' && name !== 'count_big') throw sqlError(102, '*').at(call.line);
    return counting(name === 'count_big', null);
  }
  const args = call.args.map((arg) => compileExpr(arg, scope));
  const first = args[0];
  if (!first) throw sqlError(174, name, 1).at(call.line);
  const aggregate = plainAggregate(name, first, args, call.withinGroup ?? [], scope, call);
  return call.distinct ? distinctOnly(aggregate, first) : aggregate;
}

function plainAggregate(
  name: string,
  arg: Compiled,
  args: readonly Compiled[],
  within: readonly OrderItem[],
  scope: QueryScope,
  call: FunctionCall,
): Aggregate {
  switch (name) {
    case 'count':
    case 'approx_count_distinct':
      return name === 'count' ? counting(false, arg) : distinctOnly(counting(true, arg), arg);
    case 'count_big':
      return counting(true, arg);
    case 'min':
    case 'max':
      return extreme(arg, name === 'max');
    case 'sum':
    case 'avg':
      return summing(arg, name === 'avg', call);
    case 'string_agg':
      return joining(arg, args[1], compileOrder(within, scope));
    case 'checksum_agg':
      return {
        type: INT,
        nullable: true,
        start: () => {
          let sum: number | null = null;
          return {
            add: (f) => {
              const value = arg.eval(f);
              if (value !== null) sum = (sum ?? 0) ^ Number(value);
            },
            result: () => sum,
          };
        },
      };
    case 'stdev':
    case 'stdevp':
    case 'var':
    case 'varp':
      return spread(arg, name.startsWith('stdev'), name.endsWith('p'));
    default:
      throw unsupported(`the aggregate ${name.toUpperCase()}`, call.line);
  }
}

function counting(big: boolean, arg: Compiled | null): Aggregate {
  return {
    type: big ? BIGINT : INT,
    nullable: false,
    start: () => {
      let count = 0;
      return {
        add: arg
          ? (f) => {
              if (arg.eval(f) !== null) count++;
            }
          : () => {
              count++;
            },
        result: () => (big ? BigInt(count) : count),
      };
    },
  };
}

function extreme(arg: Compiled, max: boolean): Aggregate {
  if (arg.type.k === 'bit') throw sqlError(8117, 'bit', max ? 'max' : 'min');
  const encode = keyEncoder(arg.type, arg.collation);
  return {
    type: arg.type,
    collation: arg.collation,
    nullable: true,
    start: () => {
      let best: SqlValue = null;
      let bestKey = '';
      return {
        add: (f) => {
          const value = arg.eval(f);
          if (value === null) return;
          const key = encode(value);
          if (best === null || (max ? key > bestKey : key < bestKey)) {
            best = value;
            bestKey = key;
          }
        },
        result: () => best,
      };
    },
  };
}

/** Result types of SUM and AVG (sql-docs: SUM, AVG). */
function sumType(type: SqlType, average: boolean, call: FunctionCall): SqlType {
  switch (type.k) {
    case 'tinyint':
    case 'smallint':
    case 'int':
      return INT;
    case 'bigint':
      return BIGINT;
    case 'decimal':
      return average ? decimal(38, Math.max(type.s, 6)) : decimal(38, type.s);
    case 'money':
    case 'smallmoney':
      return MONEY;
    case 'float':
    case 'real':
      return FLOAT;
    default:
      throw sqlError(8117, type.k, average ? 'avg' : 'sum').at(call.line);
  }
}

const INT_MAX = 2147483647n;
const BIGINT_MAX = 2n ** 63n - 1n;

function summing(arg: Compiled, average: boolean, call: FunctionCall): Aggregate {
  const type = sumType(arg.type, average, call);
  return {
    type,
    nullable: true,
    start: () => (type.k === 'float' ? floatSum(arg, average) : exactSum(arg, type, average)),
  };
}

function floatSum(arg: Compiled, average: boolean): Accumulator {
  let sum = 0;
  let count = 0;
  return {
    add: (f) => {
      const value = arg.eval(f);
      if (value === null) return;
      sum += Number(value);
      count++;
    },
    result: () => (count === 0 ? null : average ? sum / count : sum),
  };
}

function exactSum(arg: Compiled, type: SqlType, average: boolean): Accumulator {
  let sum = 0n;
  let count = 0n;
  const argScale = arg.type.k === 'decimal' ? arg.type.s : 0;
  const up = type.k === 'decimal' ? 10n ** BigInt(type.s - argScale) : 1n;
  return {
    add: (f) => {
      const value = arg.eval(f);
      if (value === null) return;
      sum += BigInt(value as number | bigint);
      count++;
    },
    result: () => {
      if (count === 0n) return null;
      const total = average ? (sum * up) / count : sum * up;
      const limit = type.k === 'int' ? INT_MAX : type.k === 'decimal' ? 10n ** 38n - 1n : BIGINT_MAX;
      if (total > limit || total < -limit - 1n)
        throw sqlError(8115, 'expression', type.k === 'decimal' ? 'numeric' : type.k);
      return type.k === 'int' ? Number(total) : total;
    },
  };
}

function distinctOnly(aggregate: Aggregate, arg: Compiled): Aggregate {
  const encode = keyEncoder(arg.type, arg.collation);
  return {
    ...aggregate,
    start: () => {
      const inner = aggregate.start();
      const seen = new Set<string>();
      return {
        add: (f) => {
          const key = encode(arg.eval(f));
          if (seen.has(key)) return;
          seen.add(key);
          inner.add(f);
        },
        result: () => inner.result(),
      };
    },
  };
}
