import type { Statement, StatementKind, StatementOf } from '../../sql/astStatements.ts';
import { SqlError, sqlError } from '../../sql/errors.ts';
import { Blocked } from '../../store/blocked.ts';
import type { Mark, Transaction } from '../../store/transaction.ts';
import { waitFor } from '../../store/waits.ts';
import { CompileContext } from '../compile/context.ts';
import { SUBQUERIES } from '../query/subqueries.ts';
import { checkAccesses } from './access.ts';
import { emitError } from './errorEvents.ts';
import type { Execution } from './execution.ts';
import { abortsBatch, BatchAborted, Cancelled, originOf, ScopeAborted } from './failures.ts';
import type { Awaitable, Flow } from './flow.ts';
import type { SessionState } from './sessionState.ts';
import { beginTransaction, rollbackAll } from './sessionTransactions.ts';
import { doneScope, type Sink } from './sink.ts';
import { StatementState } from './statementState.ts';
import { STATEMENTS } from './statements.ts';

/** Runs one kind of statement. */
export type Handler<K extends StatementKind = StatementKind> = (
  runner: Runner,
  statement: StatementOf<K>,
  env: Execution,
) => Awaitable<Flow>;

/** The transaction a statement runs in, while it runs. */
interface Opened {
  readonly tx: Transaction;
  /** Autocommit: the transaction is the statement's own. */
  readonly own: boolean;
  readonly mark: Mark;
  readonly outer: StatementState | undefined;
  state: StatementState;
}

/** @@ROWCOUNT after statements that are no queries (sql-docs: @@ROWCOUNT); those not named here see to it themselves or leave it. */
const ROW_COUNT_AFTER: Partial<Record<StatementKind, number>> = {
  setVariable: 1,
  print: 0,
  use: 0,
  setOption: 0,
  setValue: 0,
  setIsolation: 0,
  beginTran: 0,
  commit: 0,
  rollback: 0,
  saveTran: 0,
};

/** Runs statements for one request of one session. */
export class Runner {
  readonly session: SessionState;
  sink: Sink;
  readonly signal: AbortSignal;
  /** Statements are inside an RPC or procedure: their ends are 'inProc'. */
  inProcedure: boolean;

  constructor(session: SessionState, sink: Sink, signal: AbortSignal, inProcedure: boolean) {
    this.session = session;
    this.sink = sink;
    this.signal = signal;
    this.inProcedure = inProcedure;
  }

  /** Runs statements one after the other; a promise only from the first one on that has to wait. */
  runList(statements: readonly Statement[], env: Execution): Awaitable<Flow> {
    for (let i = 0; i < statements.length; i++) {
      const flow = this.run(statements[i]!, env);
      if (flow instanceof Promise) return this.#goOn(flow, statements, i + 1, env);
      if (flow !== null) return flow;
    }
    return null;
  }

  async #goOn(running: Promise<Flow>, statements: readonly Statement[], next: number, env: Execution): Promise<Flow> {
    let flow = await running;
    for (let i = next; flow === null && i < statements.length; i++) {
      const result = this.run(statements[i]!, env);
      flow = result instanceof Promise ? await result : result;
    }
    return flow;
  }

  run(statement: Statement, env: Execution): Awaitable<Flow> {
    if (this.signal.aborted) throw new Cancelled();
    try {
      const handler = STATEMENTS[statement.k] as Handler;
      const flow = handler(this, statement as never, env);
      const rowCount = ROW_COUNT_AFTER[statement.k];
      if (flow instanceof Promise)
        return flow.then(
          (result) => {
            if (rowCount !== undefined) this.succeeded(rowCount);
            return result;
          },
          (error: unknown) => this.#failed(error, statement, env),
        );
      if (rowCount !== undefined) this.succeeded(rowCount);
      return flow;
    } catch (error) {
      return this.#failed(error, statement, env);
    }
  }

  /** What @@ROWCOUNT and @@ERROR say after a statement that went well. */
  succeeded(rowCount: number): void {
    this.session.rowCount = rowCount;
    this.session.error = 0;
  }

  /** Decides what an error does: to CATCH, on to the next statement, or the end of the batch. */
  #failed(error: unknown, statement: Statement, env: Execution): Flow {
    if (!(error instanceof SqlError)) throw error;
    const { session } = this;
    error.at(statement.line, env.module?.name ?? '');
    session.error = error.number;
    const origin = originOf(error);
    if (error.severity <= 10) {
      emitError(this, error);
      return null;
    }
    const dooms = abortsBatch(error) || (session.options.xactAbort && !origin.raised);
    if (session.tryDepth > 0) {
      if (dooms && session.tx !== null) session.doomed = true;
      throw error;
    }
    if (dooms) rollbackAll(session, this.sink);
    for (const earlier of origin.earlier ?? []) emitError(this, earlier.at(error.line, error.procedure));
    emitError(this, error);
    if (dooms || origin.thrown || error.severity >= 20) throw new BatchAborted();
    if (origin.compiledIn === env) throw new ScopeAborted(env);
    if (origin.terminates) this.info(3621, 'The statement has been terminated.', statement.line);
    return null;
  }

  info(number: number, text: string, line: number, severity = 0, state = 0): void {
    this.sink.emit({ kind: 'message', number, severity, state, text, line, proc: '' });
  }

  done(currentCommand: number, rowCount: number): void {
    this.succeeded(rowCount);
    if (this.session.options.noCount) return;
    this.sink.emit({ kind: 'done', scope: doneScope(this.inProcedure), currentCommand, rowCount });
  }

  /** What a statement compiles to, from the unit's cache while nothing it depends on has changed; checks the rights it needs. */
  plan<T>(env: Execution, key: object, compile: (context: CompileContext) => T): T {
    const { session } = this;
    const cached = env.unit.plans.get(key);
    if (
      cached &&
      cached.version === session.server.schemaVersion &&
      cached.database === env.database &&
      this.#tempsHold(cached.temps)
    ) {
      if (cached.accesses.length > 0) checkAccesses(env, cached.accesses);
      return cached.plan as T;
    }
    const context = this.context(env);
    let plan: T;
    try {
      plan = compile(context);
    } catch (error) {
      if (error instanceof SqlError) originOf(error).compiledIn = env;
      throw error;
    }
    const { accesses, temps } = context;
    env.unit.plans.set(key, { version: session.server.schemaVersion, database: env.database, plan, accesses, temps });
    checkAccesses(env, accesses);
    return plan;
  }

  context(env: Execution): CompileContext {
    return new CompileContext({
      session: this.session,
      database: env.database,
      variables: env.unit.declared,
      queries: SUBQUERIES,
      pseudoTables: env.pseudoTables,
      triggerTable: env.triggerTable,
    });
  }

  #tempsHold(temps: ReadonlyMap<string, unknown>): boolean {
    for (const [name, table] of temps) if (this.session.findTemp(name) !== table) return false;
    return true;
  }

  /** Starts a statement that reads or writes data: in the session's transaction, or in one of its own. */
  open(env: Execution, writes: boolean, touchesTables = true): Opened {
    const { session } = this;
    const { transactions } = session.server;
    if (writes && session.doomed) throw sqlError(3930);
    if (touchesTables && session.tx === null && session.options.implicitTransactions && !env.inFunction)
      beginTransaction(session, this.sink);
    const own = session.tx === null;
    const tx = session.tx ?? env.borrowed ?? transactions.begin(session.party);
    if (writes) tx.commandId++;
    tx.trackingContext = session.trackingContext;
    const outer = env.statement;
    const state = new StatementState(transactions, tx, session.options.isolation);
    env.statement = state;
    env.nowMs = session.server.preciseNowMs();
    return { tx, own: own && env.borrowed === null, mark: tx.mark(), outer, state };
  }

  close(env: Execution, opened: Opened, succeeded: boolean): void {
    const { transactions } = this.session.server;
    opened.state.close(succeeded);
    env.statement = opened.outer as StatementState;
    if (opened.tx.ended) return;
    if (!succeeded) transactions.undoTo(opened.tx, opened.mark);
    if (!opened.own) return;
    if (succeeded) transactions.commit(opened.tx);
    else transactions.rollback(opened.tx);
  }

  /** Runs `body` as one atomic statement; when another session is in the way, waits and runs it again. */
  atomic<T>(env: Execution, writes: boolean, body: () => T, touchesTables = true): Awaitable<T> {
    const opened = this.open(env, writes, touchesTables);
    try {
      const result = body();
      this.close(env, opened, true);
      return result;
    } catch (error) {
      if (!(error instanceof Blocked) || env.inFunction) {
        this.close(env, opened, false);
        throw error;
      }
      return this.#again(env, opened, error, body);
    }
  }

  async #again<T>(env: Execution, opened: Opened, first: Blocked, body: () => T): Promise<T> {
    const { transactions } = this.session.server;
    let blocked = first;
    try {
      for (;;) {
        opened.state.close(false);
        transactions.undoTo(opened.tx, opened.mark);
        await this.wait(blocked);
        opened.state = new StatementState(transactions, opened.tx, this.session.options.isolation);
        env.statement = opened.state;
        try {
          const result = body();
          this.close(env, opened, true);
          return result;
        } catch (error) {
          if (!(error instanceof Blocked)) throw error;
          blocked = error;
        }
      }
    } catch (error) {
      this.close(env, opened, false);
      throw error;
    }
  }

  /** Waits until a blocker lets go; 1205 as victim of a deadlock, 1222 after LOCK_TIMEOUT. */
  async wait(blocked: Blocked, timeoutMs = this.session.options.lockTimeoutMs): Promise<void> {
    const outcome = await waitFor(this.session.party, blocked.by, { timeoutMs, signal: this.signal });
    if (outcome === 'deadlock') throw sqlError(1205, this.session.spid);
    if (outcome === 'timeout') throw sqlError(1222);
    if (outcome === 'cancelled') throw new Cancelled();
  }
}
