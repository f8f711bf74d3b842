import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createStorefrontServer } from '#consumers/storefront/server.ts';
import { storefrontSchema } from '#infra/runtime/config/storefront.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { createMetrics } from '#infra/runtime/metrics.ts';
import { TokenIssuer } from '#test/support/tokenIssuer.ts';
import { COMMAND_ID, DEFINITION, FakeOrders, FakeSearch } from './fakes.ts';

const SHOWN = { orderId: '100001', status: 'new', statusAt: '2024-01-01T00:00:00.000Z', history: [] };
/** Nothing is known of how far the copy has come. */
const NO_AGE = { asOf: null, ageSeconds: null };

let issuer: TokenIssuer;
let orders: FakeOrders;
let app: FastifyInstance;

const make = (issuers: readonly object[]): FastifyInstance =>
  createStorefrontServer({
    sides: { search: new FakeSearch(), searchDefinition: DEFINITION, orders },
    limits: storefrontSchema.parse({ customerTokens: issuers, corsOrigins: ['https://shop.example'] }),
    log: silentLogger,
    metrics: createMetrics(),
    now: () => 0,
  });

const get = async (url: string, token?: string) => {
  const answer = await app.inject({
    url,
    ...(token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } }),
  });
  return { status: answer.statusCode, headers: answer.headers, body: answer.json(), text: answer.body };
};

beforeAll(async () => {
  issuer = await TokenIssuer.start();
});
afterAll(() => issuer.stop());

beforeEach(() => {
  orders = new FakeOrders();
  const common = { issuer: issuer.issuer, audience: issuer.audience, jwksUrl: issuer.jwksUrl };
  app = make([{ name: 'login', ...common, customerRequired: false }]);
});

/** A token of the shop's own server: it names no customer. */
const serverToken = () => issuer.sign({ claims: { sub: 'shop-server', customer: undefined } });

describe('an order by its number', () => {
  it('is shown to whoever holds the id of a command on it, without the customer', async () => {
    const { body, headers } = await get(`/orders/100001?after=${COMMAND_ID.toUpperCase()}`);
    expect(body).toEqual({ ...SHOWN, ...NO_AGE });
    expect(headers['cache-control']).toBe('private, no-store');
  });

  it('is not found with the id of a command on another order', async () => {
    const answer = await get(`/orders/100002?after=${COMMAND_ID}`);
    expect([answer.status, answer.body.code]).toEqual([404, 'not-found']);
  });

  it('is shown to nobody without a proof', async () => {
    const answer = await get('/orders/100001');
    expect([answer.status, answer.body.code, answer.headers['www-authenticate']]).toEqual([
      401,
      'unauthenticated',
      'Bearer',
    ]);
    expect((await get('/orders/100001?after=1')).status).toBe(422);
  });

  it("is shown to its customer's token, without the customer", async () => {
    const { status, body } = await get('/orders/100001', await issuer.sign());
    expect([status, body]).toEqual([200, { ...SHOWN, ...NO_AGE }]);
  });

  it("is as unknown to another customer's token as one that is not there", async () => {
    const token = await issuer.sign({ claims: { customer: '18' } });
    const [others, missing] = [await get('/orders/100001', token), await get('/orders/100009', token)];
    expect([others.status, missing.status]).toEqual([404, 404]);
    expect(others.body.detail).toBe(missing.body.detail);
  });

  it('is not shown for a bad token, even with the id of a command on it', async () => {
    expect((await get(`/orders/100001?after=${COMMAND_ID}`, 'nonsense')).status).toBe(401);
    const expired = await issuer.sign({ issued: 1_000_000, expires: 1_000_300 });
    expect((await get('/orders/100001', expired)).status).toBe(401);
    const foreign = await issuer.sign({ claims: { aud: 'somebody-else' } });
    expect((await get('/orders/100001', foreign)).status).toBe(401);
  });

  it('needs the scope', async () => {
    const answer = await get('/orders/100001', await issuer.sign({ claims: { scope: 'orders:write' } }));
    expect([answer.status, answer.body.code, answer.body.scope]).toEqual([403, 'forbidden', 'orders:read']);
  });

  it('takes no tokens when no issuer is configured', async () => {
    app = make([]);
    expect((await get('/orders/100001', await issuer.sign())).status).toBe(401);
    expect((await get('/orders', await issuer.sign())).status).toBe(401);
  });

  it('asks to come back while the copy does not show the command', async () => {
    orders.outcome = 'unknown';
    const answer = await get(`/orders/100001?after=${COMMAND_ID}`);
    expect([answer.status, answer.body.code, answer.headers['retry-after']]).toEqual([503, 'not-visible-yet', '1']);
  });

  it('says that the command was refused, and why', async () => {
    orders.outcome = 'refused';
    const answer = await get(`/orders/100001?after=${COMMAND_ID}`);
    expect([answer.status, answer.body.code, answer.body.refusal]).toEqual([
      409,
      'command-refused',
      'order-not-cancellable',
    ]);
  });
});

describe("a customer's orders", () => {
  it('are listed for the token of that customer, page by page', async () => {
    const { status, body } = await get('/orders?limit=5&cursor=abc', await issuer.sign());
    expect([status, body]).toEqual([200, { items: [SHOWN], nextCursor: null, ...NO_AGE }]);
    expect(orders.asked).toEqual([{ customerId: '17', limit: 5, cursor: 'abc' }]);
  });

  it('are listed for no other customer', async () => {
    expect((await get('/orders?customer=17', await issuer.sign({ claims: { customer: '18' } }))).status).toBe(403);
    expect((await get('/orders', await issuer.sign({ claims: { customer: '18' } }))).body.items).toEqual([]);
    expect((await get('/orders?customer=17')).status).toBe(401);
  });

  it("are listed for the shop's own server, which has to say whose", async () => {
    expect((await get('/orders?customer=17', await serverToken())).body.items).toEqual([SHOWN]);
    const answer = await get('/orders', await serverToken());
    expect([answer.status, answer.body.errors[0].pointer]).toEqual([422, 'query:/customer']);
  });

  it.each(['limit=0', 'limit=51', 'cursor=%20', 'customer=', 'status=new', 'after=x'])('refuse %s', async (query) => {
    expect((await get(`/orders?${query}`, await issuer.sign())).status).toBe(422);
    expect(orders.asked).toEqual([]);
  });

  it('may be asked for by a page of a listed origin with its own header', async () => {
    const headers = { origin: 'https://shop.example', 'access-control-request-headers': 'authorization' };
    const answer = await app.inject({ method: 'OPTIONS', url: '/orders', headers });
    expect(answer.statusCode).toBe(204);
    expect(answer.headers).toMatchObject({
      'access-control-allow-origin': 'https://shop.example',
      'access-control-allow-headers': 'authorization',
    });
  });
});

describe('the outcome of a command', () => {
  it('is told to whoever knows its id', async () => {
    expect((await get(`/commands/${COMMAND_ID}`)).body).toEqual({
      commandId: COMMAND_ID,
      command: 'AcceptOrder',
      outcome: 'applied',
      refusal: null,
      orderId: '100001',
      position: '0',
      committedAt: null,
    });
    const unknown = await get(`/commands/${randomUUID()}`);
    expect([unknown.status, unknown.body.code]).toEqual([404, 'command-not-seen']);
  });
});
