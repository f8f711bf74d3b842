import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SluiceError } from '#infra/runtime/errors.ts';
import type { StackAddresses } from '../types.ts';
import type { LocalContext } from './context.ts';

/** The stand-in is a program of its own: it is known here only by its path, its arguments and the line it prints. */
const STANDIN = join(import.meta.dirname, '../../standin/main.ts');

export async function startSqlServer(context: LocalContext): Promise<StackAddresses> {
  if (!existsSync(STANDIN)) {
    throw new SluiceError(
      'STACK_SERVER_FAILED',
      `The SQL Server stand-in is missing: expected its program at ${STANDIN}.`,
    );
  }
  const saPassword = `Sa1!${randomBytes(12).toString('base64url')}`;
  const logFile = join(context.dir, 'sqlserver.log');
  await context.launch(0, () => ({
    name: 'sqlserver',
    command: process.execPath,
    args: [STANDIN, '--port', '0'],
    cwd: context.dir,
    env: { STANDIN_SA_PASSWORD: saPassword },
    logFile,
    ready: async () => listeningPort(logFile) !== undefined,
  }));
  const port = listeningPort(logFile)!;
  return { sqlserver: { host: '127.0.0.1', port, saPassword, encrypt: false, trustServerCertificate: true } };
}

/** The port in the line {"event":"listening","port":N,…} that the stand-in prints when it is ready. */
function listeningPort(logFile: string): number | undefined {
  for (const line of readFileSync(logFile, 'utf8').split('\n')) {
    if (!line.includes('"listening"')) continue;
    try {
      const said = JSON.parse(line) as { event?: unknown; port?: unknown };
      if (said.event === 'listening' && typeof said.port === 'number') return said.port;
    } catch {
      // A line that is still being written: it is whole at the next look.
    }
  }
  return undefined;
}
