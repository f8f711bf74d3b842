import { randomUUID } from 'node:crypto';
import { Logins } from '../../security/logins.ts';
import { SecurityContext } from '../../security/securityContext.ts';
import { sqlError } from '../../sql/errors.ts';
import { Transactions } from '../../store/transactions.ts';
import { SERVER_NAME } from '../functions/serverFacts.ts';
import { Database, TEMPDB_ID } from '../model/database.ts';
import type { Sequence } from '../model/modules.ts';
import type { TableObject } from '../model/tableObject.ts';
import { AppLocks } from './appLocks.ts';
import { PlanCache } from './planCache.ts';
import type { SessionState } from './sessionState.ts';

const SYSTEM_DATABASES = ['master', 'tempdb', 'model', 'msdb'];
const FIRST_USER_DATABASE_ID = 5;

/** What keeps the server's state on disk (durability/) and must hear of. Commits it hears of from `Transactions`. */
export interface Keeper {
  /** Some definition, right or job changed. */
  definitionsChanged(): void;
  /** A value of the sequence was given out. */
  sequenceMoved(database: Database, sequence: Sequence): void;
  /** The capture job took that many waiting commits; `markLsn` above 0: it added a row that only marks time. */
  scanned(database: Database, taken: number, markLsn: number, nowMs: number): void;
  /** Low-water marks of capture instances went up. */
  cleaned(database: Database): void;
  /** Resolves when everything up to now is safe on disk; null when it is. */
  settled(): Promise<void> | null;
}

/** The whole server: databases, logins, sessions, transactions. */
export class ServerState {
  readonly databases = new Map<string, Database>();
  readonly logins: Logins;
  readonly transactions: Transactions;
  readonly sessions = new Set<SessionState>();
  readonly globalTemps = new Map<string, TableObject>();
  readonly appLocks = new AppLocks();
  readonly plans = new PlanCache();
  readonly startedMs: number;
  readonly serverId = randomUUID();
  readonly captureIntervalMs: number;
  /** Another node has another name: see sp_standin_failover. */
  name = SERVER_NAME;
  /** Whether SQL Server Agent runs, without which no job does. */
  agentRunning = true;
  /** Keeps everything on disk; null = memory only. */
  keeper: Keeper | null = null;
  /** Largest LOB, in bytes, that may be written to a tracked table; -1 = no limit (7139). */
  maxTextReplSize = 65_536;
  /** Grows with every change of any definition: compiled statements of an older one are thrown away. */
  schemaVersion = 1;
  lastDatabaseId = FIRST_USER_DATABASE_ID - 1;
  #lastSpid = 50;

  constructor(saPassword: string, captureIntervalMs: number) {
    this.startedMs = Date.now();
    this.captureIntervalMs = captureIntervalMs;
    this.logins = new Logins(saPassword, this.startedMs);
    this.transactions = new Transactions(() => this.nowMs());
    SYSTEM_DATABASES.forEach((name, at) => {
      const database = new Database(at + 1, name, 'sa', this.startedMs);
      database.options.recoveryModel = 'SIMPLE';
      this.databases.set(name, database);
    });
  }

  nowMs(): number {
    return Date.now();
  }

  /** Now in ms with fraction. */
  preciseNowMs(): number {
    return performance.timeOrigin + performance.now();
  }

  get tempdb(): Database {
    return [...this.databases.values()].find((database) => database.id === TEMPDB_ID)!;
  }

  findDatabase(name: string): Database | undefined {
    return this.databases.get(name.toLowerCase());
  }

  createDatabase(name: string, owner: string): Database {
    if (this.findDatabase(name)) throw sqlError(1801, name);
    const database = new Database(++this.lastDatabaseId, name, owner, this.nowMs());
    if (this.keeper) database.log.holdBack();
    this.databases.set(name.toLowerCase(), database);
    this.changed();
    return database;
  }

  dropDatabase(name: string): void {
    this.databases.delete(name.toLowerCase());
    this.changed();
  }

  /** A definition changed somewhere. */
  changed(): void {
    this.schemaVersion++;
    this.keeper?.definitionsChanged();
  }

  /** Puts a database back under its id. */
  restoreDatabase(database: Database): void {
    this.databases.set(database.name.toLowerCase(), database);
    this.lastDatabaseId = Math.max(this.lastDatabaseId, database.id);
    this.changed();
  }

  nextSpid(): number {
    return ++this.#lastSpid;
  }

  /** Rights changed: every session looks again who it is. */
  securityChanged(): void {
    this.keeper?.definitionsChanged();
    for (const session of this.sessions) session.refreshSecurity();
  }

  /** The same for sessions that are inside already: whose user is gone has the rights of guest, which are none. */
  contextOrGuest(login: string, database: Database): SecurityContext {
    try {
      return this.contextFor(login, database);
    } catch {
      return new SecurityContext(this.logins, login, 'guest', database);
    }
  }

  /** Who a login is in a database: dbo for its owner and sysadmins, else its user; 916 when there is none. */
  contextFor(login: string, database: Database): SecurityContext {
    if (this.logins.isInRole(login, 'sysadmin') || database.owner.toLowerCase() === login.toLowerCase())
      return new SecurityContext(this.logins, login, 'dbo', database);
    const user = database.principals.forLogin(login);
    if (user) return new SecurityContext(this.logins, login, user.name, database);
    if (SYSTEM_DATABASES.includes(database.name)) return new SecurityContext(this.logins, login, 'guest', database);
    throw sqlError(916, login, database.name);
  }
}
