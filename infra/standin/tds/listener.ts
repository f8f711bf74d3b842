import { createServer, type Server, type Socket } from 'node:net';
import { Connection, type ConnectionOptions } from './connection.ts';
import type { EngineSession } from './engineSession.ts';

export interface ListenOptions extends ConnectionOptions {
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  readonly openSession: () => EngineSession;
}

/** A running listener. */
export interface Listener {
  readonly host: string;
  readonly port: number;
  /** Stops listening, closes every connection and waits until their sessions are closed. */
  close(): Promise<void>;
}

/** SQL Server keeps 1 to 50 for itself. */
const FIRST_SPID = 51;
const LAST_SPID = 32767;
const MAX_CONNECTIONS = 2000;

/** Accepts connections and serves each with its own engine session. Rejects when the port cannot be had. */
export async function listen(options: ListenOptions): Promise<Listener> {
  const open = new Map<number, { connection: Connection; ended: Promise<void> }>();
  let lastSpid = FIRST_SPID - 1;
  const nextSpid = (): number => {
    do lastSpid = lastSpid >= LAST_SPID ? FIRST_SPID : lastSpid + 1;
    while (open.has(lastSpid));
    return lastSpid;
  };
  const accept = (socket: Socket): void => {
    const spid = nextSpid();
    const connection = new Connection(socket, options.openSession(), spid, options);
    const ended = connection.serve().finally(() => open.delete(spid));
    open.set(spid, { connection, ended });
  };
  const server = createServer(accept);
  server.maxConnections = MAX_CONNECTIONS;
  await started(server, options);
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;
  return {
    host: options.host,
    port,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      const sessions = [...open.values()];
      for (const { connection } of sessions) connection.close();
      await Promise.all([closed, ...sessions.map(({ ended }) => ended)]);
    },
  };
}

async function started(server: Server, options: ListenOptions): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
