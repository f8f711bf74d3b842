import { connect } from 'node:net';
import { join } from 'node:path';
import type { ServerSpec } from '../serverProcess.ts';
import type { StackAddresses } from '../types.ts';
import type { LocalContext } from './context.ts';

export async function startRedis(context: LocalContext): Promise<StackAddresses> {
  const { ports } = await context.launch(1, ([port = 0]) => spec(context, port));
  return { redis: { url: `redis://127.0.0.1:${ports[0]}` } };
}

/** Every write goes to the append-only file, forced to disk once a second; no snapshots. */
function spec({ dir, installation }: LocalContext, port: number): ServerSpec {
  const settings = {
    port: String(port),
    bind: '127.0.0.1',
    dir,
    save: '',
    appendonly: 'yes',
    appendfsync: 'everysec',
    daemonize: 'no',
  };
  return {
    name: 'redis',
    command: installation.redisServer!,
    args: Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]),
    cwd: dir,
    logFile: join(dir, 'redis.log'),
    ready: (signal) => answersPing(port, signal),
  };
}

/** False too while the server is still loading its file. */
function answersPing(port: number, signal: AbortSignal): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ host: '127.0.0.1', port, signal });
  const settle = (ready: boolean): void => {
    socket.destroy();
    resolve(ready);
  };
  socket.once('connect', () => socket.write('PING\r\n'));
  socket.once('data', (chunk) => settle(chunk.toString('latin1').startsWith('+PONG')));
  socket.once('error', () => settle(false));
  socket.once('close', () => settle(false));
  return promise;
}
