import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { PROBLEM_KINDS } from '#connectors/commands/pipeline/problems.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import { CommandHarness, ORDER, type TestKeys, testKeys } from './commandHarness.ts';
import { refused } from './fakeGateway.ts';

let keys: TestKeys;
let door: CommandHarness;

beforeAll(async () => {
  keys = await testKeys();
});

beforeEach(() => {
  door = new CommandHarness(keys);
});

describe('an accepted command', () => {
  it('answers 201 with what the procedure answered', async () => {
    const answer = await door.post();
    expect(answer.statusCode).toBe(201);
    expect(answer.json()).toMatchObject({ orderId: '100001' });
    expect(answer.headers['idempotency-replayed']).toBeUndefined();
    expect(answer.headers['cache-control']).toBe('no-store');
  });

  it('hands the procedure typed parameters and no others', async () => {
    await door.post();
    expect(door.gateway.calls[0]).toMatchObject({ procedure: 'storefront.AcceptOrder', caller: 'web' });
    expect(door.gateway.calls[0]?.parameters).toEqual([
      { name: 'CustomerId', type: 'varchar', length: 20, value: '17' },
      { name: 'Currency', type: 'varchar', length: 3, value: 'GBP' },
      { name: 'ExpectedTotal', type: 'decimalText', value: '19.9800' },
      expect.objectContaining({
        type: 'table',
        value: expect.objectContaining({ rows: [[1, 'AB1234', 2, '9.9900']] }),
      }),
      { name: 'ReservationId', type: 'varchar', length: 20, value: null },
    ]);
  });

  it('carries the request id of the caller through', async () => {
    const answer = await door.post({ headers: { 'x-request-id': 'till-7' } });
    expect(answer.headers['x-request-id']).toBe('till-7');
    expect(door.gateway.calls[0]?.requestId).toBe('till-7');
  });

  it('replaces a malformed request id', async () => {
    const answer = await door.post({ headers: { 'x-request-id': 'a b\u00e9' } });
    expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('takes the order number of a cancellation from the path', async () => {
    const answer = await door.post({
      url: '/orders/100001/cancel',
      body: { customerId: '17', reason: ' changed  my mind ' },
    });
    expect(answer.statusCode).toBe(200);
    expect(door.gateway.calls[0]?.parameters).toEqual([
      { name: 'OrderId', type: 'varchar', length: 20, value: '100001' },
      { name: 'CustomerId', type: 'varchar', length: 20, value: '17' },
      { name: 'Reason', type: 'nvarchar', length: 200, value: 'changed  my mind' },
    ]);
  });
});

describe('an idempotency key', () => {
  it('is required', async () => {
    const answer = await door.post({ idempotencyKey: null });
    expect([answer.statusCode, answer.json().code]).toEqual([400, 'idempotency-key-missing']);
    expect(door.gateway.calls).toHaveLength(0);
  });

  it.each(['', 'with blank', 'x'.repeat(101), '"open', 'a, b', '"with \\" quote"', '\u00e9'])(
    'is refused as %j',
    async (idempotencyKey) => {
      const answer = await door.post({ idempotencyKey });
      expect([answer.statusCode, answer.json().code]).toEqual([400, 'idempotency-key-malformed']);
      expect(door.gateway.calls).toHaveLength(0);
    },
  );

  it('is the same quoted, as the draft has it, and bare', async () => {
    const first = await door.post({ idempotencyKey: '"8e03978e-40d5"' });
    const second = await door.post({ idempotencyKey: '8e03978e-40d5' });
    expect([second.body, second.headers['idempotency-replayed']]).toEqual([first.body, 'true']);
  });

  it('replays the stored answer byte for byte and says so', async () => {
    const first = await door.post({ idempotencyKey: 'same' });
    const second = await door.post({ idempotencyKey: 'same' });
    expect(second.statusCode).toBe(201);
    expect(second.body).toBe(first.body);
    expect(second.headers['idempotency-replayed']).toBe('true');
  });

  it('counts the same order in another spelling as the same command', async () => {
    await door.post({ idempotencyKey: 'spelling' });
    const { lines, ...rest } = ORDER;
    const answer = await door.post({
      idempotencyKey: 'spelling',
      body: { lines: [{ ...lines[0], unitPrice: '9.990' }], ...rest },
    });
    expect(answer.headers['idempotency-replayed']).toBe('true');
  });

  it('is refused with another payload', async () => {
    await door.post({ idempotencyKey: 'other' });
    const answer = await door.post({ idempotencyKey: 'other', body: { ...ORDER, customerId: '18' } });
    expect([answer.statusCode, answer.json().code]).toEqual([422, 'idempotency-key-reused']);
  });

  it('answers 409 with Retry-After while the first is running', async () => {
    const done = Promise.withResolvers<string>();
    const entered = Promise.withResolvers<void>();
    door.gateway.work = () => {
      entered.resolve();
      return done.promise;
    };
    const first = door.post({ idempotencyKey: 'slow' });
    await entered.promise;
    const second = await door.post({ idempotencyKey: 'slow' });
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
    await door.post({ ...cancel });
    const answer = await door.post({ ...cancel, key: keys.cancel });
    expect(answer.headers['idempotency-replayed']).toBeUndefined();
  });
});

describe('a refusal of the database', () => {
  it('names the place in the request and the facts', async () => {
    door.gateway.work = async () => {
      throw refused('not-enough-stock', 50409, { line: 1, requested: 2, available: 1 });
    };
    const answer = await door.post();
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
    ['CMD_TIMED_OUT', 503, 'timed-out'],
    ['CMD_DATABASE_AWAY', 503, 'database-away'],
    ['CMD_DATABASE_FAULT', 500, 'internal'],
  ] as const)('%s becomes %i', async (code, status, problem) => {
    door.gateway.work = async () => {
      throw new SluiceError(code, 'internal words of the server: PROD_CODE', { context: { number: 208 } });
    };
    const answer = await door.post();
    expect([answer.statusCode, answer.json().code]).toEqual([status, problem]);
    expect(answer.body).not.toContain('PROD_CODE');
    expect(answer.headers['retry-after'] !== undefined).toBe(status === 503);
  });

  it('that is an unexpected exception shows nothing of itself', async () => {
    door.gateway.work = async () => {
      throw new TypeError('secret stack');
    };
    const answer = await door.post();
    expect(answer.statusCode).toBe(500);
    expect(answer.body).not.toContain('secret');
  });
});

describe('the public routes', () => {
  it('say whether the process and the database are there', async () => {
    expect((await door.app.inject('/livez')).statusCode).toBe(200);
    door.gateway.ping = async () => {
      throw new SluiceError('CMD_DATABASE_AWAY', 'gone');
    };
    expect((await door.app.inject('/readyz')).statusCode).toBe(503);
  });

  it('describe each problem type that an answer can name', async () => {
    for (const code of PROBLEM_KINDS.keys())
      expect((await door.app.inject(`/problems/${code}`)).statusCode, code).toBe(200);
    expect((await door.app.inject('/problems/not-enough-stock')).json()).toMatchObject({ status: 409 });
    expect((await door.app.inject('/problems/constructor')).statusCode).toBe(404);
  });

  it('send the security headers with every answer', async () => {
    for (const url of ['/livez', '/openapi.json', '/nothing']) {
      expect((await door.app.inject(url)).headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'x-request-id': expect.any(String),
      });
    }
  });
});
