import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { addressKey } from '#connectors/commands/http/guard.ts';
import { acceptsJson } from '#connectors/commands/http/negotiation.ts';
import { childTrace } from '#connectors/commands/http/trace.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import { CommandHarness, ORDER, type TestKeys, testKeys } from './commandHarness.ts';

let keys: TestKeys;
let door: CommandHarness;

beforeAll(async () => {
  keys = await testKeys();
});

beforeEach(() => {
  door = new CommandHarness(keys);
});

describe('methods', () => {
  it('that a path has not are 405 with those it has', async () => {
    for (const [method, url, allow] of [
      ['GET', '/orders', 'OPTIONS, POST'],
      ['DELETE', '/orders/17', 'GET, HEAD, OPTIONS'],
      ['PUT', '/batches', 'OPTIONS, POST'],
      ['POST', '/livez', 'GET, HEAD, OPTIONS'],
    ] as const) {
      const answer = await door.app.inject({ method, url });
      expect([url, answer.statusCode, answer.headers['allow'], answer.json().code]).toEqual([
        url,
        405,
        allow,
        'method-not-allowed',
      ]);
    }
  });

  it('OPTIONS tells them without a credential, HEAD answers as GET without a body', async () => {
    const options = await door.app.inject({ method: 'OPTIONS', url: '/orders' });
    expect([options.statusCode, options.headers['allow'], options.body]).toEqual([204, 'OPTIONS, POST', '']);
    expect((await door.app.inject({ method: 'OPTIONS', url: '/nowhere' })).statusCode).toBe(404);
    const head = await door.app.inject({ method: 'HEAD', url: '/livez' });
    expect([head.statusCode, head.body]).toEqual([200, '']);
  });
});

describe('content negotiation', () => {
  it.each([
    [undefined, true],
    ['*/*', true],
    ['application/json', true],
    ['text/html, application/*;q=0.5', true],
    ['text/html', false],
    ['application/json;q=0, */*', false],
    ['application/xml;q=0.9', false],
  ])('takes Accept %j: %s', (accept, taken) => {
    expect(acceptsJson(accept)).toBe(taken);
  });

  it('answers 406 before anything is done', async () => {
    const answer = await door.post({ headers: { accept: 'text/html' } });
    expect([answer.statusCode, answer.json().code, door.gateway.calls.length]).toEqual([406, 'not-acceptable', 0]);
  });

  it('takes no compressed body', async () => {
    const answer = await door.post({ headers: { 'content-encoding': 'gzip' } });
    expect([answer.statusCode, answer.json().code]).toEqual([415, 'unsupported-media-type']);
  });
});

describe('other origins', () => {
  it('are told nothing unless they are listed', async () => {
    const closed = await door.post({ headers: { origin: 'https://shop.example' } });
    expect(closed.headers['access-control-allow-origin']).toBeUndefined();
    const open = new CommandHarness(keys, { limits: { corsOrigins: ['https://shop.example'] } });
    const listed = await open.post({ headers: { origin: 'https://shop.example' } });
    expect([listed.headers['access-control-allow-origin'], listed.headers['vary']]).toEqual([
      'https://shop.example',
      'origin',
    ]);
    const other = await open.post({ headers: { origin: 'https://shop.example.evil' } });
    expect(other.headers['access-control-allow-origin']).toBeUndefined();
    const asked = { origin: 'https://shop.example', 'access-control-request-method': 'POST' };
    const preflight = await open.app.inject({ method: 'OPTIONS', url: '/orders', headers: asked });
    expect(preflight.headers).toMatchObject({
      'access-control-allow-methods': 'OPTIONS, POST',
      'access-control-allow-headers': expect.stringContaining('Idempotency-Key'),
    });
  });
});

describe('trace context', () => {
  const parent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

  it('goes on as a child of the caller, to the database and back', async () => {
    const answer = await door.post({ headers: { traceparent: parent } });
    expect(answer.headers['traceparent']).toMatch(
      /^00-0af7651916cd43dd8448eb211c80319c-(?!b7ad6b7169203331)[0-9a-f]{16}-01$/,
    );
    expect(door.gateway.calls[0]?.traceparent).toBe(answer.headers['traceparent']);
  });

  it.each([
    undefined,
    '',
    parent.toUpperCase(),
    parent.replace('0af7651916cd43dd8448eb211c80319c', '0'.repeat(32)),
    `ff${parent.slice(2)}`,
    `${parent}-x`,
  ])('begins anew after %j', (header) => {
    expect(childTrace(header)).toMatch(/^00-(?!0af7)[0-9a-f]{32}-[0-9a-f]{16}-00$/);
  });
});

describe('the address that is counted', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['2001:db8:1:2:aaaa:bbbb:cccc:dddd', '2001:db8:1:2'],
    ['2001:db8::1', '2001:db8:0:0'],
    ['::1', '0:0:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
  ])('of %s is %s', (address, key) => {
    expect(addressKey(address)).toBe(key);
  });

  it('is the socket’s unless a listed proxy says otherwise', async () => {
    const statuses = async (trustProxy: false | readonly string[]): Promise<number[]> => {
      const limited = new CommandHarness(keys, { limits: { addressRatePerSecond: 1, trustProxy }, now: () => 5 });
      const answers = [];
      for (let i = 0; i < 4; i++)
        answers.push((await limited.post({ headers: { 'x-forwarded-for': `198.51.100.${i}` } })).statusCode);
      return answers;
    };
    expect(await statuses(false)).toEqual([201, 201, 429, 429]);
    expect(await statuses(['127.0.0.1'])).toEqual([201, 201, 201, 201]);
    expect(await statuses(['10.0.0.0/8'])).toEqual([201, 201, 429, 429]);
  });
});

describe('every decision', () => {
  const recorded = (): { readonly lines: Record<string, unknown>[]; readonly log: Logger } => {
    const lines: Record<string, unknown>[] = [];
    const note = (line: Record<string, unknown>): void => void lines.push(line);
    const log = { debug: note, info: note, warn: note, error: note, child: () => log } as unknown as Logger;
    return { lines, log };
  };

  it('is audited once with who, what, key, result and time, and with nothing that was in the body', async () => {
    const { lines, log } = recorded();
    const audited = new CommandHarness(keys, { log });
    await audited.post({ idempotencyKey: 'k1' });
    await audited.post({ idempotencyKey: 'k1' });
    await audited.post({ key: null });
    await audited.post({ body: '{"broken' });
    await audited.post({ key: keys.cancel });
    await audited.post({ body: { ...ORDER, customerId: 'Jane Doe' } });
    const decisions = lines.filter((line) => line['event'] === 'command_decided');
    expect(decisions.map((line) => line['outcome'])).toEqual([
      'done',
      'replayed',
      'unauthenticated',
      'malformed-request',
      'forbidden',
      'validation',
    ]);
    expect(decisions[0]).toMatchObject({
      command: 'AcceptOrder',
      door: 'rest',
      caller: 'web',
      idempotencyKey: 'k1',
      commandId: expect.any(String),
      latencyMs: expect.any(Number),
      traceId: expect.any(String),
    });
    expect(JSON.stringify(lines)).not.toMatch(/Jane|AB1234|slk_[a-z0-9]{12}_/);
    expect(await audited.metrics.metrics()).toContain(
      'sluice_commands_total{command="AcceptOrder",outcome="done",door="rest"} 1',
    );
  });
});
