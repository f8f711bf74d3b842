import { sqlError, unsupported } from '../../sql/errors.ts';
import type { Compiled } from '../../sql/exprTypes.ts';
import { decimal, INT, nvarchar, SMALLINT, type SqlType, type SqlValue, TINYINT, varbinary } from '../../sql/values.ts';
import type { Execution } from '../run/execution.ts';
import { VERSION_TEXT } from './serverFacts.ts';

type Reader = (env: Execution) => SqlValue;

/** Bits of @@OPTIONS that the session keeps as flags. */
const OPTION_BITS: Readonly<Record<string, number>> = {
  ANSI_WARNINGS: 8,
  ANSI_PADDING: 16,
  ANSI_NULLS: 32,
  ARITHABORT: 64,
  QUOTED_IDENTIFIER: 256,
  ANSI_NULL_DFLT_ON: 1024,
  CONCAT_NULL_YIELDS_NULL: 4096,
  NUMERIC_ROUNDABORT: 8192,
};

function optionBits(env: Execution): number {
  const { options } = env.session;
  let bits = (options.implicitTransactions ? 2 : 0) | (options.noCount ? 512 : 0) | (options.xactAbort ? 16384 : 0);
  for (const [flag, bit] of Object.entries(OPTION_BITS)) if (options.flags.has(flag)) bits |= bit;
  return bits;
}

const VARIABLES: Readonly<Record<string, readonly [SqlType, Reader]>> = {
  '@@rowcount': [INT, (env) => env.session.rowCount],
  '@@error': [INT, (env) => env.session.error],
  '@@trancount': [INT, (env) => env.session.tranCount],
  '@@identity': [decimal(38, 0), (env) => env.session.lastIdentity],
  '@@spid': [SMALLINT, (env) => env.session.spid],
  '@@nestlevel': [INT, (env) => env.nestLevel],
  '@@procid': [INT, (env) => env.module?.id ?? 0],
  '@@version': [nvarchar(300), () => VERSION_TEXT],
  '@@microsoftversion': [INT, () => 0x10001045],
  '@@servername': [nvarchar(128), (env) => env.session.server.name],
  '@@servicename': [nvarchar(128), () => 'MSSQLSERVER'],
  '@@language': [nvarchar(128), (env) => env.session.options.language],
  '@@langid': [SMALLINT, () => 0],
  '@@datefirst': [TINYINT, (env) => env.session.options.dateFirst],
  '@@lock_timeout': [INT, (env) => env.session.options.lockTimeoutMs],
  '@@textsize': [INT, (env) => env.session.options.textSize],
  '@@options': [INT, optionBits],
  '@@max_precision': [TINYINT, () => 38],
  '@@max_connections': [INT, () => 32767],
  '@@dbts': [varbinary(8), (env) => env.database.lastRowversion()],
};

/** A variable of the system, `name` in lower case with both @ signs; 137 for one that the server does not have either. */
export function systemVariable(name: string, line: number): Compiled {
  if (name === '@@fetch_status' || name === '@@cursor_rows') throw unsupported(`${name} (cursors)`, line);
  const found = Object.hasOwn(VARIABLES, name) ? VARIABLES[name] : undefined;
  if (!found) throw sqlError(137, name).at(line);
  const [type, read] = found;
  return { type, nullable: true, eval: (f) => read(f.env as Execution) };
}
