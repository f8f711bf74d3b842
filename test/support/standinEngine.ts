import { createServer } from '#infra/standin/engine/server.ts';
import type { SqlValue } from '#infra/standin/sql/values.ts';
import type { EngineEvents, EngineServer, EngineSession, SqlMessage } from '#infra/standin/tds/engineSession.ts';

/** What a batch answered: its result sets as rows by column name, the numbers of its errors, its counts. */
export interface Answer {
  readonly results: Record<string, SqlValue>[][];
  readonly errors: SqlMessage[];
  readonly counts: number[];
}

/** An engine session inside this process, for tests that need no wire. */
export interface EngineClient {
  readonly session: EngineSession;
  /** Runs a batch; SQL errors are in the answer. */
  run(sql: string): Promise<Answer>;
  /** Rows of the first result set; throws on the first SQL error. */
  rows(sql: string): Promise<Record<string, SqlValue>[]>;
  /** Number of the first error, 0 without. */
  errorOf(sql: string): Promise<number>;
}

export interface EngineUnderTest {
  readonly server: EngineServer;
  /** Logs in; throws with the first error's number when that fails. */
  connect(user?: string, password?: string, database?: string): Promise<EngineClient>;
  close(): Promise<void>;
}

const SA_PASSWORD = 'Sa-Password-1';
let lastSpid = 100;

/** Starts an engine with one database, SHOP. */
export function startEngine(): EngineUnderTest {
  const server = createServer({ saPassword: SA_PASSWORD, captureIntervalMs: 20, databases: ['SHOP'] });
  const sessions: EngineSession[] = [];
  return {
    server,
    async connect(user = 'sa', password = SA_PASSWORD, database = 'SHOP') {
      const session = server.openSession();
      const login = await session.login({
        user,
        password,
        database,
        hostName: 'test-host',
        applicationName: 'test',
        libraryName: 'none',
        language: '',
        clientPid: 1,
        spid: ++lastSpid,
        encrypted: false,
        remoteAddress: '127.0.0.1',
        odbcDefaults: true,
      });
      if (!login.ok) throw new Error(`login failed: ${login.errors[0]?.number}`);
      sessions.push(session);
      return clientOf(session);
    },
    async close() {
      for (const session of sessions) session.close();
      await server.close();
    },
  };
}

function clientOf(session: EngineSession): EngineClient {
  const run = (sql: string): Promise<Answer> => collect(session.batch(sql, { signal: new AbortController().signal }));
  return {
    session,
    run,
    async rows(sql) {
      const { results, errors } = await run(sql);
      if (errors[0]) throw new Error(`Msg ${errors[0].number}: ${errors[0].text}`);
      return results[0] ?? [];
    },
    async errorOf(sql) {
      return (await run(sql)).errors[0]?.number ?? 0;
    },
  };
}

/** Gathers the events of one request. */
export async function collect(events: EngineEvents): Promise<Answer> {
  const answer: Answer = { results: [], errors: [], counts: [] };
  let names: string[] = [];
  for await (const event of events) {
    if (event.kind === 'columns') {
      names = event.columns.map(({ name }) => name);
      answer.results.push([]);
    } else if (event.kind === 'rows')
      for (const row of event.rows)
        answer.results.at(-1)!.push(Object.fromEntries(names.map((name, i) => [name, row[i] ?? null])));
    else if (event.kind === 'error') answer.errors.push(event);
    else if (event.kind === 'done' && event.rowCount !== undefined) answer.counts.push(event.rowCount);
  }
  return answer;
}
