import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { openDatabase } from '#connectors/sqlserver/connection.ts';
import { offersEncryption } from '#connectors/sqlserver/encryptionGuard.ts';

/** A PRELOGIN reply with one version and one encryption option. */
function preloginReply(encryption: number): Buffer {
  const payload = Buffer.from([0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 0xff, 16, 0, 0, 0, 0, 0, encryption]);
  return Buffer.concat([Buffer.from([4, 1, 0, payload.length + 8, 0, 0, 1, 0]), payload]);
}

describe('the encryption guard', () => {
  test('reads the answer of the server, even when it comes in pieces', () => {
    expect(offersEncryption(preloginReply(1))).toBe(true);
    expect(offersEncryption(preloginReply(3))).toBe(true);
    expect(offersEncryption(preloginReply(0))).toBe(false);
    expect(offersEncryption(preloginReply(2))).toBe(false);
    expect(offersEncryption(preloginReply(2).subarray(0, 12))).toBeUndefined();
    expect(offersEncryption(Buffer.alloc(4))).toBeUndefined();
  });

  test('no login is sent to a server that does not encrypt', async () => {
    const received: Buffer[] = [];
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (chunk) => {
        received.push(chunk);
        if (received.length === 1) socket.write(preloginReply(2));
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const opening = openDatabase({
      server: '127.0.0.1',
      port: (server.address() as AddressInfo).port,
      database: 'EPOS',
      user: 'u',
      password: 'secret',
      encrypt: true,
      trustServerCertificate: true,
      connectTimeoutMs: 5000,
      requestTimeoutMs: 5000,
    });
    await expect(opening).rejects.toMatchObject({
      code: 'SQL_NOT_ENCRYPTED',
      message: expect.not.stringContaining('secret'),
    });
    // 0x12 is PRELOGIN; LOGIN7 would be 0x10.
    expect(received.map((chunk) => chunk[0])).toEqual([0x12]);
    server.close();
  });

  test('a port nobody listens on is told apart from a refused login', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const opening = openDatabase({
      server: '127.0.0.1',
      port,
      database: 'EPOS',
      user: 'u',
      password: 'secret',
      encrypt: false,
      trustServerCertificate: false,
      connectTimeoutMs: 2000,
      requestTimeoutMs: 2000,
    });
    await expect(opening).rejects.toMatchObject({ code: 'SQL_UNREACHABLE', retriable: true });
  });
});
