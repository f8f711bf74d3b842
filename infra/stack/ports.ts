import { createServer, type Server } from 'node:net';

/** Below the range from which Linux and macOS take the local ports of outgoing connections, so that none of those takes one of ours. */
const LOWEST = 20_000;
const HIGHEST = 32_000;

/**
 * Different TCP ports of 127.0.0.1 that are free now. They are not kept: a server that finds its port taken is started again with others.
 * `random` is uniform in [0, 1).
 */
export async function freePorts(count: number, random: () => number = Math.random): Promise<number[]> {
  const held: Server[] = [];
  const ports: number[] = [];
  try {
    for (let tries = 0; ports.length < count; tries++) {
      const port = LOWEST + Math.floor(random() * (HIGHEST - LOWEST));
      const server = await tryListen(port);
      if (!server && tries > 1000) throw new Error(`no free port between ${LOWEST} and ${HIGHEST} on 127.0.0.1`);
      if (!server) continue;
      held.push(server);
      ports.push(port);
    }
    return ports;
  } finally {
    await Promise.all(held.map((server) => new Promise((resolve) => server.close(resolve))));
  }
}

function tryListen(port: number): Promise<Server | undefined> {
  const { promise, resolve } = Promise.withResolvers<Server | undefined>();
  const server = createServer();
  server.once('error', () => resolve(undefined));
  server.listen({ port, host: '127.0.0.1', exclusive: true }, () => resolve(server));
  return promise;
}
