import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDatabase } from '#connectors/sqlserver/connection.ts';
import type { DatabaseOptions } from '#connectors/sqlserver/poolConfig.ts';
import { createSelfSigned } from '#infra/standin/tls/selfSigned.ts';
import { databaseOptions } from '#test/support/databaseOptions.ts';
import { type StandinProcess, startStandin } from '#test/support/standinProcess.ts';

const ENCRYPTED = 'SELECT c.encrypt_option FROM sys.dm_exec_connections AS c WHERE c.session_id = @@SPID';
let folder: string;
let certificate: string;
let encrypting: StandinProcess;
let plain: StandinProcess;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tls-'));
  const file = join(folder, 'server.pem');
  const { key, cert } = createSelfSigned('localhost', new Date());
  certificate = cert;
  await writeFile(file, key + cert);
  encrypting = await startStandin({ args: ['--tls-certificate', file] });
  plain = await startStandin({ args: ['--tls', 'off'] });
});

afterAll(async () => {
  await encrypting.stop();
  await plain.stop();
  await rm(folder, { recursive: true, force: true });
});

const options = (change: Partial<DatabaseOptions> = {}): DatabaseOptions =>
  databaseOptions({ ...encrypting, host: 'localhost', encrypt: true, trustServerCertificate: false }, 'master', {
    requestTimeoutMs: 5000,
    ...change,
  });

/** Records what a client sends before it is let through to the server. */
async function listeningProxy(port: number): Promise<{ server: Server; port: number; sent: Buffer[] }> {
  const sent: Buffer[] = [];
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    client.on('data', (chunk: Buffer) => void sent.push(chunk)).on('error', () => upstream.destroy());
    upstream.on('error', () => client.destroy());
    client.pipe(upstream).pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, port: (server.address() as { port: number }).port, sent };
}

describe('the encrypted connection to the source', () => {
  test('is made when the certificate names the host and its authority is known', async () => {
    const db = await openDatabase(options({ certificateAuthority: certificate }));
    expect(await db.rows(ENCRYPTED)).toEqual([['TRUE']]);
    await db.close();
  });

  test('by address needs the address in the certificate, as by name the name', async () => {
    const db = await openDatabase(options({ server: '127.0.0.1', certificateAuthority: certificate }));
    expect(await db.rows(ENCRYPTED)).toEqual([['TRUE']]);
    await db.close();
  });

  test.each([
    ['no authority known here has signed the certificate', {}],
    ['another authority is trusted', { certificateAuthority: createSelfSigned('other', new Date()).cert }],
  ])('is refused when %s, and no password is sent', async (_what, change) => {
    const proxy = await listeningProxy(encrypting.port);
    const opening = openDatabase(options({ port: proxy.port, ...change }));
    await expect(opening).rejects.toMatchObject({ code: 'SQL_CERTIFICATE_UNTRUSTED', retriable: false });
    expectNoLogin(proxy.sent);
    proxy.server.close();
  });

  test('is refused when the certificate is for another host', async () => {
    // 127.0.0.2 is this machine too, and not among the certificate's names.
    const elsewhere = await startStandin({
      args: ['--host', '127.0.0.2', '--tls-certificate', join(folder, 'server.pem')],
    });
    const opening = openDatabase(
      options({ server: '127.0.0.2', port: elsewhere.port, certificateAuthority: certificate }),
    );
    await expect(opening).rejects.toMatchObject({
      code: 'SQL_CERTIFICATE_UNTRUSTED',
      message: expect.not.stringContaining(encrypting.saPassword),
    });
    await elsewhere.stop();
  });

  test('is refused when the server does not encrypt: nothing falls back to plain text', async () => {
    const proxy = await listeningProxy(plain.port);
    for (const trustServerCertificate of [false, true]) {
      const opening = openDatabase(options({ server: '127.0.0.1', port: proxy.port, trustServerCertificate }));
      await expect(opening).rejects.toMatchObject({ code: 'SQL_NOT_ENCRYPTED' });
    }
    expectNoLogin(proxy.sent);
    proxy.server.close();
  });

  test('is not asked for only where the configuration says so', async () => {
    const db = await openDatabase(
      options({ server: '127.0.0.1', port: plain.port, encrypt: false, password: plain.saPassword }),
    );
    expect(await db.rows(ENCRYPTED)).toEqual([['FALSE']]);
    await db.close();
  });
});

/** 0x12 is PRELOGIN (and carries the TLS handshake), 0x10 would be LOGIN7. */
function expectNoLogin(sent: readonly Buffer[]): void {
  expect(sent.length).toBeGreaterThan(0);
  for (const chunk of sent) expect(chunk[0]).toBe(0x12);
}
