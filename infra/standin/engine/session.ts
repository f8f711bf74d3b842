import { SqlError, sqlError } from '../sql/errors.ts';
import type {
  BulkLoad,
  EngineEvents,
  EngineSession,
  IsolationRequest,
  LoginRequest,
  LoginResult,
  RequestOptions,
  RpcArgument,
} from '../tds/engineSession.ts';
import { messageOf } from './run/errorEvents.ts';
import { eventsOf } from './run/eventChannel.ts';
import * as requests from './run/requests.ts';
import type { ServerState } from './run/serverState.ts';
import { SessionState } from './run/sessionState.ts';
import { settledFirst } from './run/settledEvents.ts';
import { NO_SINK, type Sink } from './run/sink.ts';

/** A client's session: hands the requests of the wire to the engine, and the engine's events back. */
export class Session implements EngineSession {
  readonly #server: ServerState;
  #state: SessionState | null = null;

  constructor(server: ServerState) {
    this.#server = server;
  }

  login(request: LoginRequest): LoginResult {
    const { logins } = this.#server;
    const login = logins.find(request.user);
    const failed = sqlError(18456, request.user);
    if (!login?.enabled || !logins.verify(login, request.password)) return refused(failed);
    const name = request.database || login.defaultDatabase;
    try {
      const database = this.#server.findDatabase(name);
      if (!database) return refused(sqlError(4060, name), failed);
      this.#state = new SessionState({
        server: this.#server,
        spid: request.spid,
        login: login.name,
        database,
        client: {
          hostName: request.hostName,
          applicationName: request.applicationName,
          libraryName: request.libraryName,
          remoteAddress: request.remoteAddress,
          encrypted: request.encrypted,
          pid: request.clientPid,
        },
        disconnect: request.disconnect,
      });
    } catch (error) {
      // The login has no user in the database (916).
      if (error instanceof SqlError) return refused(sqlError(4060, name), failed);
      throw error;
    }
    this.#server.sessions.add(this.#state);
    return { ok: true, database: this.#state.database.name };
  }

  batch(sql: string, { signal }: RequestOptions): EngineEvents {
    return this.#events((sink) => requests.runBatch(this.#open, sql, sink, signal));
  }

  executeSql(
    statement: string,
    declarations: string,
    args: readonly RpcArgument[],
    { signal }: RequestOptions,
  ): EngineEvents {
    return this.#events((sink) => requests.runSqlText(this.#open, statement, declarations, args, sink, signal));
  }

  prepare(statement: string, declarations: string): EngineEvents {
    return this.#events((sink) => requests.checkSqlText(this.#open, statement, declarations, sink));
  }

  rpc(procName: string, args: readonly RpcArgument[], { signal }: RequestOptions): EngineEvents {
    return this.#events((sink) => requests.runProcedure(this.#open, procName, args, sink, signal));
  }

  begin(isolation: IsolationRequest, name: string): EngineEvents {
    return this.#events((sink) => requests.beginTransaction(this.#open, isolation, name, sink));
  }

  commit(): EngineEvents {
    return this.#events((sink) => requests.commitTransaction(this.#open, sink));
  }

  rollback(name: string): EngineEvents {
    return this.#events((sink) => requests.rollbackTransaction(this.#open, name, sink));
  }

  save(name: string): EngineEvents {
    return this.#events((sink) => requests.saveTransaction(this.#open, name, sink));
  }

  announceBulk(statement: string): EngineEvents {
    return this.#events((sink) => requests.announceBulk(this.#open, statement, sink));
  }

  bulkLoad(load: BulkLoad, { signal }: RequestOptions): EngineEvents {
    return this.#events((sink) => requests.runBulkLoad(this.#open, load, sink, signal));
  }

  reset({ keepTransaction }: { readonly keepTransaction: boolean }): EngineEvents {
    return this.#events((sink) => requests.resetSession(this.#open, keepTransaction, sink));
  }

  close(): void {
    if (this.#state) requests.closeSession(this.#state, NO_SINK);
    this.#state = null;
  }

  /** The events of a request; with a data directory no event reaches the client before all that it may tell of is safe on disk. */
  #events(run: (sink: Sink) => Promise<void> | void): EngineEvents {
    const events = eventsOf(run);
    const { keeper } = this.#server;
    return keeper ? settledFirst(events, keeper) : events;
  }

  get #open(): SessionState {
    if (!this.#state) throw new Error('a request before login');
    return this.#state;
  }
}

function refused(...errors: readonly SqlError[]): LoginResult {
  return { ok: false, errors: errors.map((error) => ({ ...messageOf(error), line: 1 })) };
}
