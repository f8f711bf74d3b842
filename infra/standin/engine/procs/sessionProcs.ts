import { sqlError } from '../../sql/errors.ts';
import { BIT, INT, isVariant, nvarchar, type SqlValue, SYSNAME, VARIANT, varchar } from '../../sql/values.ts';
import { Blocked } from '../../store/blocked.ts';
import { waitFor } from '../../store/waits.ts';
import { APP_LOCK_MODES } from '../run/appLocks.ts';
import { runDynamic } from '../run/dynamicSql.ts';
import { Cancelled } from '../run/failures.ts';
import { type ProcedureContext, type SystemProcedure, systemProcedure } from './systemProcedure.ts';

const executeSql: SystemProcedure = {
  call: (context, args) => {
    const [statement, declarations, ...rest] = args;
    if (!statement) throw sqlError(201, 'sp_executesql', '@statement');
    return runDynamic(
      context.runner,
      String(statement.value ?? ''),
      String(declarations?.value ?? ''),
      rest,
      context.caller,
    );
  },
};

/** sp_getapplock: 0 granted, 1 granted after waiting, -1 timeout, -3 deadlock victim, -999 bad parameters. */
async function getAppLock(
  context: ProcedureContext,
  args: { text(name: string): string | null; number(name: string): number | null },
): Promise<number> {
  const { session, runner } = context;
  const resource = args.text('@resource');
  const mode = APP_LOCK_MODES.find((candidate) => candidate.toLowerCase() === args.text('@lockmode')?.toLowerCase());
  const owner = (args.text('@lockowner') ?? 'Transaction').toLowerCase();
  if (resource === null || !mode || (owner !== 'transaction' && owner !== 'session')) return -999;
  if (owner === 'transaction' && session.tx === null) return -999;
  const timeoutMs = args.number('@locktimeout') ?? session.options.lockTimeoutMs;
  const key = `${context.database.id}:${resource}`;
  for (let waited = 0; ; waited = 1) {
    try {
      session.server.appLocks.acquire(key, mode, session.party, owner);
      return waited;
    } catch (error) {
      if (!(error instanceof Blocked)) throw error;
      const outcome = await waitFor(session.party, error.by, { timeoutMs, signal: runner.signal });
      if (outcome === 'timeout') return -1;
      if (outcome === 'deadlock') return -3;
      if (outcome === 'cancelled') throw new Cancelled();
    }
  }
}

function releaseAppLock(context: ProcedureContext, args: { text(name: string): string | null }): number {
  const owner = (args.text('@lockowner') ?? 'Transaction').toLowerCase() === 'session' ? 'session' : 'transaction';
  const resource = args.text('@resource') ?? '';
  const { session, database } = context;
  if (session.server.appLocks.release(`${database.id}:${resource}`, session.party, owner)) return 0;
  throw sqlError(1223, resource);
}

function setSessionContext(context: ProcedureContext, key: string | null, value: SqlValue, readOnly: boolean): number {
  const { sessionContext } = context.session;
  if (key === null) throw sqlError(201, 'sp_set_session_context', '@key');
  const name = key.toLowerCase();
  if (sessionContext.get(name)?.readOnly) throw sqlError(15664, key);
  sessionContext.set(name, { value, readOnly });
  return 0;
}

export const SESSION_PROCEDURES: readonly (readonly [string, SystemProcedure])[] = [
  ['sp_executesql', executeSql],
  systemProcedure(
    'sp_getapplock',
    [
      { name: '@resource', type: nvarchar(255) },
      { name: '@lockmode', type: varchar(32) },
      { name: '@lockowner', type: varchar(32), value: 'Transaction' },
      { name: '@locktimeout', type: INT, value: null },
      { name: '@dbprincipal', type: SYSNAME, value: 'public' },
    ],
    getAppLock,
  ),
  systemProcedure(
    'sp_releaseapplock',
    [
      { name: '@resource', type: nvarchar(255) },
      { name: '@lockowner', type: varchar(32), value: 'Transaction' },
      { name: '@dbprincipal', type: SYSNAME, value: 'public' },
    ],
    releaseAppLock,
  ),
  systemProcedure(
    'sp_set_session_context',
    [
      { name: '@key', type: SYSNAME },
      { name: '@value', type: VARIANT },
      { name: '@read_only', type: BIT, value: 0 },
    ],
    (context, args) => {
      const value = args.get('@value');
      return setSessionContext(
        context,
        args.text('@key'),
        value === null || isVariant(value) ? value : null,
        args.number('@read_only') === 1,
      );
    },
  ),
  // Statements prepared by the wire's own procedures live with the wire; a batch that forgets them has nothing to do here.
  systemProcedure('sp_unprepare', [{ name: '@handle', type: INT }], () => 0),
  systemProcedure('sp_reset_connection', [], () => 0),
  systemProcedure(
    'sp_configure',
    [
      { name: '@configname', type: varchar(35), value: null },
      { name: '@configvalue', type: INT, value: null },
    ],
    (context, args) => configure(context, args.text('@configname'), args.number('@configvalue')),
  ),
];

/** The settings scripts are known to change; they are remembered, and only the LOB limit has an effect. */
const SETTINGS: ReadonlySet<string> = new Set([
  'show advanced options',
  'max text repl size (b)',
  'max text repl size',
  'optimize for ad hoc workloads',
  'cost threshold for parallelism',
  'max degree of parallelism',
  'max server memory (mb)',
  'contained database authentication',
]);

function configure(context: ProcedureContext, name: string | null, value: number | null): number {
  const { session } = context;
  if (!session.security.isSysadmin) throw sqlError(15247);
  if (name === null || !SETTINGS.has(name.toLowerCase())) throw sqlError(15123, name ?? '');
  if (value !== null && name.toLowerCase().startsWith('max text repl size')) session.server.maxTextReplSize = value;
  return 0;
}
