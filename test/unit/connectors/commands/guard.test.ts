import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CommandHarness, ORDER, type TestKeys, testKeys } from './commandHarness.ts';

let keys: TestKeys;
let door: CommandHarness;

beforeAll(async () => {
  keys = await testKeys();
});

beforeEach(() => {
  door = new CommandHarness(keys);
});

describe('the guard', () => {
  const forged = (): string => keys.full.slice(0, -1) + (keys.full.endsWith('A') ? 'B' : 'A');
  it('answers 401 to anything but a listed key, without a hint which part is wrong', async () => {
    const bodies = new Set<string>();
    for (const key of [null, 'x', 'slk_aaaaaaaaaaaa_'.padEnd(60, 'x'), forged()]) {
      const answer = await door.post({ key });
      expect(answer.statusCode).toBe(401);
      expect(answer.headers['www-authenticate']).toMatch(/^Bearer/);
      const { requestId: _requestId, ...rest } = answer.json();
      bodies.add(JSON.stringify(rest));
    }
    expect(bodies.size).toBe(1);
  });

  it('answers 403 to a key without the scope', async () => {
    const answer = await door.post({ key: keys.cancel });
    expect([answer.statusCode, answer.json().scope]).toEqual([403, 'orders:write']);
  });

  it('answers 429 with Retry-After when a caller sends too often, and forgives with time', async () => {
    let nowMs = 1_000_000;
    const limited = new CommandHarness(keys, { limits: { ratePerSecond: 1, rateBurst: 2 }, now: () => nowMs });
    expect((await limited.post()).statusCode).toBe(201);
    expect((await limited.post()).statusCode).toBe(201);
    const answer = await limited.post();
    expect([answer.statusCode, answer.json().code, answer.headers['retry-after']]).toEqual([429, 'rate-limited', '1']);
    nowMs += 1000;
    expect((await limited.post()).statusCode).toBe(201);
  });

  it('answers 429 until midnight when the day is used up', async () => {
    let nowMs = Date.parse('2030-01-01T23:59:00Z');
    const limited = new CommandHarness(keys, { limits: { dailyCommands: 2 }, now: () => nowMs });
    expect((await limited.post()).statusCode).toBe(201);
    expect((await limited.post()).statusCode).toBe(201);
    const answer = await limited.post();
    expect([answer.statusCode, answer.json().code, answer.headers['retry-after']]).toEqual([
      429,
      'quota-used-up',
      '60',
    ]);
    nowMs += 60_000;
    expect((await limited.post()).statusCode).toBe(201);
  });

  it('grants each of several processes its part of the rate', async () => {
    const limited = new CommandHarness(keys, {
      limits: { ratePerSecond: 4, rateBurst: 4, processes: 2 },
      now: () => 5,
    });
    const statuses = [];
    for (let i = 0; i < 3; i++) statuses.push((await limited.post()).statusCode);
    expect(statuses).toEqual([201, 201, 429]);
  });

  it('limits an address before it looks at the key', async () => {
    const limited = new CommandHarness(keys, { limits: { addressRatePerSecond: 1 }, now: () => 5 });
    const statuses = [];
    for (let i = 0; i < 4; i++) statuses.push((await limited.post({ key: null })).statusCode);
    expect(statuses).toEqual([401, 401, 429, 429]);
  });
});

describe('a malformed request', () => {
  it.each([
    ['broken JSON', '{"customerId":', 'application/json', 400, 'malformed-request'],
    ['no body', '', 'application/json', 400, 'malformed-request'],
    ['prototype pollution', '{"__proto__":{"x":1}}', 'application/json', 400, 'malformed-request'],
    ['an escaped prototype', '{"\\u005f_proto__":{"x":1}}', 'application/json', 400, 'malformed-request'],
    ['a constructor', '{"constructor":{"prototype":{"x":1}}}', 'application/json', 422, 'validation'],
    ['a name twice', '{"total":"1","total":"2"}', 'application/json', 400, 'malformed-request'],
    ['deep nesting', '['.repeat(5000) + ']'.repeat(5000), 'application/json', 400, 'malformed-request'],
    ['broken UTF-8', Buffer.from([0x22, 0xff, 0x22]), 'application/json', 400, 'malformed-request'],
    ['another character set', '{}', 'application/json; charset=latin1', 415, 'unsupported-media-type'],
    ['another media type', '<order/>', 'application/xml', 415, 'unsupported-media-type'],
    ['plain text', 'hello', 'text/plain', 415, 'unsupported-media-type'],
    [
      'an oversized body',
      JSON.stringify({ ...ORDER, x: 'x'.repeat(70_000) }),
      'application/json',
      413,
      'request-too-large',
    ],
    ['a list', '[]', 'application/json', 422, 'validation'],
    ['null', 'null', 'application/json', 422, 'validation'],
  ])('with %s is refused', async (_what, body, contentType, status, code) => {
    const answer = await door.post({ body, contentType });
    expect([answer.statusCode, answer.json().code]).toEqual([status, code]);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(door.gateway.calls).toHaveLength(0);
  });

  it('has every fault named by JSON Pointer', async () => {
    const answer = await door.post({
      body: {
        customerId: 17,
        currency: 'gbp',
        lines: [{ sku: '', quantity: 0, unitPrice: 9.99, 'a/b': 1 }],
        total: '1e3',
        extra: true,
      },
    });
    expect(answer.statusCode).toBe(422);
    const pointers = answer.json().errors.map((fault: { pointer: string }) => fault.pointer);
    expect(pointers.toSorted()).toEqual([
      '/currency',
      '/customerId',
      '/extra',
      '/lines/0/a~1b',
      '/lines/0/quantity',
      '/lines/0/sku',
      '/lines/0/unitPrice',
      '/total',
    ]);
  });

  it('never echoes what was sent', async () => {
    const answer = await door.post({ body: { ...ORDER, customerId: "1'; DROP TABLE ORD_HDR --" } });
    expect(answer.statusCode).toBe(422);
    expect(answer.body).not.toContain('DROP');
  });

  it('on an unknown path is a 404 problem', async () => {
    const answer = await door.app.inject({ method: 'GET', url: '/nothing?x=1' });
    expect([answer.statusCode, answer.json().code, answer.json().instance]).toEqual([404, 'not-found', '/nothing']);
  });
});
