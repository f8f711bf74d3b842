import { once } from 'node:events';
import { connect } from 'node:net';
import { fastify } from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { hasCode } from '#infra/runtime/errors.ts';
import { serverOptions } from '#infra/runtime/http/exchange.ts';
import { HttpListener } from '#infra/runtime/http/listener.ts';
import { silentLogger } from '#infra/runtime/logger.ts';

const listeners: HttpListener[] = [];

async function listen(requestTimeoutMs = 5000, port = 0): Promise<HttpListener> {
  const app = fastify(serverOptions(requestTimeoutMs));
  app.get('/', async () => 'well');
  const listener = new HttpListener({
    name: 'test door',
    app,
    http: { host: '127.0.0.1', port },
    log: silentLogger,
    drainMs: 50,
  });
  listeners.push(listener);
  await listener.start();
  return listener;
}

/** Everything the server says to these bytes until it closes the connection. */
async function say(url: string, text: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  let answer = '';
  socket.on('data', (chunk: Buffer) => {
    answer += chunk.toString();
  });
  socket.on('error', () => undefined);
  socket.write(text);
  await once(socket, 'close');
  return answer;
}

afterEach(async () => {
  for (const listener of listeners.splice(0)) await listener.stop();
});

describe('a listening door', () => {
  it('takes a free port and tells its address', async () => {
    const listener = await listen();
    expect(await (await fetch(listener.url)).text()).toBe('well');
  });

  it('says so when its port is taken', async () => {
    const first = await listen();
    const error = await listen(5000, Number(new URL(first.url).port)).catch((e: unknown) => e);
    expect(hasCode(error, 'HTTP_LISTEN_FAILED')).toBe(true);
    expect(String(error)).toContain('EADDRINUSE');
  });

  it('answers broken HTTP and oversized headers with problems and closes', async () => {
    const { url } = await listen();
    expect(await say(url, 'nonsense\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 .*problem\+json.*malformed-request/s);
    const headers = `GET / HTTP/1.1\r\nHost: x\r\nX-Big: ${'x'.repeat(10_000)}\r\n\r\n`;
    expect(await say(url, headers)).toMatch(/^HTTP\/1\.1 431 .*headers-too-large/s);
  });

  it('does not wait for ever for a slow sender', async () => {
    const { url } = await listen(100);
    expect(await say(url, 'GET / HTTP/1.1\r\nHost: x\r\n')).toMatch(/^HTTP\/1\.1 408 .*request-timeout/s);
  });

  it('cuts at stop what does not end by itself', async () => {
    const listener = await listen();
    const socket = connect(Number(new URL(listener.url).port), '127.0.0.1');
    await once(socket, 'connect');
    socket.write('GET / HTTP/1.1\r\n');
    const closed = once(socket, 'close');
    await listener.stop();
    await closed;
  });
});
