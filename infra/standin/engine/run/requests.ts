import { SqlError, sqlError } from '../../sql/errors.ts';
import type { BulkLoad, IsolationRequest, RpcArgument } from '../../tds/engineSession.ts';
import { bindArguments, type CallArgument } from './arguments.ts';
import { runInsertBulk } from './bulkInsert.ts';
import { callProcedure, inModule, returnOutputs, runScope } from './callProcedure.ts';
import { emitError } from './errorEvents.ts';
import { parseName } from './executeStatements.ts';
import { Execution } from './execution.ts';
import { BatchAborted, Cancelled, ScopeAborted } from './failures.ts';
import { type Awaitable, chain, lastly, rescue } from './flow.ts';
import { Runner } from './runner.ts';
import type { SessionState } from './sessionState.ts';
import * as transactions from './sessionTransactions.ts';
import type { Sink } from './sink.ts';
import { missingFrom, textUnit } from './units.ts';

/** The requests of a client. Each runs to its end; SQL errors are emitted, never thrown. */

function request(
  session: SessionState,
  sink: Sink,
  signal: AbortSignal,
  inProcedure: boolean,
  body: (runner: Runner) => Awaitable<void>,
): Awaitable<void> {
  const runner = new Runner(session, sink, signal, inProcedure);
  const { temps } = session;
  const depth = temps.length;
  const guarded = (): Awaitable<void> =>
    rescue(
      () => body(runner),
      (error) => endedBy(error, runner),
    );
  const ended = lastly(guarded, () => {
    session.tryDepth = 0;
    session.caught.length = 0;
    session.insertExecDepth = 0;
    temps.length = depth;
  });
  return chain(ended, () => {
    if (!session.doomed) return;
    transactions.rollbackAll(session, sink);
    emitError(runner, sqlError(3998));
  });
}

/** What an error means that has ended a request. */
function endedBy(error: unknown, runner: Runner): void {
  const { session, sink } = runner;
  if (error instanceof SqlError) {
    session.error = error.number;
    emitError(runner, error.at(1));
  } else if (error instanceof Cancelled) {
    if (error.rollsBack || session.options.xactAbort || session.doomed) transactions.rollbackAll(session, sink);
  } else if (!(error instanceof BatchAborted) && !(error instanceof ScopeAborted)) throw error;
}

/** The signal of requests that nothing can interrupt. */
const NEVER = new AbortController().signal;

/** The execution at the top: a batch, or the frame a remote call is made from. */
function topExecution(session: SessionState, sql: string): Execution {
  return new Execution({ session, module: null, unit: textUnit(session, sql, '').unit, nestLevel: 0 });
}

export function runBatch(session: SessionState, sql: string, sink: Sink, signal: AbortSignal): Awaitable<void> {
  session.lastBatch = sql;
  return request(session, sink, signal, false, (runner) => {
    const env = topExecution(session, sql);
    return chain(runner.runList(env.unit.statements, env), () => {});
  });
}

/** sp_executesql by RPC. */
export function runSqlText(
  session: SessionState,
  statement: string,
  declarations: string,
  args: readonly RpcArgument[],
  sink: Sink,
  signal: AbortSignal,
): Awaitable<void> {
  session.lastBatch = statement;
  return request(session, sink, signal, true, (runner) => {
    const { unit, parameters } = textUnit(session, statement, declarations);
    const env = new Execution({ session, module: null, unit, nestLevel: 1 });
    const outputs = new OutputValues(sink);
    const given = args.map((arg, at) => callArgument(arg, at, outputs));
    const bound = bindArguments(env, parameters, given, 'sp_executesql', missingFrom(statement, declarations));
    const run = (): Awaitable<void> => runScope(runner, unit.statements, env);
    return chain(inModule(runner, undefined, 'dbo', session.database, run), () => {
      returnOutputs(env, parameters, bound);
      outputs.flush();
    });
  });
}

/** Output values, sent after everything else. */
class OutputValues {
  readonly #sink: Sink;
  readonly #events: Parameters<Sink['emit']>[0][] = [];

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  setter(ordinal: number): NonNullable<CallArgument['output']> {
    return (value, type) => {
      this.#events.push({ kind: 'output', ordinal, type, value });
    };
  }

  flush(): void {
    for (const event of this.#events) this.#sink.emit(event);
  }
}

function callArgument(arg: RpcArgument, ordinal: number, outputs: OutputValues): CallArgument {
  const name = arg.name.toLowerCase();
  const { useDefault } = arg;
  if (arg.kind === 'table') {
    const table = { columns: arg.columns, rows: arg.rows.map((row) => [...row]) };
    return { name, type: { k: 'int' }, value: null, useDefault, output: null, table };
  }
  return { name, type: arg.type, value: arg.value, useDefault, output: arg.output ? outputs.setter(ordinal) : null };
}

/** Whether a statement that is being prepared parses. */
export function checkSqlText(
  session: SessionState,
  statement: string,
  declarations: string,
  sink: Sink,
): Awaitable<void> {
  return request(session, sink, NEVER, true, () => {
    textUnit(session, statement, declarations);
  });
}

/** A procedure called by RPC. */
export function runProcedure(
  session: SessionState,
  procName: string,
  args: readonly RpcArgument[],
  sink: Sink,
  signal: AbortSignal,
): Awaitable<void> {
  session.lastBatch = procName;
  return request(session, sink, signal, true, (runner) => {
    const outputs = new OutputValues(sink);
    const caller = topExecution(session, '');
    const given = args.map((arg, at) => callArgument(arg, at, outputs));
    return chain(callProcedure(runner, parseName(procName), given, caller), (status) => {
      sink.emit({ kind: 'returnStatus', value: status });
      outputs.flush();
    });
  });
}

export function beginTransaction(
  session: SessionState,
  isolation: IsolationRequest,
  name: string,
  sink: Sink,
): Awaitable<void> {
  return request(session, sink, NEVER, true, () => {
    if (isolation !== 'keep') {
      if (isolation === 'snapshot' && session.tx !== null && session.options.isolation !== 'snapshot')
        throw sqlError(3951, session.database.name);
      session.options.isolation = isolation;
    }
    transactions.beginTransaction(session, sink, name);
  });
}

export function commitTransaction(session: SessionState, sink: Sink): Awaitable<void> {
  return request(session, sink, NEVER, true, () => transactions.commitTransaction(session, sink));
}

export function rollbackTransaction(session: SessionState, name: string, sink: Sink): Awaitable<void> {
  return request(session, sink, NEVER, true, () => transactions.rollbackTransaction(session, sink, name));
}

export function saveTransaction(session: SessionState, name: string, sink: Sink): Awaitable<void> {
  return request(session, sink, NEVER, true, () => transactions.saveTransaction(session, name));
}

/** The rows that follow an INSERT BULK. */
export function runBulkLoad(session: SessionState, load: BulkLoad, sink: Sink, signal: AbortSignal): Awaitable<void> {
  return request(session, sink, signal, false, (runner) =>
    runInsertBulk(runner, topExecution(session, load.statement), load),
  );
}

/** Checks an INSERT BULK before its rows come. */
export function announceBulk(session: SessionState, statement: string, sink: Sink): Awaitable<void> {
  return request(session, sink, NEVER, false, (runner) =>
    runInsertBulk(runner, topExecution(session, statement), null),
  );
}

/** RESETCONNECTION. */
export function resetSession(session: SessionState, keepTransaction: boolean, sink: Sink): void {
  if (!keepTransaction) transactions.rollbackAll(session, sink);
  session.server.appLocks.releaseAll(session.party, 'session');
  const before = session.database.name;
  session.resetOptions();
  if (session.loginDatabase !== session.database) {
    session.use(session.loginDatabase.name);
    sink.emit({ kind: 'env', change: 'database', now: session.database.name, before });
  }
}

/** The connection is gone. */
export function closeSession(session: SessionState, sink: Sink): void {
  transactions.rollbackAll(session, sink);
  session.server.appLocks.releaseAll(session.party, 'session');
  session.temps = [new Map()];
  session.server.sessions.delete(session);
}
