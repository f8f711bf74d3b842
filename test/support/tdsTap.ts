import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** Packet types of a client. Source: MS-TDS 2.2.3.1.1. */
const RPC = 0x03;
const ATTENTION = 0x06;
const HEADER_BYTES = 8;

/** A TCP door in front of a database server that reads along (unencrypted connections only) and can cut a connection at a chosen moment. */
export interface TdsTap {
  readonly port: number;
  /** Packets of the kind that clients have sent. */
  readonly sent: { readonly rpc: number; readonly attention: number };
  /** Cuts the next connection whose client has sent a procedure call, after the server has answered it and before the client hears. */
  loseNextAnswer(): void;
  close(): Promise<void>;
}

export async function tdsTap(target: number): Promise<TdsTap> {
  const sent = { rpc: 0, attention: 0 };
  const sockets = new Set<Socket>();
  let isLosing = false;
  const server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1');
    let isDoomed = false;
    const packets = packetTypes((type) => {
      if (type === ATTENTION) sent.attention++;
      if (type !== RPC) return;
      sent.rpc++;
      isDoomed = isLosing;
      isLosing = false;
    });
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket
        .on('error', () => undefined)
        .on('close', () => {
          sockets.delete(socket);
          client.destroy();
          upstream.destroy();
        });
    }
    client.on('data', (chunk: Buffer) => {
      packets(chunk);
      upstream.write(chunk);
    });
    upstream.on('data', (chunk: Buffer) => {
      if (isDoomed) client.destroy();
      else client.write(chunk);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as { port: number }).port,
    sent,
    loseNextAnswer: () => {
      isLosing = true;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** Tells the type of each message as its first packet comes by. Source: MS-TDS 2.2.3.1: type, status (1: last), length big-endian. */
function packetTypes(onMessage: (type: number) => void): (chunk: Buffer) => void {
  let held: Buffer = Buffer.alloc(0);
  let isFirst = true;
  return (chunk) => {
    held = Buffer.concat([held, chunk]);
    while (held.length >= HEADER_BYTES && held.length >= held.readUInt16BE(2)) {
      if (isFirst) onMessage(held[0]!);
      isFirst = (held[1]! & 1) === 1;
      held = held.subarray(held.readUInt16BE(2));
    }
  };
}
