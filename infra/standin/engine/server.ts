import { startCapture } from '../cdc/captureJob.ts';
import { splitBatches } from '../sql/batches.ts';
import type { EngineEvent, EngineServer, EngineServerOptions, ScriptResult, SqlMessage } from '../tds/engineSession.ts';
import { functionRunner } from './functions/functionRunner.ts';
import { closeSession, runBatch } from './run/requests.ts';
import { runFunction } from './run/runFunction.ts';
import { ServerState } from './run/serverState.ts';
import { SessionState } from './run/sessionState.ts';
import { NO_SINK, type Sink } from './run/sink.ts';
import { Session } from './session.ts';

/** Makes a server with the system databases and those asked for, and starts its capture job. */
export function createServer(options: EngineServerOptions): EngineServer {
  functionRunner.run = runFunction;
  const server = new ServerState(options.saPassword, options.captureIntervalMs);
  for (const name of options.databases) server.createDatabase(name, 'sa');
  const capture = startCapture(server);
  return {
    openSession: () => new Session(server),
    runScript: (sql) => runScript(server, sql),
    async close() {
      await capture.stop();
    },
  };
}

const SCRIPT_CLIENT = {
  hostName: '',
  applicationName: 'stand-in init script',
  libraryName: '',
  remoteAddress: '',
  encrypted: false,
  pid: process.pid,
};

/** Runs the batches of a script as sa, beginning in master, in one session. */
async function runScript(server: ServerState, script: string): Promise<ScriptResult> {
  const session = new SessionState({
    server,
    spid: server.nextSpid(),
    login: 'sa',
    database: server.findDatabase('master')!,
    client: SCRIPT_CLIENT,
  });
  server.sessions.add(session);
  try {
    for (const { sql, firstLine } of splitBatches(script)) {
      const sink = new FirstError();
      await runBatch(session, sql, sink, new AbortController().signal);
      if (sink.error) return { ok: false, batchLine: firstLine, error: sink.error };
    }
    return { ok: true };
  } finally {
    closeSession(session, NO_SINK);
  }
}

/** Keeps the first error of a batch, drops everything else. */
class FirstError implements Sink {
  readonly full = false;
  error: SqlMessage | null = null;

  emit(event: EngineEvent): void {
    if (event.kind === 'error') this.error ??= event;
  }

  drained(): Promise<void> {
    return Promise.resolve();
  }
}
