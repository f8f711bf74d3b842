import type { FastifyInstance } from 'fastify';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createKey, KeyRing } from '#connectors/commands/http/keys.ts';
import { createCommandServer } from '#connectors/commands/http/server.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { createMetrics } from '#infra/runtime/metrics.ts';
import { FakeGateway, refused } from './fakeGateway.ts';

const ORDER = {
  customerId: '17',
  currency: 'GBP',
  lines: [{ sku: 'AB1234', quantity: 2, unitPrice: '9.99' }],
  total: '19.98',
};
const LIMITS = {
  ratePerSecond: 1000,
  rateBurst: 1000,
  addressRatePerSecond: 1000,
  bodyLimitBytes: 65_536,
  requestTimeoutMs: 5000,
};

let fullKey: string;
let cancelKey: string;
let keys: KeyRing;
let gateway: FakeGateway;
let app: FastifyInstance;
let keyNumber = 0;

const make = (limits: Partial<typeof LIMITS> = {}, now?: () => number): FastifyInstance =>
  createCommandServer({
    gateway,
    keys,
    log: silentLogger,
    metrics: createMetrics(),
    limits: { ...LIMITS, ...limits },
    ...(now ? { now } : {}),
  }).app;

interface Sent {
  readonly key?: string | null;
  readonly idempotencyKey?: string | null;
  readonly url?: string;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly headers?: Record<string, string>;
}

const post = (sent: Sent = {}, to = app) => {
  const { key = fullKey, idempotencyKey = `key-${keyNumber++}`, url = '/orders', body = ORDER } = sent;
  return to.inject({
    method: 'POST',
    url,
    headers: {
      'content-type': sent.contentType ?? 'application/json',
      ...(key === null ? {} : { authorization: `Bearer ${key}` }),
      ...(idempotencyKey === null ? {} : { 'idempotency-key': idempotencyKey }),
      ...sent.headers,
    },
    payload: typeof body === 'string' ? body : JSON.stringify(body),
  });
};

beforeAll(async () => {
  const full = await createKey({ id: 'web', scopes: ['orders:write', 'orders:cancel'] });
  const cancel = await createKey({ id: 'desk', scopes: ['orders:cancel'] });
  fullKey = full.key;
  cancelKey = cancel.key;
  keys = new KeyRing([full.entry, cancel.entry]);
});

beforeEach(() => {
  gateway = new FakeGateway();
  app = make();
});

describe('an accepted command', () => {
  it('answers 201 with what the procedure answered', async () => {
    const answer = await post();
    expect(answer.statusCode).toBe(201);
    expect(answer.json()).toMatchObject({ orderId: '100001' });
    expect(answer.headers['idempotency-replayed']).toBeUndefined();
    expect(answer.headers['cache-control']).toBe('no-store');
  });

  it('hands the procedure typed parameters and no others', async () => {
    await post();
    expect(gateway.calls[0]).toMatchObject({ procedure: 'storefront.AcceptOrder', caller: 'web' });
    expect(gateway.calls[0]?.parameters).toEqual([
      { name: 'CustomerId', type: 'varchar', length: 20, value: '17' },
      { name: 'Currency', type: 'varchar', length: 3, value: 'GBP' },
      { name: 'ExpectedTotal', type: 'decimalText', value: '19.9800' },
      expect.objectContaining({
        type: 'table',
        value: expect.objectContaining({ rows: [[1, 'AB1234', 2, '9.9900']] }),
      }),
    ]);
  });

  it('carries the request id of the caller through', async () => {
    const answer = await post({ headers: { 'x-request-id': 'till-7' } });
    expect(answer.headers['x-request-id']).toBe('till-7');
    expect(gateway.calls[0]?.requestId).toBe('till-7');
  });

  it('replaces a malformed request id', async () => {
    const answer = await post({ headers: { 'x-request-id': 'a b\u00e9' } });
    expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('takes the order number of a cancellation from the path', async () => {
    const answer = await post({
      url: '/orders/100001/cancel',
      body: { customerId: '17', reason: ' changed  my mind ' },
    });
    expect(answer.statusCode).toBe(200);
    expect(gateway.calls[0]?.parameters).toEqual([
      { name: 'OrderId', type: 'varchar', length: 20, value: '100001' },
      { name: 'CustomerId', type: 'varchar', length: 20, value: '17' },
      { name: 'Reason', type: 'nvarchar', length: 200, value: 'changed  my mind' },
    ]);
  });
});

describe('an idempotency key', () => {
  it('is required', async () => {
    for (const idempotencyKey of [null, '', 'with blank', 'x'.repeat(101)]) {
      const answer = await post({ idempotencyKey });
      expect([answer.statusCode, answer.json().code]).toEqual([400, 'idempotency-key-missing']);
    }
    expect(gateway.calls).toHaveLength(0);
  });

  it('replays the stored answer byte for byte and says so', async () => {
    const first = await post({ idempotencyKey: 'same' });
    const second = await post({ idempotencyKey: 'same' });
    expect(second.statusCode).toBe(201);
    expect(second.body).toBe(first.body);
    expect(second.headers['idempotency-replayed']).toBe('true');
  });

  it('counts the same order in another spelling as the same command', async () => {
    await post({ idempotencyKey: 'spelling' });
    const { lines, ...rest } = ORDER;
    const answer = await post({
      idempotencyKey: 'spelling',
      body: { lines: [{ ...lines[0], unitPrice: '9.990' }], ...rest },
    });
    expect(answer.headers['idempotency-replayed']).toBe('true');
  });

  it('is refused with another payload', async () => {
    await post({ idempotencyKey: 'other' });
    const answer = await post({ idempotencyKey: 'other', body: { ...ORDER, customerId: '18' } });
    expect([answer.statusCode, answer.json().code]).toEqual([422, 'idempotency-key-reused']);
  });

  it('answers 409 with Retry-After while the first is running', async () => {
    const done = Promise.withResolvers<string>();
    const entered = Promise.withResolvers<void>();
    gateway.work = () => {
      entered.resolve();
      return done.promise;
    };
    const first = post({ idempotencyKey: 'slow' });
    await entered.promise;
    const second = await post({ idempotencyKey: 'slow' });
    expect([second.statusCode, second.json().code, second.headers['retry-after']]).toEqual([
      409,
      'command-running',
      '1',
    ]);
    done.resolve('{}');
    expect((await first).statusCode).toBe(201);
  });

  it('of one caller means nothing to another', async () => {
    const cancel = { url: '/orders/1/cancel', body: { customerId: '1' }, idempotencyKey: 'shared' };
    await post({ ...cancel });
    const answer = await post({ ...cancel, key: cancelKey });
    expect(answer.headers['idempotency-replayed']).toBeUndefined();
  });
});

describe('the guard', () => {
  const forged = (): string => fullKey.slice(0, -1) + (fullKey.endsWith('A') ? 'B' : 'A');
  it('answers 401 to anything but a listed key, without a hint which part is wrong', async () => {
    const bodies = new Set<string>();
    for (const key of [null, 'x', 'slk_aaaaaaaaaaaa_'.padEnd(60, 'x'), forged()]) {
      const answer = await post({ key });
      expect(answer.statusCode).toBe(401);
      expect(answer.headers['www-authenticate']).toMatch(/^Bearer/);
      const { requestId: _requestId, ...rest } = answer.json();
      bodies.add(JSON.stringify(rest));
    }
    expect(bodies.size).toBe(1);
  });

  it('answers 403 to a key without the scope', async () => {
    const answer = await post({ key: cancelKey });
    expect([answer.statusCode, answer.json().scope]).toEqual([403, 'orders:write']);
  });

  it('answers 429 with Retry-After when a key is used too often, and forgives with time', async () => {
    let nowMs = 1_000_000;
    const limited = make({ ratePerSecond: 1, rateBurst: 2 }, () => nowMs);
    expect((await post({}, limited)).statusCode).toBe(201);
    expect((await post({}, limited)).statusCode).toBe(201);
    const answer = await post({}, limited);
    expect([answer.statusCode, answer.json().code, answer.headers['retry-after']]).toEqual([429, 'rate-limited', '1']);
    nowMs += 1000;
    expect((await post({}, limited)).statusCode).toBe(201);
  });

  it('limits an address before it looks at the key', async () => {
    const limited = make({ addressRatePerSecond: 1 }, () => 5);
    const statuses = [];
    for (let i = 0; i < 4; i++) statuses.push((await post({ key: null }, limited)).statusCode);
    expect(statuses).toEqual([401, 401, 429, 429]);
  });
});

describe('a malformed request', () => {
  it.each([
    ['broken JSON', '{"customerId":', 'application/json', 400, 'malformed-request'],
    ['no body', '', 'application/json', 400, 'malformed-request'],
    ['prototype pollution', '{"__proto__":{"x":1}}', 'application/json', 400, 'malformed-request'],
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
    const answer = await post({ body, contentType });
    expect([answer.statusCode, answer.json().code]).toEqual([status, code]);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(gateway.calls).toHaveLength(0);
  });

  it('has every fault named by JSON Pointer', async () => {
    const answer = await post({
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
    const answer = await post({ body: { ...ORDER, customerId: "1'; DROP TABLE ORD_HDR --" } });
    expect(answer.statusCode).toBe(422);
    expect(answer.body).not.toContain('DROP');
  });

  it('on an unknown path is a 404 problem', async () => {
    const answer = await app.inject({ method: 'GET', url: '/nothing?x=1' });
    expect([answer.statusCode, answer.json().code, answer.json().instance]).toEqual([404, 'not-found', '/nothing']);
  });
});

describe('a refusal of the database', () => {
  it('names the place in the request and the facts', async () => {
    gateway.work = async () => {
      throw refused('not-enough-stock', 50409, { line: 1, requested: 2, available: 1 });
    };
    const answer = await post();
    expect(answer.statusCode).toBe(409);
    expect(answer.json()).toMatchObject({
      type: '/problems/not-enough-stock',
      requested: 2,
      available: 1,
      errors: [{ pointer: '/lines/0/quantity' }],
    });
  });

  it.each([
    ['CMD_OVERLOADED', 503, 'overloaded'],
    ['CMD_OUTCOME_UNKNOWN', 503, 'outcome-unknown'],
    ['CMD_DATABASE_AWAY', 503, 'database-away'],
    ['CMD_DATABASE_FAULT', 500, 'internal'],
  ] as const)('%s becomes %i', async (code, status, problem) => {
    gateway.work = async () => {
      throw new SluiceError(code, 'internal words of the server: PROD_CODE', { context: { number: 208 } });
    };
    const answer = await post();
    expect([answer.statusCode, answer.json().code]).toEqual([status, problem]);
    expect(answer.body).not.toContain('PROD_CODE');
    expect(answer.headers['retry-after'] !== undefined).toBe(status === 503);
  });

  it('that is an unexpected exception shows nothing of itself', async () => {
    gateway.work = async () => {
      throw new TypeError('secret stack');
    };
    const answer = await post();
    expect(answer.statusCode).toBe(500);
    expect(answer.body).not.toContain('secret');
  });
});

describe('the public routes', () => {
  it('say whether the process and the database are there', async () => {
    expect((await app.inject('/livez')).statusCode).toBe(200);
    gateway.ping = async () => {
      throw new SluiceError('CMD_DATABASE_AWAY', 'gone');
    };
    expect((await app.inject('/readyz')).statusCode).toBe(503);
  });

  it('describe each problem type', async () => {
    expect((await app.inject('/problems/not-enough-stock')).json()).toMatchObject({ status: 409 });
    expect((await app.inject('/problems/constructor')).statusCode).toBe(404);
  });

  it('send the security headers with every answer', async () => {
    for (const url of ['/livez', '/openapi.json', '/nothing']) {
      expect((await app.inject(url)).headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'x-request-id': expect.any(String),
      });
    }
  });
});
