import type { SqlError } from '../../sql/errors.ts';
import {
  BIGINT,
  binary,
  decimal,
  INT,
  nvarchar,
  SMALLINT,
  type SqlValue,
  VARIANT,
  varbinary,
} from '../../sql/values.ts';
import type { Execution } from '../run/execution.ts';
import { type FunctionGroup, fn } from './engineFunction.ts';
import { COLLATION_NAME } from './serverFacts.ts';

const NAME = nvarchar(128);
const ID = decimal(38, 0);

const caught = (env: Execution): SqlError | undefined => env.session.caught.at(-1);

/** The id of the transaction the statement runs in. */
function transactionId(env: Execution): bigint {
  return BigInt((env.session.tx ?? env.statement?.tx)?.id ?? 0);
}

function xactState(env: Execution): number {
  if (env.session.tx === null) return 0;
  return env.session.doomed ? -1 : 1;
}

const onOff = (on: boolean): SqlValue => ({ variant: INT, value: on ? 1 : 0 });

function sessionProperty(env: Execution, property: string): SqlValue {
  const { options } = env.session;
  switch (property.toUpperCase()) {
    case 'ANSI_NULLS':
    case 'ANSI_PADDING':
    case 'ANSI_WARNINGS':
    case 'ARITHABORT':
    case 'CONCAT_NULL_YIELDS_NULL':
    case 'NUMERIC_ROUNDABORT':
    case 'QUOTED_IDENTIFIER':
      return onOff(options.flags.has(property.toUpperCase()));
    default:
      return null;
  }
}

function connectionProperty(env: Execution, property: string): SqlValue {
  const text = (value: string): SqlValue => ({ variant: nvarchar(128), value });
  const { client } = env.session;
  switch (property.toLowerCase()) {
    case 'net_transport':
      return text('TCP');
    case 'protocol_type':
      return text('TSQL');
    case 'auth_scheme':
      return text('SQL');
    case 'client_net_address':
      return text(client.remoteAddress);
    case 'local_net_address':
      return text('127.0.0.1');
    case 'physical_net_transport':
      return text('TCP');
    default:
      return null;
  }
}

const textArg = (value: SqlValue | undefined): string => (typeof value === 'string' ? value : '');

/** Functions of the session, its transaction and the error being handled. */
export const sessionFunctions: FunctionGroup = {
  error_number: fn(INT, [], (env) => caught(env)?.number ?? null),
  error_message: fn(nvarchar(4000), [], (env) => caught(env)?.message ?? null),
  error_line: fn(INT, [], (env) => caught(env)?.line ?? null),
  error_procedure: fn(NAME, [], (env) => caught(env)?.procedure || null),
  error_severity: fn(INT, [], (env) => caught(env)?.severity ?? null),
  error_state: fn(INT, [], (env) => caught(env)?.state ?? null),
  xact_state: fn(SMALLINT, [], xactState),
  current_transaction_id: fn(BIGINT, [], transactionId),
  scope_identity: fn(ID, [], (env) => env.scopeIdentity),
  rowcount_big: fn(BIGINT, [], (env) => BigInt(env.session.rowCount)),
  min_active_rowversion: fn(binary(8), [], (env) => {
    const next = Buffer.from(env.database.lastRowversion());
    next.writeBigUInt64BE(next.readBigUInt64BE(0) + 1n, 0);
    return next;
  }),
  context_info: fn(varbinary(128), [], (env) => env.session.contextInfo),
  session_context: fn(VARIANT, [NAME], (env, [key]) => {
    const value = env.session.sessionContext.get(textArg(key).toLowerCase())?.value ?? null;
    return value;
  }),
  trigger_nestlevel: fn(INT, [INT, nvarchar(20), nvarchar(20)], (env) => env.triggerLevel, 0),
  sessionproperty: fn(VARIANT, [NAME], (env, [name]) => sessionProperty(env, textArg(name))),
  connectionproperty: fn(VARIANT, [NAME], (env, [name]) => connectionProperty(env, textArg(name))),
  app_name: fn(NAME, [], (env) => env.session.client.applicationName),
  program_name: fn(NAME, [], (env) => env.session.client.applicationName),
  host_name: fn(NAME, [], (env) => env.session.client.hostName),
  host_id: fn({ k: 'char', n: 10 }, [], (env) => String(env.session.client.pid).padEnd(10)),
  getansinull: fn(INT, [NAME], () => 1, 0),
  collationproperty: fn(VARIANT, [NAME, NAME], (_env, [name, property]) => {
    if (textArg(name).toLowerCase() !== COLLATION_NAME.toLowerCase()) return null;
    const facts: Readonly<Record<string, number>> = { codepage: 1252, lcid: 1033, comparisonstyle: 196609, version: 0 };
    const value = facts[textArg(property).toLowerCase()];
    return value === undefined ? null : { variant: INT, value };
  }),
};
