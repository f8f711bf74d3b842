import { SecurityContext } from '../../security/securityContext.ts';
import type { IsolationLevel } from '../../sql/astStatements.ts';
import { type SqlError, sqlError } from '../../sql/errors.ts';
import type { SqlValue } from '../../sql/values.ts';
import type { Mark, Transaction } from '../../store/transaction.ts';
import { Party } from '../../store/waits.ts';
import type { Database } from '../model/database.ts';
import type { TableObject } from '../model/tableObject.ts';
import type { ServerState } from './serverState.ts';

/** SET options of a session. */
export interface SessionOptions {
  noCount: boolean;
  xactAbort: boolean;
  implicitTransactions: boolean;
  isolation: IsolationLevel;
  /** -1 waits for ever. */
  lockTimeoutMs: number;
  dateFirst: number;
  dateFormat: string;
  textSize: number;
  language: string;
  /** SET ROWCOUNT; 0 = no limit. */
  rowCount: number;
  readonly flags: Set<string>;
}

/** What the client said of itself at login. */
export interface ClientInfo {
  readonly hostName: string;
  readonly applicationName: string;
  readonly libraryName: string;
  readonly remoteAddress: string;
  readonly encrypted: boolean;
  readonly pid: number;
}

/** ODBC defaults, as every client's login switches on. */
const DEFAULT_FLAGS = [
  'ANSI_NULLS',
  'ANSI_PADDING',
  'ANSI_WARNINGS',
  'ANSI_NULL_DFLT_ON',
  'ARITHABORT',
  'CONCAT_NULL_YIELDS_NULL',
  'QUOTED_IDENTIFIER',
];

function defaultOptions(isolation: IsolationLevel): SessionOptions {
  return {
    noCount: false,
    xactAbort: false,
    implicitTransactions: false,
    isolation,
    lockTimeoutMs: -1,
    dateFirst: 7,
    dateFormat: 'mdy',
    textSize: 2147483647,
    language: 'us_english',
    rowCount: 0,
    flags: new Set(DEFAULT_FLAGS),
  };
}

export interface Savepoint {
  readonly name: string;
  readonly mark: Mark;
}

/** A prepared statement of sp_prepare. */
export interface Prepared {
  readonly statement: string;
  readonly declarations: string;
}

/** Everything a connection carries from one request to the next. */
export class SessionState {
  readonly server: ServerState;
  readonly spid: number;
  readonly party: Party;
  readonly loginTimeMs: number;
  readonly originalLogin: string;
  readonly client: ClientInfo;
  /** Closes the connection (KILL). */
  readonly disconnect: () => void;
  database: Database;
  /** Where a reset goes back to. */
  readonly loginDatabase: Database;
  options: SessionOptions = defaultOptions('readCommitted');
  tx: Transaction | null = null;
  tranCount = 0;
  tranName = '';
  /** The transaction can only be rolled back (XACT_STATE() = -1). */
  doomed = false;
  savepoints: Savepoint[] = [];
  /** @@ROWCOUNT */
  rowCount = 0;
  /** @@ERROR */
  error = 0;
  /** @@IDENTITY */
  lastIdentity: bigint | null = null;
  /** Errors being handled in CATCH blocks, innermost last. */
  readonly caught: SqlError[] = [];
  /** TRY blocks around the running statement, in all modules. */
  tryDepth = 0;
  /** Temp tables by scope: those of the connection first, then one map per running procedure. */
  temps: Map<string, TableObject>[] = [new Map()];
  /** INSERT … EXEC statements around the running procedure. */
  insertExecDepth = 0;
  identityInsert: TableObject | null = null;
  contextInfo: Buffer | null = null;
  /** WITH CHANGE_TRACKING_CONTEXT of the running statement. */
  trackingContext: Buffer | null = null;
  readonly sessionContext = new Map<string, { value: SqlValue; readOnly: boolean }>();
  readonly prepared = new Map<number, Prepared>();
  lastBatch = '';
  #security: SecurityContext[] = [];

  constructor(options: {
    readonly server: ServerState;
    readonly spid: number;
    readonly login: string;
    readonly database: Database;
    readonly client: ClientInfo;
    readonly disconnect?: (() => void) | undefined;
  }) {
    this.server = options.server;
    this.spid = options.spid;
    this.originalLogin = options.login;
    this.database = options.database;
    this.loginDatabase = options.database;
    this.client = options.client;
    this.disconnect = options.disconnect ?? (() => {});
    this.party = new Party(options.spid);
    this.party.cost = () => this.tx?.undo.length ?? 0;
    this.loginTimeMs = options.server.nowMs();
    this.#security = [options.server.contextFor(options.login, options.database)];
  }

  /** As whom statements run now. */
  get security(): SecurityContext {
    const current = this.#security.at(-1)!;
    // Membership and rights may have changed since; the context is cheap to make anew.
    return current;
  }

  get impersonating(): boolean {
    return this.#security.length > 1;
  }

  get impersonationDepth(): number {
    return this.#security.length;
  }

  /** EXECUTE AS; `revertTo` undoes it. */
  impersonate(context: SecurityContext): void {
    this.#security.push(context);
  }

  revertTo(depth: number): void {
    this.#security.length = Math.max(1, depth);
  }

  /** Roles and grants are looked up again. */
  refreshSecurity(): void {
    this.#security = this.#security.map((context) =>
      context.serverScope
        ? this.server.contextOrGuest(context.login, this.database)
        : new SecurityContext(this.server.logins, context.login, context.user, this.database, false),
    );
  }

  get defaultSchema(): string {
    return this.database.principals.find(this.security.user)?.defaultSchema ?? 'dbo';
  }

  /** Changes the database; 911 when there is none, 916 when the login has no user there. */
  use(name: string): void {
    const database = this.server.findDatabase(name);
    if (!database) throw sqlError(911, name);
    const context = this.server.contextFor(this.security.login, database);
    this.database = database;
    this.#security = [context, ...this.#security.slice(1)];
  }

  findTemp(name: string): TableObject | undefined {
    if (name.startsWith('##')) return this.server.globalTemps.get(name);
    for (let i = this.temps.length - 1; i >= 0; i--) {
      const table = this.temps[i]!.get(name);
      if (table) return table;
    }
    return undefined;
  }

  dropTemp(name: string): boolean {
    if (name.startsWith('##')) return this.server.globalTemps.delete(name);
    for (let i = this.temps.length - 1; i >= 0; i--) if (this.temps[i]!.delete(name)) return true;
    return false;
  }

  /** Back to how the login left it; the isolation level stays. */
  resetOptions(): void {
    this.options = defaultOptions(this.options.isolation);
    this.temps = [new Map()];
    this.identityInsert = null;
    this.contextInfo = null;
    this.sessionContext.clear();
    this.prepared.clear();
    this.lastIdentity = null;
    this.rowCount = 0;
    this.error = 0;
    this.revertTo(1);
  }
}
