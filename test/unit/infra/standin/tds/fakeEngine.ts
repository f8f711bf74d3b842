import { INT } from '#infra/standin/sql/values.ts';
import type {
  BulkLoad,
  EngineEvent,
  EngineEvents,
  EngineSession,
  LoginRequest,
  LoginResult,
  RequestOptions,
  RpcArgument,
  SqlMessage,
} from '#infra/standin/tds/engineSession.ts';
import { CURRENT_COMMAND } from '#infra/standin/tds/engineSession.ts';

/** What a fake session was asked, in order: 'begin snapshot', 'batch select 1', … */
export interface FakeEngine {
  readonly calls: string[];
  readonly logins: LoginRequest[];
  readonly bulkLoads: BulkLoad[];
  openSession(): EngineSession;
}

export interface FakeScript {
  /** Answers batches; default: one DONE without a count. */
  readonly batch?: (sql: string, options: RequestOptions) => EngineEvents;
  /** Answers procedure calls; default: the arguments come back as a row, and as output values where asked for. */
  readonly rpc?: (name: string, args: readonly RpcArgument[], options: RequestOptions) => EngineEvents;
  readonly executeSql?: (sql: string, args: readonly RpcArgument[], options: RequestOptions) => EngineEvents;
  readonly prepare?: (sql: string) => EngineEvents;
}

/** What the pool of mssql asks of a connection before each use. */
const POOL_CHECK = 'SELECT 1;';

export const PASSWORD = 'Right-1234';

/** The event of an error. */
export function errorEvent(number: number, text: string, severity = 16): EngineEvent {
  return { kind: 'error', number, severity, state: 1, text, line: 3, proc: '' };
}

/** One result set of one row. */
export function echo(args: readonly RpcArgument[]): EngineEvent[] {
  const scalars = args.filter((arg) => arg.kind === 'scalar');
  const outputs = args.flatMap((arg, ordinal): EngineEvent[] =>
    arg.kind === 'scalar' && arg.output ? [{ kind: 'output', ordinal, type: arg.type, value: arg.value }] : [],
  );
  return [
    { kind: 'columns', columns: scalars.map(({ name, type }) => ({ name: name.replace('@', ''), type })) },
    { kind: 'rows', rows: [scalars.map(({ value }) => value)] },
    { kind: 'done', scope: 'inProc', currentCommand: CURRENT_COMMAND.select },
    ...outputs,
  ];
}

/** Numbers 1…`count` in batches of 100, with a text beside each. */
export async function* numbers(
  count: number,
  signal: AbortSignal,
  sent: { rows: number },
): AsyncGenerator<EngineEvent> {
  yield {
    kind: 'columns',
    columns: [
      { name: 'n', type: INT },
      { name: 'text', type: { k: 'nvarchar', n: 50 } },
    ],
  };
  for (let n = 0; n < count && !signal.aborted; ) {
    const rows: [number, string][] = [];
    for (; rows.length < 100 && n < count; n++) rows.push([n + 1, `row number ${n + 1} of ${count}`]);
    sent.rows += rows.length;
    yield { kind: 'rows', rows };
  }
  yield { kind: 'done', scope: 'batch', currentCommand: CURRENT_COMMAND.select };
}

const failure = (number: number, severity: number, text: string): SqlMessage => ({
  number,
  severity,
  state: 1,
  text,
  line: 1,
  proc: '',
});

/** An engine whose sessions answer from a script and write down what they were asked. */
export function createFakeEngine(script: FakeScript = {}): FakeEngine {
  const calls: string[] = [];
  const logins: LoginRequest[] = [];
  const bulkLoads: BulkLoad[] = [];
  const transaction = (action: 'begin' | 'commit' | 'rollback'): EngineEvent[] => [
    { kind: 'env', change: 'transaction', action, descriptor: 77n },
  ];
  const note = (call: string, events: EngineEvents = []): EngineEvents => {
    calls.push(call);
    return events;
  };
  const login = (request: LoginRequest): LoginResult => {
    logins.push(request);
    const refused = failure(18456, 14, `Login failed for user '${request.user}'.`);
    if (request.password !== PASSWORD) return { ok: false, errors: [refused] };
    if (request.database === 'absent')
      return { ok: false, errors: [failure(4060, 11, 'Cannot open database "absent".'), refused] };
    return { ok: true, database: request.database || 'master' };
  };
  const openSession = (): EngineSession => ({
    login,
    batch: (sql, options) => note(`batch ${sql}`, script.batch?.(sql, options) ?? []),
    executeSql: (sql, _declarations, args, options) =>
      sql === POOL_CHECK ? [] : note(`executeSql ${sql}`, script.executeSql?.(sql, args, options) ?? echo(args)),
    prepare: (sql) => note(`prepare ${sql}`, script.prepare?.(sql) ?? []),
    rpc: (name, args, options) => note(`rpc ${name}`, script.rpc?.(name, args, options) ?? echo(args)),
    begin: (isolation, name) => note(`begin ${isolation} ${name}`.trim(), transaction('begin')),
    commit: () => note('commit', transaction('commit')),
    rollback: (name) => note(`rollback ${name}`.trim(), name === '' ? transaction('rollback') : []),
    save: (name) => note(`save ${name}`),
    announceBulk: (sql) => note(`announceBulk ${sql}`),
    bulkLoad: (load) => {
      bulkLoads.push(load);
      const rowCount = load.rows.length;
      return note('bulkLoad', [{ kind: 'done', scope: 'batch', currentCommand: CURRENT_COMMAND.bulkInsert, rowCount }]);
    },
    reset: ({ keepTransaction }) => note(`reset ${keepTransaction ? 'keep' : 'all'}`),
    close: () => {
      calls.push('close');
    },
  });
  return { calls, logins, bulkLoads, openSession };
}
