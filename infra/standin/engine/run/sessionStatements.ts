import type { TransactionName } from '../../sql/astStatements.ts';
import { sqlError, unsupported } from '../../sql/errors.ts';
import { findObject } from '../query/namedSource.ts';
import { evaluateExpr } from './evaluate.ts';
import type { Execution } from './execution.ts';
import type { Handler, Runner } from './runner.ts';
import { beginTransaction, commitTransaction, rollbackTransaction, saveTransaction } from './sessionTransactions.ts';

function nameOf(name: TransactionName | undefined, env: Execution): string {
  if (!name) return '';
  if (name.k === 'name') return name.name;
  return String(env.variable(name.variable).value ?? '');
}

const beginTran: Handler<'beginTran'> = (runner, statement, env) => {
  beginTransaction(runner.session, runner.sink, nameOf(statement.name, env));
  return null;
};

const commit: Handler<'commit'> = (runner) => {
  commitTransaction(runner.session, runner.sink);
  return null;
};

const rollback: Handler<'rollback'> = (runner, statement, env) => {
  if (runner.session.insertExecDepth > 0) throw sqlError(3915);
  rollbackTransaction(runner.session, runner.sink, nameOf(statement.name, env));
  return null;
};

const saveTran: Handler<'saveTran'> = (runner, statement, env) => {
  saveTransaction(runner.session, nameOf(statement.name, env));
  return null;
};

const setOption: Handler<'setOption'> = (runner, { options: names, on }) => {
  const { options } = runner.session;
  for (const name of names) {
    if (name === 'NOCOUNT') options.noCount = on;
    else if (name === 'XACT_ABORT') options.xactAbort = on;
    else if (name === 'IMPLICIT_TRANSACTIONS') options.implicitTransactions = on;
    else if (REFUSED_ON.has(name) && on) throw unsupported(`SET ${name} ON`);
    if (on) options.flags.add(name);
    else options.flags.delete(name);
  }
  return null;
};

/** Options that would change what statements return. */
const REFUSED_ON: ReadonlySet<string> = new Set([
  'NOEXEC',
  'PARSEONLY',
  'FMTONLY',
  'SHOWPLAN_ALL',
  'SHOWPLAN_XML',
  'SHOWPLAN_TEXT',
]);

const setValue: Handler<'setValue'> = async (runner, statement, env) => {
  const { session } = runner;
  const { value } = evaluateExpr(runner, env, statement.value);
  const result = await value;
  switch (statement.option) {
    case 'LOCK_TIMEOUT':
      session.options.lockTimeoutMs = Number(result);
      break;
    case 'ROWCOUNT':
      session.options.rowCount = Math.max(0, Number(result));
      break;
    case 'TEXTSIZE':
      session.options.textSize = Number(result);
      break;
    case 'DATEFIRST':
      session.options.dateFirst = Number(result);
      break;
    case 'DATEFORMAT':
      session.options.dateFormat = String(result).toLowerCase();
      break;
    case 'LANGUAGE':
      session.options.language = String(result);
      break;
    case 'DEADLOCK_PRIORITY':
      session.party.deadlockPriority = priorityOf(result);
      break;
    case 'CONTEXT_INFO': {
      const info = Buffer.alloc(128);
      if (Buffer.isBuffer(result)) result.copy(info);
      session.contextInfo = info;
      break;
    }
    default:
      throw unsupported(`SET ${statement.option}`);
  }
  return null;
};

function priorityOf(value: unknown): number {
  const words: Record<string, number> = { low: -5, normal: 0, high: 5 };
  const word = typeof value === 'string' ? words[value.toLowerCase()] : undefined;
  return word ?? Math.max(-10, Math.min(10, Number(value)));
}

const setIsolation: Handler<'setIsolation'> = (runner, statement) => {
  const { session } = runner;
  if (statement.level === 'snapshot' && session.tx !== null && session.options.isolation !== 'snapshot')
    throw sqlError(3951, session.database.name);
  session.options.isolation = statement.level;
  return null;
};

const setIdentityInsert: Handler<'setIdentityInsert'> = (runner, statement, env) => {
  const { session } = runner;
  const { object } = findObject(statement.table, runner.context(env), statement.line);
  if (object.kind !== 'table') throw sqlError(1088, statement.table.name);
  if (object.identityAt < 0) throw sqlError(8106, object.name);
  const current = session.identityInsert;
  if (statement.on && current && current !== object) throw sqlError(8107, current.qualifiedName, object.qualifiedName);
  if (statement.on) session.identityInsert = object;
  else if (current === object) session.identityInsert = null;
  return null;
};

const use: Handler<'use'> = (runner, statement) => {
  changeDatabase(runner, statement.database);
  return null;
};

/** Ends another session: its connection is closed, its transaction rolled back. 6101 to 6106 as in the product. */
const kill: Handler<'kill'> = ({ session }, { spid }) => {
  const { security, server } = session;
  if (!server.logins.isInRole(security.login, 'processadmin') && !security.hasServer('ALTER ANY CONNECTION'))
    throw sqlError(6102);
  if (spid <= 0 || spid > LAST_SPID) throw sqlError(6101, String(spid));
  if (spid === session.spid) throw sqlError(6104);
  const other = [...server.sessions].find((candidate) => candidate.spid === spid);
  if (!other) throw sqlError(6106, String(spid));
  other.disconnect();
  return null;
};

/** What the statement writes is marked with the context in change tracking. */
const trackingContext: Handler<'trackingContext'> = async (runner, { context, body }, env) => {
  const { session } = runner;
  const value = await evaluateExpr(runner, env, context).value;
  session.trackingContext = Buffer.isBuffer(value) ? value.subarray(0, 128) : null;
  try {
    return await runner.run(body, env);
  } finally {
    session.trackingContext = null;
  }
};

/** Sessions are numbered up to here. */
const LAST_SPID = 32_767;

/** USE, with what the client is told. */
export function changeDatabase(runner: Runner, name: string): void {
  const { session } = runner;
  const before = session.database.name;
  session.use(name);
  const now = session.database.name;
  runner.sink.emit({ kind: 'env', change: 'database', now, before });
  runner.info(5701, `Changed database context to '${now}'.`, 1, 0, 2);
}

export const SESSION_STATEMENTS = {
  beginTran,
  commit,
  rollback,
  saveTran,
  setOption,
  setValue,
  setIsolation,
  setIdentityInsert,
  use,
  kill,
  trackingContext,
};
