import { readFile } from 'node:fs/promises';
import type { EngineServer } from './tds/engineSession.ts';
import { type Listener, listen } from './tds/listener.ts';
import type { TlsMode } from './tds/prelogin.ts';
import type { WireLog } from './tds/wireLog.ts';
import { createServerContext } from './tls/serverContext.ts';

const MAX_MESSAGE_BYTES = 128 * 1024 * 1024;
const LOGIN_TIMEOUT_MS = 30_000;

/** An init script that cannot be read or run. One line: file, line, error number and text. */
export class ScriptError extends Error {
  override readonly name = 'ScriptError';
}

/** Runs scripts as sa, in order; stops at the first error with a `ScriptError`. */
export async function runInitScripts(engine: EngineServer, files: readonly string[]): Promise<void> {
  for (const file of files) {
    const sql = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      throw new ScriptError(`${file}: cannot be read (${error.code ?? error.message})`);
    });
    const result = await engine.runScript(sql.replace(/^\ufeff/, ''));
    if (result.ok) continue;
    const { number, severity, state, text, line, proc } = result.error;
    const where = `${file}: batch at line ${result.batchLine}, line ${line} of the batch${proc === '' ? '' : ` (procedure ${proc})`}`;
    throw new ScriptError(`${where}: Msg ${number}, Level ${severity}, State ${state}: ${text.replaceAll('\n', ' ')}`);
  }
}

export interface ServeOptions {
  readonly host: string;
  readonly port: number;
  readonly tls: TlsMode;
  readonly tlsCertificate?: string | undefined;
  readonly log: WireLog;
}

/** Opens the engine to clients. Rejects when the port cannot be had. */
export async function serve(engine: EngineServer, options: ServeOptions): Promise<Listener> {
  return listen({
    ...options,
    secureContext: options.tls === 'off' ? null : createServerContext(options.tlsCertificate),
    maxMessageBytes: MAX_MESSAGE_BYTES,
    loginTimeoutMs: LOGIN_TIMEOUT_MS,
    openSession: () => engine.openSession(),
  });
}
