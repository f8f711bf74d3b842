/**
 * The contract between the expression compiler (expr*.ts) and the engine that runs queries.
 *
 * An expression is compiled once against a Scope (what names mean) into a closure, and evaluated many times with a Frame (where the
 * current values are). Compilation decides the type; evaluation never looks at types.
 */
import type { ColumnRef, Expr, FunctionCall, ObjectName, Query } from './ast.ts';
import type { Collation } from './collation.ts';
import type { SqlType, SqlValue } from './values.ts';

/** The result of evaluating a condition: null is UNKNOWN. */
export type Truth = boolean | null;

/** What the built-in functions read of the running statement. The engine's own environment extends this. */
export interface Env {
  /** Start of the running statement in ms since 1970 UTC, with fraction: GETDATE() is the same for every row of one statement. */
  readonly nowMs: number;
  /** Minutes east of UTC of the server's clock. */
  readonly utcOffsetMinutes: number;
  /** SET DATEFIRST, 1 Monday … 7 Sunday (the default). */
  readonly dateFirst: number;
  /** SET DATEFORMAT: 'mdy' (the default), 'dmy', 'ymd', 'ydm', 'myd', 'dym'. */
  readonly dateFormat: string;
}

/** Current rows of one query level. The engine's frame extends this; built-in functions touch `env` only. */
export interface Frame {
  readonly env: Env;
}

/** A compiled value expression. `eval` may throw SqlError (without line: the statement stamps it). */
export interface Compiled {
  readonly type: SqlType;
  readonly nullable: boolean;
  /** Collation of string values and how strongly it binds; absent for the default, coercible one. */
  readonly collation?: Collation | undefined;
  /** Set when the collation was written with COLLATE: it then wins over a column's. */
  readonly explicitCollation?: boolean | undefined;
  /** Set for the bare NULL constant, which takes the type of its surroundings (int when there are none). */
  readonly untypedNull?: boolean | undefined;
  /** Set for constants only: literals and foldable combinations of them. `eval` may then be called with CONSTANT_FRAME. */
  readonly constant?: boolean | undefined;
  eval(f: Frame): SqlValue;
}

/** A compiled condition. */
export type CompiledPredicate = (f: Frame) => Truth;

/** A compiled one-column query, for IN (query). */
export interface CompiledColumn {
  readonly type: SqlType;
  readonly nullable: boolean;
  readonly collation?: Collation | undefined;
  values(f: Frame): Iterable<SqlValue>;
}

/**
 * What names mean where an expression stands; the engine builds these. Every method may throw SqlError, with its line.
 * The engine compiles sub-expressions by calling `compileExpr(node, scope)` and `compilePredicate(node, scope)` of expr.ts.
 */
export interface Scope {
  /** Asked first for every expression: a replacement (GROUP BY keys, ORDER BY aliases…) or undefined to compile it as usual. */
  substitute?(expr: Expr): Compiled | undefined;
  /** A column; 207 unknown, 209 ambiguous, 4104 multi-part name not bound. */
  column(ref: ColumnRef): Compiled;
  /** `@name` or `@@name`, lower case; 137 when unknown. */
  variable(name: string, line: number): Compiled;
  /**
   * Asked before the built-in functions: aggregates, functions with OVER, user functions, catalog, session, error and cdc functions.
   * Undefined means "not mine". A call that nobody knows raises 195, or 4121 with a schema.
   */
  call(call: FunctionCall): Compiled | undefined;
  /** A scalar subquery: first column of the only row, NULL when none, 512 when several. */
  subquery(query: Query): Compiled;
  /** EXISTS (query). */
  exists(query: Query): CompiledPredicate;
  /** IN (query). */
  columnOf(query: Query): CompiledColumn;
  /** The base of an alias type; undefined raises 243. */
  userType(name: ObjectName): SqlType | undefined;
  /** NEXT VALUE FOR. */
  nextValue(sequence: ObjectName): Compiled;
  /** UPDATE(column) in a trigger. */
  columnUpdated(column: string): CompiledPredicate;
  /** `$action` in the OUTPUT clause of MERGE. */
  mergeAction(): Compiled;
}

/** A frame for evaluating constants: the functions that read the environment are never constant. */
export const CONSTANT_FRAME: Frame = {
  env: { nowMs: 0, utcOffsetMinutes: 0, dateFirst: 7, dateFormat: 'mdy' },
};
