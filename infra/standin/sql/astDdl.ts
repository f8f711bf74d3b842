/** Syntax tree of definitions: tables, indexes, modules, types, principals, permissions, databases. */
import type { Expr, ObjectName, Predicate, Query, TypeRef } from './ast.ts';
import type { Statement } from './astStatements.ts';

/** A value expression with its canonical text as the catalog shows it: `((1))`, `(getdate())`. */
export interface TextExpr {
  readonly expr: Expr;
  readonly text: string;
}

export interface TableDefinition {
  readonly columns: readonly ColumnDefinition[];
  /** Column constraints are here too, with their column filled in. Defaults of columns are in the column. */
  readonly constraints: readonly TableConstraint[];
  readonly indexes: readonly InlineIndex[];
}

export interface ColumnDefinition {
  readonly name: string;
  /** Absent only for computed columns. */
  readonly type?: TypeRef | undefined;
  readonly computed?: (TextExpr & { readonly persisted: boolean }) | undefined;
  /** Undefined when neither NULL nor NOT NULL was written: then the type's or key's rule decides (nullable). */
  readonly nullable?: boolean | undefined;
  readonly identity?: { readonly seed: bigint; readonly increment: bigint } | undefined;
  readonly collation?: string | undefined;
  readonly default?: (TextExpr & { readonly name?: string | undefined }) | undefined;
  readonly rowGuid: boolean;
}

export interface IndexColumn {
  readonly name: string;
  readonly descending: boolean;
}

export type ReferentialAction = 'noAction' | 'cascade' | 'setNull' | 'setDefault';

export type TableConstraint =
  | {
      readonly k: 'primaryKey' | 'unique';
      readonly name?: string | undefined;
      /** Undefined when not written: PRIMARY KEY is clustered, UNIQUE is not. */
      readonly clustered?: boolean | undefined;
      readonly columns: readonly IndexColumn[];
    }
  | {
      readonly k: 'foreignKey';
      readonly name?: string | undefined;
      readonly columns: readonly string[];
      readonly table: ObjectName;
      /** Empty: the primary key of `table`. */
      readonly refColumns: readonly string[];
      readonly onDelete: ReferentialAction;
      readonly onUpdate: ReferentialAction;
    }
  | {
      readonly k: 'check';
      readonly name?: string | undefined;
      readonly test: Predicate;
      readonly text: string;
      /** Set when it was written with a column: for generated names. */
      readonly column?: string | undefined;
    }
  /** ALTER TABLE … ADD CONSTRAINT … DEFAULT … FOR column. */
  | ({ readonly k: 'default'; readonly name?: string | undefined; readonly column: string } & TextExpr);

export interface InlineIndex {
  readonly name: string;
  readonly unique: boolean;
  readonly clustered: boolean;
  readonly columns: readonly IndexColumn[];
}

export type AlterTableAction =
  /** WITH NOCHECK leaves existing rows unchecked. */
  | { readonly k: 'add'; readonly definition: TableDefinition; readonly noCheck: boolean }
  | {
      readonly k: 'drop';
      readonly columns: readonly string[];
      readonly constraints: readonly string[];
      readonly ifExists: boolean;
    }
  | {
      readonly k: 'alterColumn';
      readonly name: string;
      readonly type: TypeRef;
      readonly nullable?: boolean | undefined;
      readonly collation?: string | undefined;
    }
  /** CHECK | NOCHECK CONSTRAINT; names empty means ALL. `noCheck` is WITH NOCHECK (do not validate rows). */
  | {
      readonly k: 'enableConstraints';
      readonly enable: boolean;
      readonly names: readonly string[];
      readonly noCheck: boolean;
    }
  | { readonly k: 'enableTriggers'; readonly enable: boolean; readonly names: readonly string[] }
  | { readonly k: 'changeTracking'; readonly enable: boolean; readonly tracksColumns: boolean };

/** CHANGE_TRACKING of ALTER DATABASE; `on` undefined changes the options of what is on. */
export interface TrackingSetting {
  readonly on: boolean | undefined;
  readonly retention?: number | undefined;
  readonly unit?: 'MINUTES' | 'HOURS' | 'DAYS' | undefined;
  readonly autoCleanup?: boolean | undefined;
}

/** How a module statement treats an existing object. */
export type ModuleMode = 'create' | 'alter' | 'createOrAlter';

export interface Parameter {
  /** `@name`, lower case. */
  readonly name: string;
  /** As written, for messages and the catalog. */
  readonly displayName: string;
  readonly type: TypeRef;
  readonly default?: Expr | undefined;
  readonly output: boolean;
  readonly readonly: boolean;
}

/** EXECUTE AS of a module: whose rights its statements are checked against. */
export type ModuleExecuteAs =
  | { readonly k: 'caller' | 'owner' | 'self' }
  | { readonly k: 'user'; readonly name: string };

interface Module {
  readonly name: ObjectName;
  readonly mode: ModuleMode;
  /** The whole CREATE text, as sys.sql_modules.definition shows it. */
  readonly text: string;
}

export interface ProcedureDefinition extends Module {
  readonly k: 'createProcedure';
  readonly parameters: readonly Parameter[];
  readonly executeAs?: ModuleExecuteAs | undefined;
  readonly body: readonly Statement[];
}

export interface FunctionDefinition extends Module {
  readonly k: 'createFunction';
  readonly parameters: readonly Parameter[];
  readonly executeAs?: ModuleExecuteAs | undefined;
  readonly schemaBinding: boolean;
  /** Scalar functions have statements, inline table functions one query; multi-statement table functions are refused. */
  readonly returns:
    | { readonly k: 'scalar'; readonly type: TypeRef; readonly body: readonly Statement[] }
    | { readonly k: 'inlineTable'; readonly query: Query };
}

export interface ViewDefinition extends Module {
  readonly k: 'createView';
  readonly columns?: readonly string[] | undefined;
  readonly query: Query;
  readonly schemaBinding: boolean;
}

export interface TriggerDefinition extends Module {
  readonly k: 'createTrigger';
  readonly table: ObjectName;
  readonly events: readonly ('insert' | 'update' | 'delete')[];
  readonly executeAs?: ModuleExecuteAs | undefined;
  readonly body: readonly Statement[];
}

export interface CreateIndexStatement {
  readonly k: 'createIndex';
  readonly name: string;
  readonly table: ObjectName;
  readonly unique: boolean;
  readonly clustered: boolean;
  readonly columns: readonly IndexColumn[];
  readonly include: readonly string[];
}

export interface SequenceOptions {
  readonly type?: TypeRef | undefined;
  readonly start?: bigint | undefined;
  readonly increment?: bigint | undefined;
  readonly min?: bigint | undefined;
  readonly max?: bigint | undefined;
  readonly cycle?: boolean | undefined;
}

/** What a permission is about; absent for database and server permissions. */
export interface Securable {
  readonly class: 'OBJECT' | 'SCHEMA' | 'TYPE' | 'DATABASE' | 'LOGIN' | 'USER' | 'ROLE';
  readonly name: ObjectName;
}

export interface PermissionStatement {
  readonly k: 'permission';
  readonly action: 'grant' | 'deny' | 'revoke';
  /** Upper-case names: SELECT, EXECUTE, VIEW SERVER STATE, ALL… with columns where written. */
  readonly permissions: readonly { readonly name: string; readonly columns: readonly string[] }[];
  readonly securable?: Securable | undefined;
  readonly principals: readonly string[];
  readonly grantOption: boolean;
}

export type DropKind =
  | 'TABLE'
  | 'VIEW'
  | 'PROCEDURE'
  | 'FUNCTION'
  | 'TRIGGER'
  | 'TYPE'
  | 'SCHEMA'
  | 'ROLE'
  | 'USER'
  | 'LOGIN'
  | 'SEQUENCE'
  | 'DATABASE'
  | 'SYNONYM';

export type DdlStatement =
  | { readonly k: 'createTable'; readonly name: ObjectName; readonly definition: TableDefinition }
  | { readonly k: 'alterTable'; readonly table: ObjectName; readonly action: AlterTableAction }
  | CreateIndexStatement
  | {
      readonly k: 'dropIndex';
      readonly ifExists: boolean;
      readonly indexes: readonly { readonly name: string; readonly table: ObjectName }[];
    }
  | ProcedureDefinition
  | FunctionDefinition
  | ViewDefinition
  | TriggerDefinition
  /** Either `base` (alias type) or `table`. */
  | {
      readonly k: 'createType';
      readonly name: ObjectName;
      readonly base?: TypeRef | undefined;
      readonly nullable: boolean;
      readonly table?: TableDefinition | undefined;
    }
  | { readonly k: 'createSchema'; readonly name: string; readonly owner?: string | undefined }
  | { readonly k: 'createRole'; readonly name: string; readonly owner?: string | undefined; readonly server: boolean }
  /** `login` undefined and withoutLogin false: the login of the same name. */
  | {
      readonly k: 'createUser' | 'alterUser';
      readonly name: string;
      readonly login?: string | undefined;
      readonly withoutLogin: boolean;
      readonly defaultSchema?: string | undefined;
      readonly newName?: string | undefined;
    }
  | {
      readonly k: 'createLogin' | 'alterLogin';
      readonly name: string;
      readonly password?: string | undefined;
      readonly defaultDatabase?: string | undefined;
      readonly enable?: boolean | undefined;
    }
  | {
      readonly k: 'createSequence' | 'alterSequence';
      readonly name: ObjectName;
      readonly options: SequenceOptions;
      readonly restart?: bigint | null | undefined;
    }
  | { readonly k: 'createSynonym'; readonly name: ObjectName; readonly target: ObjectName }
  | { readonly k: 'createDatabase'; readonly name: string; readonly collation?: string | undefined }
  /** `database` undefined: CURRENT. Options in upper case: [ALLOW_SNAPSHOT_ISOLATION, ON], [RECOVERY, SIMPLE], [COMPATIBILITY_LEVEL, 130]. */
  | {
      readonly k: 'alterDatabase';
      readonly database?: string | undefined;
      readonly options: readonly { readonly name: string; readonly value: string }[];
      readonly tracking?: TrackingSetting | undefined;
    }
  | {
      readonly k: 'alterRole';
      readonly role: string;
      readonly action: 'add' | 'drop';
      readonly member: string;
      readonly server: boolean;
    }
  | { readonly k: 'alterAuthorization'; readonly securable: Securable; readonly principal: string }
  | { readonly k: 'drop'; readonly object: DropKind; readonly ifExists: boolean; readonly names: readonly ObjectName[] }
  | PermissionStatement;
