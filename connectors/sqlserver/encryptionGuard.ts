import type { Socket } from 'node:net';

const REPLY = 0x04;
const HEADER_BYTES = 8;
const TOKEN_ENCRYPTION = 0x01;
const TOKEN_END = 0xff;
const ENCRYPT_ON = 1;
const ENCRYPT_REQUIRED = 3;

/**
 * What the server's PRELOGIN reply says about encryption; undefined while the reply is not complete.
 * Source: MS-TDS 2.2.6.5 (PRELOGIN): options of {token, offset big-endian, length big-endian}, offsets from the start of the payload.
 */
export function offersEncryption(received: Buffer): boolean | undefined {
  if (received.length < HEADER_BYTES) return undefined;
  const length = received.readUInt16BE(2);
  if (received.length < length) return undefined;
  if (received[0] !== REPLY) return false;
  const payload = received.subarray(HEADER_BYTES, length);
  for (let at = 0; at < payload.length && payload[at] !== TOKEN_END; at += 5) {
    if (payload[at] !== TOKEN_ENCRYPTION || at + 5 > payload.length) continue;
    const value = payload[payload.readUInt16BE(at + 1)];
    return value === ENCRYPT_ON || value === ENCRYPT_REQUIRED;
  }
  return false;
}

/**
 * Cuts the connection before the login is sent when the server does not take up encryption. The driver would go on in plain text,
 * password included, although it was told to encrypt. `refused` is told before the socket is destroyed.
 */
export function guardEncryption(socket: Socket, refused: () => void): void {
  let received: Buffer = Buffer.alloc(0);
  const onData = (chunk: Buffer): void => {
    received = Buffer.concat([received, chunk]);
    const offered = offersEncryption(received);
    if (offered === undefined) return;
    socket.off('data', onData);
    if (offered) return;
    refused();
    socket.destroy(new Error('the server does not encrypt'));
  };
  socket.on('data', onData);
}
