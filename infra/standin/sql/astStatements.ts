/** Syntax tree of statements that are not definitions: queries, data changes, control flow, session, transactions. */
import type {
  AssignOp,
  ColumnRef,
  CommonTable,
  Expr,
  ObjectName,
  Predicate,
  Query,
  QueryOption,
  SelectItem,
  TableSource,
  Top,
  TypeRef,
} from './ast.ts';
import type { DdlStatement, TableDefinition } from './astDdl.ts';

/** Any statement. `line` is where it begins, 1-based within its batch or module text. */
export type Statement = (
  | { readonly k: 'select'; readonly query: Query }
  | InsertStatement
  | UpdateStatement
  | DeleteStatement
  | MergeStatement
  | InsertBulkStatement
  | { readonly k: 'truncate'; readonly table: ObjectName }
  | DeclareStatement
  | { readonly k: 'setVariable'; readonly name: string; readonly op: AssignOp; readonly value: Expr }
  | SetStatement
  | IfStatement
  | { readonly k: 'while'; readonly test: Predicate; readonly body: Statement }
  | { readonly k: 'break' }
  | { readonly k: 'continue' }
  | { readonly k: 'block'; readonly body: readonly Statement[] }
  | { readonly k: 'tryCatch'; readonly body: readonly Statement[]; readonly handler: readonly Statement[] }
  | { readonly k: 'return'; readonly value?: Expr | undefined }
  | ThrowStatement
  | RaiserrorStatement
  | { readonly k: 'print'; readonly value: Expr }
  | { readonly k: 'waitfor'; readonly kind: 'delay' | 'time'; readonly value: Expr }
  | { readonly k: 'beginTran'; readonly name?: TransactionName | undefined }
  | { readonly k: 'commit'; readonly name?: TransactionName | undefined }
  | { readonly k: 'rollback'; readonly name?: TransactionName | undefined }
  | { readonly k: 'saveTran'; readonly name: TransactionName }
  | ExecuteStatement
  | { readonly k: 'executeString'; readonly sql: Expr }
  | { readonly k: 'executeAs'; readonly kind: 'user' | 'login' | 'caller'; readonly name?: Expr | undefined }
  | { readonly k: 'revert' }
  | { readonly k: 'use'; readonly database: string }
  /** WITH CHANGE_TRACKING_CONTEXT (…) in front of a DML statement. */
  | { readonly k: 'trackingContext'; readonly context: Expr; readonly body: Statement }
  | { readonly k: 'kill'; readonly spid: number }
  /** CHECKPOINT and RECONFIGURE: nothing to do, nothing to see. */
  | { readonly k: 'noop'; readonly what: string }
  | DdlStatement
) & { readonly line: number };

/** The discriminant of Statement. */
export type StatementKind = Statement['k'];

type WithKind<S, K> = S extends { readonly k: infer U } ? (K extends U ? S & { readonly k: K } : never) : never;

/** Narrow a statement by its kind: `StatementOf<'insert'>`. */
export type StatementOf<K extends StatementKind> = WithKind<Statement, K>;

export type DmlTarget =
  | { readonly k: 'table'; readonly name: ObjectName; readonly hints: readonly string[]; readonly line: number }
  | { readonly k: 'tableVariable'; readonly variable: string; readonly line: number };

/** OUTPUT items [INTO target [(columns)]]. Items refer to inserted.x, deleted.x, $action and (not INSERT) source columns. */
export interface OutputClause {
  readonly items: readonly SelectItem[];
  readonly into?: { readonly target: DmlTarget; readonly columns?: readonly string[] | undefined } | undefined;
}

export interface InsertStatement {
  readonly k: 'insert';
  readonly ctes: readonly CommonTable[];
  readonly top?: Top | undefined;
  readonly target: DmlTarget;
  readonly columns?: readonly string[] | undefined;
  /** At most two: one with and one without INTO. */
  readonly output: readonly OutputClause[];
  readonly source: InsertSource;
}

export type InsertSource =
  | { readonly k: 'values'; readonly rows: readonly (readonly Expr[])[] }
  | { readonly k: 'query'; readonly query: Query }
  | { readonly k: 'exec'; readonly statement: ExecuteStatement | { readonly k: 'executeString'; readonly sql: Expr } }
  | { readonly k: 'defaultValues' };

/** `column op value`, `@variable op value` or `@variable = column op value`. */
export interface SetClause {
  readonly column?: ColumnRef | undefined;
  readonly variable?: string | undefined;
  readonly op: AssignOp;
  readonly value: Expr;
}

export interface UpdateStatement {
  readonly k: 'update';
  readonly ctes: readonly CommonTable[];
  readonly top?: Top | undefined;
  /** A table, or an alias of one in `from`. */
  readonly target: DmlTarget;
  readonly set: readonly SetClause[];
  readonly output: readonly OutputClause[];
  readonly from: readonly TableSource[];
  readonly where?: Predicate | undefined;
  readonly options: readonly QueryOption[];
}

export interface DeleteStatement {
  readonly k: 'delete';
  readonly ctes: readonly CommonTable[];
  readonly top?: Top | undefined;
  readonly target: DmlTarget;
  readonly output: readonly OutputClause[];
  readonly from: readonly TableSource[];
  readonly where?: Predicate | undefined;
  readonly options: readonly QueryOption[];
}

export interface MergeStatement {
  readonly k: 'merge';
  readonly ctes: readonly CommonTable[];
  readonly top?: Top | undefined;
  readonly target: DmlTarget;
  readonly alias?: string | undefined;
  readonly source: TableSource;
  readonly on: Predicate;
  readonly whens: readonly MergeWhen[];
  readonly output: readonly OutputClause[];
  readonly options: readonly QueryOption[];
}

export interface MergeWhen {
  readonly match: 'matched' | 'notMatched' | 'notMatchedBySource';
  readonly and?: Predicate | undefined;
  readonly action:
    | { readonly k: 'update'; readonly set: readonly SetClause[] }
    | { readonly k: 'delete' }
    /** `values` is absent for DEFAULT VALUES. */
    | {
        readonly k: 'insert';
        readonly columns?: readonly string[] | undefined;
        readonly values?: readonly Expr[] | undefined;
      };
}

/** INSERT BULK: announces that the client's next message holds rows of these columns. */
export interface InsertBulkStatement {
  readonly k: 'insertBulk';
  readonly table: ObjectName;
  readonly columns: readonly { readonly name: string; readonly type: TypeRef }[];
  /** Upper-case names: KEEP_NULLS, CHECK_CONSTRAINTS, FIRE_TRIGGERS, TABLOCK, KEEP_IDENTITY… */
  readonly options: readonly string[];
}

export interface DeclareStatement {
  readonly k: 'declare';
  readonly items: readonly DeclareItem[];
}

export type DeclareItem =
  | { readonly k: 'scalar'; readonly name: string; readonly type: TypeRef; readonly value?: Expr | undefined }
  | { readonly k: 'table'; readonly name: string; readonly table: TableDefinition };

export type IsolationLevel = 'readUncommitted' | 'readCommitted' | 'repeatableRead' | 'serializable' | 'snapshot';

export type SetStatement =
  /** SET a, b ON|OFF; upper-case names, known ones only (NOCOUNT, XACT_ABORT, IMPLICIT_TRANSACTIONS, ANSI_NULLS…). */
  | { readonly k: 'setOption'; readonly options: readonly string[]; readonly on: boolean }
  /** SET name value; LOCK_TIMEOUT, ROWCOUNT, TEXTSIZE, DATEFIRST, DATEFORMAT, LANGUAGE, DEADLOCK_PRIORITY, CONTEXT_INFO. */
  | { readonly k: 'setValue'; readonly option: string; readonly value: Expr }
  | { readonly k: 'setIsolation'; readonly level: IsolationLevel }
  | { readonly k: 'setIdentityInsert'; readonly table: ObjectName; readonly on: boolean };

export interface IfStatement {
  readonly k: 'if';
  readonly test: Predicate;
  readonly body: Statement;
  readonly otherwise?: Statement | undefined;
}

/** THROW; the fields are absent together in the re-throwing form. */
export interface ThrowStatement {
  readonly k: 'throw';
  readonly number?: Expr | undefined;
  readonly message?: Expr | undefined;
  readonly state?: Expr | undefined;
}

export interface RaiserrorStatement {
  readonly k: 'raiserror';
  readonly message: Expr;
  readonly severity: Expr;
  readonly state: Expr;
  readonly args: readonly Expr[];
  /** Upper-case: NOWAIT, LOG, SETERROR. */
  readonly options: readonly string[];
}

/** A transaction or savepoint name: an identifier, or a variable that holds it. */
export type TransactionName =
  | { readonly k: 'name'; readonly name: string }
  | { readonly k: 'variable'; readonly variable: string };

export interface ExecuteStatement {
  readonly k: 'execute';
  /** EXEC @rc = …; the variable. */
  readonly returnTo?: string | undefined;
  readonly procedure:
    | { readonly k: 'name'; readonly name: ObjectName }
    /** EXEC @name: the procedure's name is in the variable. */
    | { readonly k: 'variable'; readonly variable: string };
  readonly args: readonly ExecuteArg[];
}

export interface ExecuteArg {
  /** `@name` in lower case for named arguments. */
  readonly name?: string | undefined;
  /** A constant, variable, NULL or DEFAULT; a bare word is an nvarchar constant. */
  readonly value: Expr;
  readonly output: boolean;
}

/** A parsed batch. */
export interface Batch {
  readonly statements: readonly Statement[];
}
