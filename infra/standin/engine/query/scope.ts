import type { ColumnRef, CommonTable, Expr, FunctionCall, ObjectName, Query } from '../../sql/ast.ts';
import { sqlError } from '../../sql/errors.ts';
import type { Compiled, CompiledColumn, CompiledPredicate, Frame, Scope } from '../../sql/exprTypes.ts';
import type { SqlType } from '../../sql/values.ts';
import type { CompileContext } from '../compile/context.ts';
import type { QueryFrame } from './frame.ts';
import type { BoundSource, SourceColumn } from './source.ts';

/**
 * Alias of a source whose columns only qualified names find: the table behind a common table expression that is being changed. No written name
 * can be the same.
 */
export const HIDDEN_TARGET = '\u0001target';

/** A column found by name: `depth` query levels out, in the source with that slot. */
export interface FoundColumn {
  readonly depth: number;
  readonly slot: number;
  readonly column: SourceColumn;
}

/** Common table expressions by lower-case name; inner ones hide outer ones. */
export interface CteScope {
  readonly outer: CteScope | null;
  readonly name: string;
  readonly table: CommonTable;
  /** While the recursive part of the expression itself is compiled: where its rows come from. */
  readonly recursion: BoundRecursion | null;
}

/** The rows a recursive reference reads: those the previous step produced. */
export interface BoundRecursion {
  readonly columns: readonly SourceColumn[];
  readonly key: object;
}

/** What a clause allows beyond plain expressions; the query compiler sets these as it goes through the clauses. */
export interface ClauseHooks {
  substitute?: (expr: Expr) => Compiled | undefined;
  /** Aggregates and window functions; undefined for other calls. */
  call?: (call: FunctionCall) => Compiled | undefined;
  /** Called for each own column that is found. */
  onColumn?: (found: FoundColumn, ref: ColumnRef) => void;
  mergeAction?: () => Compiled;
}

/** The names one query level knows: its FROM sources, and through its parent those of the queries around it. */
export class QueryScope implements Scope {
  readonly context: CompileContext;
  readonly parent: QueryScope | null;
  /** Whether the parent's own sources may be referred to (subqueries and APPLY yes, derived tables no). */
  readonly lateral: boolean;
  readonly sources: BoundSource[] = [];
  hooks: ClauseHooks = {};
  /** Common table expressions in sight. */
  ctes: CteScope | null;
  /** Collects the own slots that compiled expressions refer to, while set. */
  tracker: Set<number> | null = null;
  /** True once something referred to a level outside this one. */
  correlated = false;

  constructor(context: CompileContext, parent: QueryScope | null, lateral = true) {
    this.context = context;
    this.parent = parent;
    this.lateral = lateral;
    this.ctes = parent?.ctes ?? null;
  }

  substitute(expr: Expr): Compiled | undefined {
    return this.hooks.substitute?.(expr);
  }

  column(ref: ColumnRef): Compiled {
    const found = this.find(ref);
    return columnReader(found);
  }

  /** Runs `compile` with other clause rules. */
  withHooks<T>(hooks: ClauseHooks, compile: () => T): T {
    const outer = this.hooks;
    this.hooks = hooks;
    try {
      return compile();
    } finally {
      this.hooks = outer;
    }
  }

  /** Finds a column or throws 207, 209 or 4104. */
  find(ref: ColumnRef): FoundColumn {
    let scope: QueryScope | null = this;
    let own = true;
    let qualifierSeen = false;
    for (let depth = 0; scope !== null; depth++) {
      if (own) {
        const { found, qualified } = scope.#search(ref);
        qualifierSeen ||= qualified;
        if (found) {
          this.#note(scope, depth, found.slot);
          const result = { depth, ...found };
          if (depth === 0) this.hooks.onColumn?.(result, ref);
          return result;
        }
      }
      own = scope.lateral;
      scope = scope.parent;
    }
    if (ref.qualifier.length > 0 && !qualifierSeen)
      throw sqlError(4104, [...ref.qualifier, ref.name].join('.')).at(ref.line);
    throw sqlError(207, ref.name).at(ref.line);
  }

  #note(target: QueryScope, depth: number, slot: number): void {
    let scope: QueryScope = this;
    for (let i = 0; i < depth; i++) {
      scope.correlated = true;
      scope = scope.parent!;
    }
    target.tracker?.add(slot);
  }

  #search(ref: ColumnRef): { found: { slot: number; column: SourceColumn } | null; qualified: boolean } {
    const name = ref.name.toLowerCase();
    const qualifier = ref.qualifier.at(-1)?.toLowerCase();
    const schema = ref.qualifier.length > 1 ? ref.qualifier.at(-2)!.toLowerCase() : null;
    let found: { slot: number; column: SourceColumn } | null = null;
    let qualified = false;
    for (const source of this.sources) {
      if (qualifier === undefined ? source.exposed === HIDDEN_TARGET : source.exposed !== qualifier) continue;
      if (schema !== null && schema !== '' && source.schema !== schema) continue;
      qualified = true;
      for (const column of source.columns) {
        if (column.name.toLowerCase() !== name) continue;
        if (found) throw sqlError(209, ref.name).at(ref.line);
        found = { slot: source.slot, column };
        source.read?.add(name);
      }
    }
    return { found, qualified: qualifier !== undefined && qualified };
  }

  variable(name: string, line: number): Compiled {
    return this.context.variable(name, line);
  }

  call(call: FunctionCall): Compiled | undefined {
    return this.hooks.call?.(call) ?? this.context.call(call, this);
  }

  subquery(query: Query): Compiled {
    return this.context.queries.scalar(query, this);
  }

  exists(query: Query): CompiledPredicate {
    return this.context.queries.exists(query, this);
  }

  columnOf(query: Query): CompiledColumn {
    return this.context.queries.column(query, this);
  }

  userType(name: ObjectName): SqlType | undefined {
    return this.context.userType(name);
  }

  nextValue(sequence: ObjectName): Compiled {
    return this.context.nextValue(sequence);
  }

  columnUpdated(column: string): CompiledPredicate {
    return this.context.columnUpdated(column);
  }

  mergeAction(): Compiled {
    let scope: QueryScope | null = this;
    for (; scope; scope = scope.parent) if (scope.hooks.mergeAction) return scope.hooks.mergeAction();
    throw sqlError(207, '$action');
  }
}

/** Reads a column from a frame `depth` levels out. */
export function columnReader(found: FoundColumn): Compiled {
  const { slot, depth } = found;
  const { type, nullable, collation, at } = found.column;
  const shape = { type, nullable, collation };
  if (depth === 0) return { ...shape, eval: (f: Frame) => (f as QueryFrame).rows[slot]![at] ?? null };
  if (depth === 1) return { ...shape, eval: (f: Frame) => (f as QueryFrame).parent!.rows[slot]![at] ?? null };
  return {
    ...shape,
    eval: (f: Frame) => {
      let frame = f as QueryFrame;
      for (let i = 0; i < depth; i++) frame = frame.parent!;
      return frame.rows[slot]![at] ?? null;
    },
  };
}
