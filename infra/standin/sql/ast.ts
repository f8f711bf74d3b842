/**
 * Syntax tree of scalar expressions, conditions and queries. Statements are in astStatements.ts, definitions in astDdl.ts.
 * Nodes are read-only and hold no state, so one tree may be compiled many times and cached by its text.
 * Names keep the case they were written in, variables apart: those are lower case with their `@`. `line` is 1-based within the batch.
 */
import type { ChangeTable, OpenJson, XmlNodes } from './astSources.ts';
import type { SqlType, SqlValue } from './values.ts';

/** A name of up to three parts; an absent or empty part is undefined. Four-part (linked server) names are refused by the parser. */
export interface ObjectName {
  readonly database?: string | undefined;
  readonly schema?: string | undefined;
  readonly name: string;
}

/** A type as written: one of the system's, already resolved with its default length, or a user type to look up. */
export type TypeRef =
  | {
      readonly k: 'system';
      readonly type: SqlType /** Canonical lower-case name: 'numeric', 'sysname', 'int'… */;
      readonly name: string;
    }
  | { readonly k: 'user'; readonly name: ObjectName };

/** A scalar expression. Conditions are a separate type: T-SQL has no boolean values. */
export type Expr =
  | Literal
  | { readonly k: 'null' }
  /** DEFAULT; only in VALUES, SET and procedure arguments. */
  | { readonly k: 'default' }
  /** `@name`, lower case. */
  | { readonly k: 'variable'; readonly name: string; readonly line: number }
  /** `@@name`, lower case. */
  | { readonly k: 'systemVariable'; readonly name: string; readonly line: number }
  | ColumnRef
  /** `$action` of MERGE. */
  | { readonly k: 'action' }
  | { readonly k: 'unary'; readonly op: '-' | '+' | '~'; readonly arg: Expr }
  | { readonly k: 'binary'; readonly op: ArithmeticOp; readonly left: Expr; readonly right: Expr }
  | { readonly k: 'collate'; readonly arg: Expr; readonly collation: string }
  | { readonly k: 'atTimeZone'; readonly arg: Expr; readonly zone: Expr }
  | {
      readonly k: 'case';
      readonly whens: readonly { readonly when: Predicate; readonly result: Expr }[];
      readonly otherwise?: Expr | undefined;
    }
  | {
      readonly k: 'simpleCase';
      readonly input: Expr;
      readonly whens: readonly { readonly when: Expr; readonly result: Expr }[];
      readonly otherwise?: Expr | undefined;
    }
  | { readonly k: 'iif'; readonly test: Predicate; readonly result: Expr; readonly otherwise: Expr }
  | CastExpr
  | FunctionCall
  | { readonly k: 'subquery'; readonly query: Query }
  | { readonly k: 'nextValue'; readonly sequence: ObjectName }
  /** `target.value('path', 'type')` of xml. */
  | {
      readonly k: 'xmlValue';
      readonly target: Expr;
      readonly path: string;
      readonly type: TypeRef;
      readonly typeText: string;
      readonly line: number;
    };

export type ArithmeticOp = '+' | '-' | '*' | '/' | '%' | '&' | '|' | '^';
export type CompareOp = '=' | '<>' | '<' | '>' | '<=' | '>=';

/** A constant with its type: 1 int, 1.5 decimal(2,1), 1e0 float, $1 money, 'x' varchar, N'x' nvarchar, 0x varbinary. */
export interface Literal {
  readonly k: 'literal';
  readonly type: SqlType;
  readonly value: SqlValue;
}

/** A column; `qualifier` holds the parts before its name ([] when none): alias, table, schema.table, database.schema.table. */
export interface ColumnRef {
  readonly k: 'column';
  readonly qualifier: readonly string[];
  readonly name: string;
  readonly line: number;
}

/** CAST, CONVERT, PARSE and their TRY_ forms. */
export interface CastExpr {
  readonly k: 'cast';
  readonly arg: Expr;
  readonly type: TypeRef;
  /** Third argument of CONVERT. */
  readonly style?: Expr | undefined;
  readonly isTry: boolean;
  /** PARSE: text only, and an error of its own. */
  readonly isParse?: true;
}

/** A call of a built-in, aggregate, window, catalog or user function. Built-ins have no schema in their name. */
export interface FunctionCall {
  readonly k: 'call';
  readonly name: ObjectName;
  readonly args: readonly Expr[];
  /** COUNT(*). */
  readonly star: boolean;
  /** COUNT(DISTINCT x). */
  readonly distinct: boolean;
  /** First argument of DATEADD, DATEDIFF, DATEPART…: canonical name ('year', 'millisecond', 'tzoffset'). */
  readonly datepart?: DatePart | undefined;
  readonly over?: Over | undefined;
  /** STRING_AGG … WITHIN GROUP (ORDER BY …). */
  readonly withinGroup?: readonly OrderItem[] | undefined;
  readonly line: number;
}

export type DatePart =
  | 'year'
  | 'quarter'
  | 'month'
  | 'dayofyear'
  | 'day'
  | 'week'
  | 'weekday'
  | 'isoweek'
  | 'hour'
  | 'minute'
  | 'second'
  | 'millisecond'
  | 'microsecond'
  | 'nanosecond'
  | 'tzoffset';

/** OVER (…). `frame` is absent when not written: the default frame then depends on orderBy. */
export interface Over {
  readonly partitionBy: readonly Expr[];
  readonly orderBy: readonly OrderItem[];
  readonly frame?: Frame | undefined;
}

/** ROWS or RANGE BETWEEN start AND end. RANGE knows only unbounded and current. */
export interface Frame {
  readonly unit: 'rows' | 'range';
  readonly start: FrameBound;
  readonly end: FrameBound;
}

/** A bound relative to the current row: -2 is 2 PRECEDING, 0 CURRENT ROW, 3 FOLLOWING; infinities are UNBOUNDED. */
export type FrameBound = number;

export interface OrderItem {
  readonly expr: Expr;
  readonly descending: boolean;
}

/** A condition with three-valued outcome. */
export type Predicate =
  | { readonly k: 'and'; readonly left: Predicate; readonly right: Predicate }
  | { readonly k: 'or'; readonly left: Predicate; readonly right: Predicate }
  | { readonly k: 'not'; readonly arg: Predicate }
  | { readonly k: 'compare'; readonly op: CompareOp; readonly left: Expr; readonly right: Expr }
  | { readonly k: 'isNull'; readonly arg: Expr; readonly negated: boolean }
  | { readonly k: 'inList'; readonly arg: Expr; readonly list: readonly Expr[]; readonly negated: boolean }
  | { readonly k: 'inQuery'; readonly arg: Expr; readonly query: Query; readonly negated: boolean }
  | { readonly k: 'between'; readonly arg: Expr; readonly low: Expr; readonly high: Expr; readonly negated: boolean }
  | {
      readonly k: 'like';
      readonly arg: Expr;
      readonly pattern: Expr;
      readonly escape?: Expr | undefined;
      readonly negated: boolean;
    }
  | { readonly k: 'exists'; readonly query: Query }
  /** UPDATE(column) in a trigger. */
  | { readonly k: 'columnUpdated'; readonly column: string };

/** A complete query: what SELECT statements, subqueries, derived tables, CTEs and views hold. */
export interface Query {
  readonly ctes: readonly CommonTable[];
  readonly body: QueryBody;
  readonly orderBy: readonly OrderItem[];
  readonly offset?: Expr | undefined;
  readonly fetch?: Expr | undefined;
  readonly forJson?: ForJson | undefined;
  readonly options: readonly QueryOption[];
}

export interface CommonTable {
  readonly name: string;
  readonly columns?: readonly string[] | undefined;
  readonly query: Query;
}

export type QueryBody = Select | SetOperation;

export interface SetOperation {
  readonly k: 'setOperation';
  readonly op: 'union' | 'unionAll' | 'except' | 'intersect';
  readonly left: QueryBody;
  readonly right: QueryBody;
}

export interface Select {
  readonly k: 'select';
  readonly distinct: boolean;
  readonly top?: Top | undefined;
  readonly items: readonly SelectItem[];
  /** SELECT … INTO. */
  readonly into?: ObjectName | undefined;
  /** Comma-separated sources, joined as a cross product. Empty when there is no FROM. */
  readonly from: readonly TableSource[];
  readonly where?: Predicate | undefined;
  readonly groupBy: readonly Expr[];
  readonly having?: Predicate | undefined;
  readonly line: number;
}

export interface Top {
  readonly count: Expr;
  readonly withTies: boolean;
}

export type SelectItem =
  | { readonly k: 'star'; readonly qualifier: readonly string[] }
  | { readonly k: 'expr'; readonly expr: Expr; readonly alias?: string | undefined }
  | { readonly k: 'assign'; readonly variable: string; readonly op: AssignOp; readonly expr: Expr };

export type AssignOp = '=' | '+=' | '-=' | '*=' | '/=' | '%=' | '&=' | '|=' | '^=';

export type TableSource =
  /** A table, view, CTE, temp table, inserted or deleted. */
  | {
      readonly k: 'table';
      readonly name: ObjectName;
      readonly alias?: string | undefined;
      /** Lower case: updlock, holdlock, tablockx… */
      readonly hints: readonly string[];
      readonly line: number;
    }
  | {
      readonly k: 'tableVariable';
      readonly variable: string;
      readonly alias?: string | undefined;
      readonly line: number;
    }
  | TableFunction
  | OpenJson
  | ChangeTable
  | XmlNodes
  | {
      readonly k: 'derived';
      readonly query: Query;
      readonly alias: string;
      readonly columns?: readonly string[] | undefined;
    }
  | {
      readonly k: 'values';
      readonly rows: readonly (readonly Expr[])[];
      readonly alias: string;
      readonly columns: readonly string[];
    }
  | {
      readonly k: 'join';
      readonly kind: 'inner' | 'left' | 'right' | 'full' | 'cross';
      readonly left: TableSource;
      readonly right: TableSource;
      /** Absent for cross joins only. */
      readonly on?: Predicate | undefined;
    }
  | { readonly k: 'apply'; readonly outer: boolean; readonly left: TableSource; readonly right: TableSource };

/** A table-valued function: STRING_SPLIT, GENERATE_SERIES, cdc.fn_cdc_get_all_changes_x, user inline functions. */
export interface TableFunction {
  readonly k: 'tableFunction';
  readonly name: ObjectName;
  readonly args: readonly Expr[];
  readonly alias?: string | undefined;
  readonly columns?: readonly string[] | undefined;
  readonly line: number;
}

/** FOR JSON PATH. AUTO is refused by the parser. */
export interface ForJson {
  /** Name given to ROOT; 'root' for ROOT without a name; absent without ROOT. */
  readonly root?: string | undefined;
  readonly includeNulls: boolean;
  readonly withoutArrayWrapper: boolean;
}

/** OPTION(…): upper-case name and its number if it has one (MAXRECURSION 0). The others do not change results. */
export interface QueryOption {
  readonly name: string;
  readonly value?: number | undefined;
}
