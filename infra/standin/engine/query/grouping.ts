import type { ColumnRef, Expr, FunctionCall } from '../../sql/ast.ts';
import { sqlError } from '../../sql/errors.ts';
import { compileExpr } from '../../sql/expr.ts';
import type { Compiled, Frame } from '../../sql/exprTypes.ts';
import { compositeKey, keyEncoder } from '../../store/key.ts';
import { type Accumulator, type Aggregate, compileAggregate, isAggregate } from './aggregates.ts';
import type { Pull, QueryFrame } from './frame.ts';
import type { RowState } from './rowState.ts';
import type { ClauseHooks, QueryScope } from './scope.ts';
import { compileWindow, type WindowFunction } from './windows.ts';

/** Text that is equal for expressions that mean the same in this scope: columns by where they are, not how they are written. */
export function canonicalKey(expr: Expr, scope: QueryScope): string {
  return scope.withHooks({}, () =>
    JSON.stringify(expr, (name, value: unknown) => {
      if (name === 'line') return undefined;
      if (typeof value === 'bigint') return `${value}n`;
      if (isColumn(value)) {
        const found = scope.find(value);
        return `$${found.depth}.${found.slot}.${found.column.at}`;
      }
      return value;
    }),
  );
}

function isColumn(value: unknown): value is ColumnRef {
  return typeof value === 'object' && value !== null && 'k' in value && value.k === 'column' && 'qualifier' in value;
}

/** GROUP BY keys, aggregates and window functions of one SELECT, gathered while its clauses are compiled. */
export class Grouping {
  readonly aggregates: Aggregate[] = [];
  readonly aggregateCalls: FunctionCall[] = [];
  readonly windows: WindowFunction[] = [];
  readonly #scope: QueryScope;
  readonly #keys: readonly Compiled[];
  readonly #keyTexts: readonly string[];
  readonly #aggregateKeys: string[] = [];
  #plainColumn: ColumnRef | null = null;

  constructor(scope: QueryScope, groupBy: readonly Expr[]) {
    this.#scope = scope;
    this.#keys = groupBy.map((expr) => scope.withHooks(NO_AGGREGATES, () => compileExpr(expr, scope)));
    this.#keyTexts = groupBy.map((expr) => canonicalKey(expr, scope));
  }

  get grouped(): boolean {
    return this.#keys.length > 0 || this.aggregates.length > 0;
  }

  /** Rules for the select list, HAVING and ORDER BY. */
  hooks(clause: 'select' | 'having' | 'order'): ClauseHooks {
    const windowHooks = { ...this.#groupHooks(), call: (call: FunctionCall) => this.#aggregateCall(call, true) };
    return {
      ...this.#groupHooks(),
      call: (call) => {
        if (!call.over) return this.#aggregateCall(call, false);
        if (clause === 'having') throw sqlError(4108).at(call.line);
        const compiled = this.#scope.withHooks(windowHooks, () => compileWindow(call, call.over!, this.#scope));
        const at = this.windows.push(compiled) - 1;
        return {
          type: compiled.type,
          nullable: compiled.nullable,
          collation: compiled.collation,
          eval: (f: Frame) => (f as QueryFrame).windows[at] ?? null,
        };
      },
    };
  }

  /** Throws 8120 when the query is grouped and a clause uses a column that is not in GROUP BY. */
  check(): void {
    if (!this.grouped || !this.#plainColumn) return;
    const { name, qualifier, line } = this.#plainColumn;
    throw sqlError(8120, [...qualifier, name].join('.')).at(line);
  }

  #groupHooks(): ClauseHooks {
    return {
      ...(this.#keys.length > 0 ? { substitute: (expr: Expr) => this.#groupKey(expr) } : {}),
      onColumn: (_found, ref) => {
        this.#plainColumn ??= ref;
      },
    };
  }

  #groupKey(expr: Expr): Compiled | undefined {
    if (expr.k === 'literal' || expr.k === 'null') return undefined;
    const at = this.#keyTexts.indexOf(canonicalKey(expr, this.#scope));
    if (at < 0) return undefined;
    const { type, nullable, collation } = this.#keys[at]!;
    return { type, nullable, collation, eval: (f: Frame) => (f as QueryFrame).group[at] ?? null };
  }

  #aggregateCall(call: FunctionCall, insideWindow: boolean): Compiled | undefined {
    if (call.over) {
      if (insideWindow) throw sqlError(4109).at(call.line);
      return undefined;
    }
    if (!isAggregate(call)) return undefined;
    const key = canonicalKey(call, this.#scope);
    let at = this.#aggregateKeys.indexOf(key);
    if (at < 0) {
      const aggregate = this.#scope.withHooks(NO_AGGREGATES_INSIDE, () => compileAggregate(call, this.#scope));
      at = this.aggregates.push(aggregate) - 1;
      this.#aggregateKeys.push(key);
      this.aggregateCalls.push(call);
    }
    const { type, nullable, collation } = this.aggregates[at]!;
    return { type, nullable, collation, eval: (f: Frame) => (f as QueryFrame).aggregates[at] ?? null };
  }

  /** Reads all rows and returns one state per group. `first` stops a group after its first non-null value (MIN and MAX over an order). */
  group(f: QueryFrame, pull: Pull, first: boolean): RowState[] {
    const encoders = this.#keys.map((key) => keyEncoder(key.type, key.collation));
    const groups = new Map<string, { state: RowState; accumulators: Accumulator[] }>();
    if (this.#keys.length === 0) groups.set('', this.#start(f, []));
    while (pull()) {
      const values = this.#keys.map((key) => key.eval(f));
      const key = compositeKey(encoders, values);
      let group = groups.get(key);
      if (!group) {
        group = this.#start(f, values);
        groups.set(key, group);
      }
      for (const accumulator of group.accumulators) accumulator.add(f);
      if (first && group.accumulators[0]!.result() !== null) break;
    }
    return [...groups.values()].map(({ state, accumulators }) => ({
      ...state,
      aggregates: accumulators.map((accumulator) => accumulator.result()),
    }));
  }

  #start(f: QueryFrame, group: RowState['group']): { state: RowState; accumulators: Accumulator[] } {
    return {
      state: { rows: f.rows.slice(), group, aggregates: [], windows: [], keys: [] },
      accumulators: this.aggregates.map((aggregate) => aggregate.start()),
    };
  }
}

/** In WHERE, ON and GROUP BY. */
export const NO_AGGREGATES: ClauseHooks = {
  call: (call) => {
    if (call.over) throw sqlError(4108).at(call.line);
    if (isAggregate(call)) throw sqlError(147).at(call.line);
    return undefined;
  },
};

const NO_AGGREGATES_INSIDE: ClauseHooks = {
  call: (call) => {
    if (call.over) throw sqlError(4109).at(call.line);
    if (isAggregate(call)) throw sqlError(130).at(call.line);
    return undefined;
  },
};
