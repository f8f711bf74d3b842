import type { SqlType, SqlValue } from '../sql/values.ts';

/**
 * The seam between the wire (this folder) and the engine (../engine). The wire parses requests, binds the arguments of the numbered
 * procedures (sp_executesql, sp_prepare, …) and writes tokens; the engine runs statements and tells what happened, in wire order.
 *
 * Rules both sides rely on:
 * - One request at a time per session: the wire never calls a method before the events of the previous one have ended.
 * - SQL errors are `error` events, never exceptions. An exception is a fault of the engine: the wire logs it, answers error 50000 and
 *   closes the connection.
 * - When `signal` aborts (attention, time-out, closed socket) the engine stops soon, ends the stream without an error event, and does to
 *   the transaction what XACT_ABORT says. When the wire stops reading early (`return()` of the iterator) the same holds.
 * - `rows` batches should hold some 50 to 500 rows: small enough for back-pressure, large enough to keep promises off the hot path.
 */

/** A column of a result set, of a table-valued parameter or of a bulk load. */
export interface ResultColumn {
  /** Empty for an expression without a name. */
  readonly name: string;
  readonly type: SqlType;
  /** Default true. */
  readonly nullable?: boolean;
  readonly identity?: boolean;
  readonly computed?: boolean;
}

/** Number, text and place of an error (severity > 10) or of information (severity ≤ 10, such as PRINT). */
export interface SqlMessage {
  readonly number: number;
  readonly severity: number;
  readonly state: number;
  readonly text: string;
  /** 1-based line in the batch or procedure; 0 when unknown. */
  readonly line: number;
  /** Name of the procedure, trigger or function; '' in a batch. */
  readonly proc: string;
}

/** What MS-TDS 2.2.7.6 calls CurCmd: clients decide by it whether a count is an update count. */
export const CURRENT_COMMAND = {
  none: 0,
  select: 0xc1,
  selectInto: 0xc2,
  insert: 0xc3,
  delete: 0xc4,
  update: 0xc5,
  createTable: 0xc6,
  drop: 0xc7,
  alter: 0xd8,
  execute: 0xe0,
  bulkInsert: 0xf0,
  merge: 0x117,
} as const;

/**
 * Where a statement stood: `batch` = at the top of a batch (DONE); `inProc` = inside a procedure (DONEINPROC);
 * `proc` = a procedure that a batch called by EXEC has ended (DONEPROC). In an RPC the wire itself ends the call, so there every statement
 * may say `inProc`, and `proc` is ignored.
 */
export type DoneScope = 'batch' | 'inProc' | 'proc';

export type EnvironmentChange =
  /** `descriptor` names the transaction: not 0, the same at its begin and its end. Announce only the outermost begin/commit. */
  | { readonly change: 'transaction'; readonly action: 'begin' | 'commit' | 'rollback'; readonly descriptor: bigint }
  /** USE; the engine adds message 5701 itself. */
  | { readonly change: 'database'; readonly now: string; readonly before: string };

export type EngineEvent =
  /** Starts a result set; its rows follow, then its `done`. */
  | { readonly kind: 'columns'; readonly columns: readonly ResultColumn[] }
  /** Rows of the running result set, values in column order. The arrays are not kept after the wire asks for the next event. */
  | { readonly kind: 'rows'; readonly rows: readonly (readonly SqlValue[])[] }
  /**
   * A statement has ended. `rowCount` is left out where the server sends none: SET NOCOUNT ON, DDL, control of flow. For a SELECT it may be
   * left out too: the wire counts the rows (unless `noCount`). Send one after each statement with a result or count and after each `error`.
   */
  | {
      readonly kind: 'done';
      readonly scope: DoneScope;
      readonly currentCommand: number;
      readonly rowCount?: number;
      readonly noCount?: boolean;
      /** The statement failed; true also follows from an `error` event since the last `done`. */
      readonly failed?: boolean;
    }
  | ({ readonly kind: 'message' } & SqlMessage)
  | ({ readonly kind: 'error' } & SqlMessage)
  | ({ readonly kind: 'env' } & EnvironmentChange)
  /** Of a procedure. In a batch: right before the `proc` done of the EXEC. In an RPC: once, at the end (0 is sent when left out). */
  | { readonly kind: 'returnStatus'; readonly value: number }
  /** Value of an output parameter of an RPC, after all statements. `ordinal` = index in the `args` the wire handed over. */
  | { readonly kind: 'output'; readonly ordinal: number; readonly type: SqlType; readonly value: SqlValue };

export type EngineEvents = AsyncIterable<EngineEvent> | Iterable<EngineEvent>;

/** One argument of a remote procedure call. */
export type RpcArgument =
  | {
      readonly kind: 'scalar';
      /** As sent, with '@'; '' = positional. */
      readonly name: string;
      readonly output: boolean;
      /** The client asks for the parameter's default (DEFAULT keyword). */
      readonly useDefault: boolean;
      readonly type: SqlType;
      readonly value: SqlValue;
    }
  | {
      readonly kind: 'table';
      readonly name: string;
      readonly useDefault: boolean;
      /** Parts that were sent; '' when left out. */
      readonly typeSchema: string;
      readonly typeName: string;
      readonly columns: readonly ResultColumn[];
      readonly rows: readonly (readonly SqlValue[])[];
    };

export interface RequestOptions {
  readonly signal: AbortSignal;
}

/** What the client said in LOGIN7. */
export interface LoginRequest {
  readonly user: string;
  readonly password: string;
  /** '' = the login's default database. */
  readonly database: string;
  readonly hostName: string;
  readonly applicationName: string;
  readonly libraryName: string;
  readonly language: string;
  readonly clientPid: number;
  /** Session id the wire chose (@@SPID). */
  readonly spid: number;
  /** Whether the connection is encrypted (sys.dm_exec_connections.encrypt_option). */
  readonly encrypted: boolean;
  readonly remoteAddress: string;
  /** The client switched ODBC defaults on (ANSI settings, implicit transactions off). */
  readonly odbcDefaults: boolean;
  /** Closes the connection from the server's side (KILL); the wire then calls `close`. */
  readonly disconnect?: (() => void) | undefined;
}

export type LoginResult =
  | { readonly ok: true; readonly database: string }
  /** 18456 (severity 14); for a database that cannot be opened 4060 (severity 11) and then 18456. */
  | { readonly ok: false; readonly errors: readonly SqlMessage[] };

/** Isolation byte of a transaction manager request. `keep` = as the session has it. */
export type IsolationRequest =
  | 'keep'
  | 'readUncommitted'
  | 'readCommitted'
  | 'repeatableRead'
  | 'serializable'
  | 'snapshot';

export interface BulkLoad {
  /** The INSERT BULK text that announced the load. */
  readonly statement: string;
  readonly columns: readonly ResultColumn[];
  readonly rows: readonly (readonly SqlValue[])[];
}

/** One connection's session. Every method but `login` and `close` tells its outcome by events. */
export interface EngineSession {
  login(request: LoginRequest): Promise<LoginResult> | LoginResult;
  /** Runs a batch of statements. INSERT BULK texts come through `announceBulk` instead. */
  batch(sql: string, options: RequestOptions): EngineEvents;
  /** sp_executesql, and the execution of a prepared statement. `declarations` = '@a int, @b nvarchar(10) output' or ''. */
  executeSql(
    statement: string,
    declarations: string,
    args: readonly RpcArgument[],
    options: RequestOptions,
  ): EngineEvents;
  /** Checks a statement that is being prepared (sp_prepare): `error` events when it does not parse, else nothing. */
  prepare(statement: string, declarations: string, options: RequestOptions): EngineEvents;
  /** Calls a procedure by its name as sent: 'dbo.p', '[my schema].[p]', 'db..p', 'sp_who'. */
  rpc(procName: string, args: readonly RpcArgument[], options: RequestOptions): EngineEvents;
  begin(isolation: IsolationRequest, name: string, options: RequestOptions): EngineEvents;
  commit(options: RequestOptions): EngineEvents;
  /** `name` '' = the whole transaction, else a savepoint (or the transaction's own name). */
  rollback(name: string, options: RequestOptions): EngineEvents;
  save(name: string, options: RequestOptions): EngineEvents;
  /** Checks an INSERT BULK statement (target exists, permission); errors as events. The rows come later through `bulkLoad`. */
  announceBulk(statement: string, options: RequestOptions): EngineEvents;
  bulkLoad(load: BulkLoad, options: RequestOptions): EngineEvents;
  /**
   * RESETCONNECTION: temp tables, SET options, database back to the login's, cursors; rolls an open transaction back unless
   * `keepTransaction`. The isolation level stays. Only `env` events are allowed.
   */
  reset(options: { readonly keepTransaction: boolean }): EngineEvents;
  /** The connection is gone: roll back, free locks and temp tables. Called once, also when login failed or never came. Must not throw. */
  close(): void;
}

/** Outcome of a script: the first error, with the place in the file. */
export type ScriptResult =
  | { readonly ok: true }
  /** `batchLine` = 1-based line in the file where the failing batch starts; `error.line` counts inside that batch. */
  | { readonly ok: false; readonly batchLine: number; readonly error: SqlMessage };

/** The engine as the program sees it; made by `createServer(options)` in ../engine/server.ts. */
export interface EngineServer {
  openSession(): EngineSession;
  /** Runs a script as sa, split on GO lines; stops at the first error. */
  runScript(sql: string): Promise<ScriptResult>;
  /** Stops timers (capture, clean-up). Sessions are closed by the wire before. */
  close(): Promise<void> | void;
}

export interface EngineServerOptions {
  readonly saPassword: string;
  /** How often the capture job reads the log. */
  readonly captureIntervalMs: number;
  /** User databases that exist from the start, besides master. */
  readonly databases: readonly string[];
}
