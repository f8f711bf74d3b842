import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A TCP door in front of a server that can be shut and opened, so that an outage can be played without touching the server. */
export interface UnreliableProxy {
  /** The server's URL with this door's address. */
  readonly url: string;
  /** Cuts every connection and refuses new ones. */
  breakOff(): void;
  mend(): void;
  /** Connections cut or refused since the door was shut. */
  refused(): number;
  close(): Promise<void>;
}

export async function unreliableProxy(target: string): Promise<UnreliableProxy> {
  const address = new URL(target);
  const open = new Set<Socket>();
  let broken = false;
  let refused = 0;
  const server = createServer((client) => {
    if (broken) {
      refused += 1;
      client.destroy();
      return;
    }
    const upstream = connect(Number(address.port), address.hostname);
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(from);
      from.pipe(to);
      from.on('error', () => to.destroy()).on('close', () => open.delete(from));
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(target);
  url.hostname = '127.0.0.1';
  url.port = String((server.address() as { port: number }).port);
  return {
    url: url.href,
    breakOff: () => {
      broken = true;
      for (const socket of open) socket.destroy();
    },
    mend: () => {
      broken = false;
    },
    refused: () => refused,
    close: async () => {
      for (const socket of open) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
