import { startCapture } from '../cdc/captureJob.ts';
import { openDataDirectory } from '../durability/dataDirectory.ts';
import { splitBatches } from '../sql/batches.ts';
import type { EngineEvent, EngineServer, EngineServerOptions, ScriptResult, SqlMessage } from '../tds/engineSession.ts';
import { functionRunner } from './functions/functionRunner.ts';
import { closeSession, runBatch } from './run/requests.ts';
import { runFunction } from './run/runFunction.ts';
import { ServerState } from './run/serverState.ts';
import { SessionState } from './run/sessionState.ts';
import { NO_SINK, type Sink } from './run/sink.ts';
import { Session } from './session.ts';

export interface ServerOptions extends EngineServerOptions {
  /** Keeps everything in this directory; without it the server has its state in memory only. `onFailure`: the disk failed. */
  readonly data?: { readonly directory: string; readonly onFailure: (error: Error) => void } | undefined;
}

export interface StandinServer extends EngineServer {
  /** False when the server goes on from the state of an earlier one: databases and scripts of the first start are there. */
  readonly fresh: boolean;
  /** To be called when the scripts of the first start have run; a start that did not get here is begun anew. */
  markInitialised(): Promise<void>;
}

/** Makes a server with the system databases and those asked for, and starts its capture job. */
export function createServer(options: ServerOptions): StandinServer {
  functionRunner.run = runFunction;
  const server = new ServerState(options.saPassword, options.captureIntervalMs);
  const directory = options.data && openDataDirectory(server, options.data.directory, options.data.onFailure);
  if (!directory || directory.fresh) for (const name of options.databases) server.createDatabase(name, 'sa');
  const capture = startCapture(server);
  return {
    openSession: () => new Session(server),
    runScript: (sql) => runScript(server, sql),
    fresh: directory?.fresh ?? true,
    markInitialised: async () => directory?.markInitialised(),
    async close() {
      await capture.stop();
      await directory?.close();
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
