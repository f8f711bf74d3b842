import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** A way to a server that can be shut: a port of this machine that passes everything on. */
export interface Doorway {
  readonly port: number;
  /** Breaks what is connected and refuses the rest. */
  shut(): Promise<void>;
  open(): Promise<void>;
}

/** Opens a doorway to a port of this machine. */
export async function doorwayTo(target: number): Promise<Doorway> {
  const passing = new Set<Socket>();
  let server = newServer();
  let port = 0;

  function newServer(): Server {
    return createServer((inner) => {
      const outer = connect({ host: '127.0.0.1', port: target });
      for (const [socket, other] of [
        [inner, outer],
        [outer, inner],
      ] as const) {
        passing.add(socket);
        socket.on('error', () => undefined);
        socket.once('close', () => {
          passing.delete(socket);
          other.destroy();
        });
        socket.pipe(other);
      }
    });
  }

  const listen = async (): Promise<void> => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as { port: number }).port;
  };
  await listen();
  return {
    port,
    async shut() {
      server.close();
      for (const socket of passing) socket.destroy();
    },
    async open() {
      server = newServer();
      await listen();
    },
  };
}
