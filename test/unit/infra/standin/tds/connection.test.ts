import { Duplex } from 'node:stream';
import { connect as tlsConnect } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import type { EngineEvent } from '#infra/standin/tds/engineSession.ts';
import { type Listener, listen } from '#infra/standin/tds/listener.ts';
import { ENCRYPTION, encryptionWish, readPrelogin, type TlsMode } from '#infra/standin/tds/prelogin.ts';
import { createServerContext } from '#infra/standin/tls/serverContext.ts';
import { eventually } from '#test/support/eventually.ts';
import { createFakeEngine, type FakeEngine, type FakeScript, PASSWORD } from './fakeEngine.ts';
import { batchBody, connectRaw, logInRaw, loginBody, packet, preloginBody, type RawClient } from './rawClient.ts';

const listeners: Listener[] = [];
const logged: string[] = [];
const SA = { user: 'sa', password: PASSWORD };

afterEach(async () => {
  for (const listener of listeners.splice(0)) await listener.close();
  logged.splice(0);
});

async function start(script: FakeScript = {}, tls: TlsMode = 'off'): Promise<{ engine: FakeEngine; port: number }> {
  const engine = createFakeEngine(script);
  const listener = await listen({
    host: '127.0.0.1',
    port: 0,
    tls,
    secureContext: tls === 'off' ? null : createServerContext(),
    maxMessageBytes: 100_000,
    loginTimeoutMs: 200,
    log: (level, event, facts) => {
      if (level !== 'debug') logged.push(`${event} ${JSON.stringify(facts)}`);
    },
    openSession: engine.openSession,
  });
  listeners.push(listener);
  return { engine, port: listener.port };
}

const hex = (body: Buffer | null): string => body?.toString('hex') ?? 'closed';
const DONE_FINAL = 'fd0000000000000000000000'.padEnd(26, '0');

describe('a connection', () => {
  it('acknowledges a reset before anything else and hands it to the engine', async () => {
    const { engine, port } = await start();
    const client = await logInRaw(port, SA);
    client.send(1, batchBody('select 1'), 1 | 8);
    expect(hex(await client.next())).toBe(`e30300120000${DONE_FINAL}`);
    client.send(1, batchBody('select 2'), 1 | 16);
    await client.next();
    expect(engine.calls).toEqual(['reset all', 'batch select 1', 'reset keep', 'batch select 2']);
  });

  it('ends the running reply and then acknowledges an attention', async () => {
    const { engine, port } = await start({ batch: (_sql, { signal }) => untilAborted(signal) });
    const client = await logInRaw(port, SA);
    client.send(1, batchBody('wait'));
    await eventually(() => expect(engine.calls).toEqual(['batch wait']));
    client.send(6, Buffer.alloc(0));
    expect(hex(await client.next())).toMatch(/^fd0200/);
    expect(hex(await client.next())).toMatch(/^fd2000/);
  });

  it('acknowledges an attention that comes when nothing runs', async () => {
    const { port } = await start();
    const client = await logInRaw(port, SA);
    client.send(6, Buffer.alloc(0));
    expect(hex(await client.next())).toMatch(/^fd2000/);
  });

  it('answers a request its client has given up with a single DONE, unexecuted', async () => {
    const { engine, port } = await start();
    const client = await logInRaw(port, SA);
    client.send(1, batchBody('select 1'), 1 | 2);
    expect(hex(await client.next())).toMatch(/^fd0200/);
    expect(engine.calls).toEqual([]);
  });

  it('hides only the login when neither side asks for encryption', async () => {
    const { engine, port } = await start({}, 'on');
    const client = await connectRaw(port);
    client.send(18, preloginBody(ENCRYPTION.off));
    expect(encryptionWish(readPrelogin((await client.next())!))).toBe(ENCRYPTION.off);
    await logInThroughTls(client);
    expect(engine.logins[0]).toMatchObject({ user: 'sa', encrypted: false });
    client.send(1, batchBody('plain'));
    expect(hex(await client.next())).toBe(DONE_FINAL);
  });

  it('tells the transaction in every DONE while it is open', async () => {
    const { port } = await start();
    const client = await logInRaw(port, SA);
    client.send(14, Buffer.from('040000000500' + '00' + '00', 'hex'));
    expect(hex(await client.next())).toBe(`e30b0008084d0000000000000000fd0400${'00'.repeat(10)}`);
    client.send(1, batchBody('x'));
    expect(hex(await client.next())).toMatch(/^fd0400/);
    client.send(14, Buffer.from('040000000700' + '00' + '00', 'hex'));
    expect(hex(await client.next())).toBe(`e30b000900084d00000000000000fd0000${'00'.repeat(10)}`);
  });

  it('closes the engine session once, when the client goes or never logs in', async () => {
    const { engine, port } = await start();
    const client = await logInRaw(port, SA);
    client.socket.destroy();
    await eventually(() => expect(engine.calls).toEqual(['close']));
    await connectRaw(port);
    await eventually(() => expect(engine.calls).toEqual(['close', 'close']));
    expect(logged.join()).toContain('no login in time');
  });
});

describe('a hostile client', () => {
  const loggedIn: [string, (client: RawClient) => void][] = [
    ['a message larger than the limit', (c) => c.send(1, Buffer.alloc(60_000), 0)],
    ['a batch without headers', (c) => c.send(1, Buffer.alloc(2))],
    ['headers longer than the message', (c) => c.send(1, Buffer.from([200, 0, 0, 0, 1, 1]))],
    ['an RPC cut off in its name', (c) => c.send(3, Buffer.from([4, 0, 0, 0, 50, 0, 65]))],
    ['an unknown request type', (c) => c.send(99, Buffer.alloc(9))],
    ['a second login', (c) => c.send(16, loginBody(SA))],
    ['bulk rows out of the blue', (c) => c.send(7, Buffer.alloc(9))],
  ];

  it.each(loggedIn)('is cut off for %s, with a log line', async (_name, act) => {
    const { port } = await start();
    const client = await logInRaw(port, SA);
    act(client);
    act(client);
    expect(await client.next()).toBeNull();
    expect(logged.join()).toContain('protocol_violated');
    await logInRaw(port, SA);
  });

  it.each([
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: example\r\n\r\n')],
    ['TLS first', Buffer.from('16030100c8010000c403034343434343', 'hex')],
    ['a login without prelogin', packet(16, loginBody(SA))],
    ['a huge prelogin', Buffer.concat(Array.from({ length: 10 }, () => packet(18, Buffer.alloc(30_000), 0)))],
    ['a prelogin without end', packet(18, Buffer.alloc(4))],
  ])('is cut off for %s', async (_name, bytes) => {
    const { port } = await start();
    const client = await connectRaw(port);
    client.socket.write(bytes);
    expect(await client.next()).toBeNull();
    await logInRaw(port, SA);
  });

  it('gets a SQL error for a parameter of an unknown type and may go on', async () => {
    const { port } = await start();
    const client = await logInRaw(port, SA);
    client.send(3, Buffer.from(`04000000${'0100'}7000${'0000'}00${'00'}f0`, 'hex'));
    const reply = (await client.next())!;
    expect(reply[0]).toBe(0xaa);
    expect(reply.readInt32LE(3)).toBe(8009);
    client.send(1, batchBody('fine'));
    expect(hex(await client.next())).toBe(DONE_FINAL);
  });
});

async function* untilAborted(signal: AbortSignal): AsyncGenerator<EngineEvent> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
}

/** The handshake inside prelogin packets, LOGIN7 inside TLS; resolves when the plain reply has come. */
async function logInThroughTls(client: RawClient): Promise<void> {
  const pipe = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      client.socket.write(secured ? chunk : packet(18, chunk), done);
    },
  });
  let secured = false;
  const secure = tlsConnect({ socket: pipe, rejectUnauthorized: false });
  const handshake = (async () => {
    while (!secured) {
      const body = await client.next();
      if (body === null || secured) return;
      pipe.push(body);
    }
  })();
  await new Promise<void>((resolve) => secure.once('secureConnect', resolve));
  secured = true;
  secure.write(packet(16, loginBody(SA)));
  await handshake;
}
