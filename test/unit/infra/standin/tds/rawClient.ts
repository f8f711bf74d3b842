import { connect, type Socket } from 'node:net';
import { PacketReader } from '#infra/standin/tds/packetReader.ts';
import { ENCRYPTION, writePrelogin } from '#infra/standin/tds/prelogin.ts';

/** A client that sends whatever it is told, for what drivers never send. */
export interface RawClient {
  readonly socket: Socket;
  /** Sends one packet. */
  send(type: number, body: Uint8Array, status?: number): void;
  /** The next message's body; null when the server has closed the connection. */
  next(): Promise<Buffer | null>;
}

export interface LoginParts {
  readonly user: string;
  readonly password: string;
  readonly database?: string;
  readonly features?: readonly number[];
}

const NO_HEADERS = Buffer.from([4, 0, 0, 0]);

/** The body of a batch, with empty ALL_HEADERS. */
export function batchBody(sql: string): Buffer {
  return Buffer.concat([NO_HEADERS, Buffer.from(sql, 'utf16le')]);
}

export function preloginBody(encryption: number = ENCRYPTION.notSupported): Buffer {
  return writePrelogin(encryption, new Map());
}

/** A LOGIN7 body (MS-TDS 2.2.6.4). */
export function loginBody(login: LoginParts): Buffer {
  const fixed = Buffer.alloc(94);
  fixed.writeUInt32LE(0x74000004, 4);
  fixed.writeUInt32LE(8000, 8);
  const parts: Buffer[] = [];
  let at = fixed.length;
  const put = (position: number, data: Buffer, unit: number): void => {
    fixed.writeUInt16LE(at, position);
    fixed.writeUInt16LE(data.length / unit, position + 2);
    parts.push(data);
    at += data.length;
  };
  put(40, Buffer.from(login.user, 'utf16le'), 2);
  put(44, scramble(login.password), 2);
  put(68, Buffer.from(login.database ?? '', 'utf16le'), 2);
  if (login.features !== undefined) {
    fixed[27] = 0x10;
    const pointer = Buffer.alloc(4);
    pointer.writeUInt32LE(at + 4);
    put(56, pointer, 1);
    parts.push(...login.features.map((id) => Buffer.from([id, 1, 0, 0, 0, 1])), Buffer.from([0xff]));
  }
  const body = Buffer.concat([fixed, ...parts]);
  body.writeUInt32LE(body.length, 0);
  return body;
}

function scramble(password: string): Buffer {
  return Buffer.from(Buffer.from(password, 'utf16le').map((b) => (((b << 4) | (b >> 4)) & 0xff) ^ 0xa5));
}

export function packet(type: number, body: Uint8Array, status = 1): Buffer {
  const header = Buffer.from([type, status, 0, 0, 0, 0, 1, 0]);
  header.writeUInt16BE(body.length + 8, 2);
  return Buffer.concat([header, body]);
}

export async function connectRaw(port: number): Promise<RawClient> {
  const socket = connect(port, '127.0.0.1');
  const bodies: Buffer[] = [];
  let closed = false;
  let wake = (): void => {};
  const reader = new PacketReader(10_000_000, ({ body }) => bodies.push(Buffer.from(body)));
  socket.on('data', (chunk) => {
    reader.push(chunk);
    wake();
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    closed = true;
    wake();
  });
  await new Promise<void>((resolve) => socket.once('connect', resolve));
  return {
    socket,
    send: (type, body, status) => void socket.write(packet(type, body, status)),
    async next() {
      while (bodies.length === 0 && !closed)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      return bodies.shift() ?? null;
    },
  };
}

/** Connects and logs in without encryption. */
export async function logInRaw(port: number, login: LoginParts): Promise<RawClient> {
  const client = await connectRaw(port);
  client.send(18, preloginBody());
  await client.next();
  client.send(16, loginBody(login));
  await client.next();
  return client;
}
