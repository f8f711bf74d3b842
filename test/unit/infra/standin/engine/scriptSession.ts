import { createServer } from '#infra/standin/engine/server.ts';
import { convert } from '#infra/standin/sql/convert.ts';
import { MAX, type SqlType, type SqlValue } from '#infra/standin/sql/values.ts';
import type { EngineServer, EngineSession } from '#infra/standin/tds/engineSession.ts';

/** What a batch sent: rows of all its result sets as text joined by '|', update counts, and errors by number. */
export interface Outcome {
  readonly columns: string[][];
  readonly rows: string[];
  readonly counts: number[];
  readonly errors: { number: number; text: string; line: number }[];
  readonly messages: string[];
}

/** A session of a fresh server with one database `T`, without a wire. */
export interface ScriptSession {
  readonly server: EngineServer;
  run(sql: string): Promise<Outcome>;
  /** Another session of the same server. */
  another(): Promise<ScriptSession>;
  close(): Promise<void>;
}

const LOGIN = {
  user: 'sa',
  password: 'Secret-1',
  database: 'T',
  hostName: '',
  applicationName: 'test',
  libraryName: '',
  language: '',
  clientPid: 1,
  encrypted: false,
  remoteAddress: '127.0.0.1',
  odbcDefaults: true,
};

let lastSpid = 50;

/** Starts a server in this process; the capture job looks at the log every 10 ms. */
export function startServer(): EngineServer {
  return createServer({ saPassword: LOGIN.password, captureIntervalMs: 10, databases: ['T'] });
}

/** Opens a session as sa in database T. */
export async function openSession(server: EngineServer): Promise<ScriptSession> {
  const session = server.openSession();
  const login = await session.login({ ...LOGIN, spid: ++lastSpid });
  if (!login.ok) throw new Error('the login failed');
  return {
    server,
    run: (sql) => run(session, sql),
    another: () => openSession(server),
    close: async () => {
      session.close();
      await server.close();
    },
  };
}

function textOf(value: SqlValue, type: SqlType): string {
  if (value === null) return 'NULL';
  const style = Buffer.isBuffer(value) ? 1 : type.k === 'datetime' ? 121 : type.k === 'money' ? 2 : undefined;
  return String(convert(value, type, { k: 'nvarchar', n: MAX }, style));
}

async function run(session: EngineSession, sql: string): Promise<Outcome> {
  const out: Outcome = { columns: [], rows: [], counts: [], errors: [], messages: [] };
  let types: SqlType[] = [];
  for await (const event of session.batch(sql, { signal: new AbortController().signal })) {
    if (event.kind === 'columns') {
      types = event.columns.map((column) => column.type);
      out.columns.push(event.columns.map((column) => column.name));
    } else if (event.kind === 'rows') {
      for (const row of event.rows) out.rows.push(row.map((value, i) => textOf(value, types[i]!)).join('|'));
    } else if (event.kind === 'done') {
      if (event.rowCount !== undefined) out.counts.push(event.rowCount);
    } else if (event.kind === 'error') out.errors.push({ number: event.number, text: event.text, line: event.line });
    else if (event.kind === 'message') out.messages.push(event.text);
  }
  return out;
}
