import type { FastifyInstance } from 'fastify';
import { beforeEach, describe, expect, it } from 'vitest';
import type { CopyProgressReader } from '#consumers/orders/commandWaits.ts';
import { createStorefrontServer } from '#consumers/storefront/server.ts';
import { storefrontSchema } from '#infra/runtime/config/storefront.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import { HttpListener } from '#infra/runtime/http/listener.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { createMetrics } from '#infra/runtime/metrics.ts';
import { eventually } from '#test/support/eventually.ts';
import { COMMAND_ID, DEFINITION, FakeSearch, FakeStock } from './fakes.ts';

const SOURCE_TIME_MS = Date.parse('2024-01-01T00:00:00Z');
let asked: unknown[];
let outcome: () => Promise<boolean>;
let signalOf: AbortSignal | undefined;

const progress: CopyProgressReader = {
  waiting: 0,
  passed: async () => ({ position: '', sourceTimeMs: SOURCE_TIME_MS }),
  untilCommandPassed: (copy, commandId, timeoutMs, signal) => {
    asked.push([copy, commandId, timeoutMs]);
    signalOf = signal;
    return outcome();
  },
  close: async () => undefined,
};

function server(known: CopyProgressReader | undefined = progress): FastifyInstance {
  const stock = new FakeStock();
  stock.set('A', 5);
  return createStorefrontServer({
    sides: {
      search: new FakeSearch(),
      searchDefinition: DEFINITION,
      stock,
      progress: known,
      documents: 'catalog.product',
    },
    limits: { ...storefrontSchema.parse({}), maxOrderWaitMs: 1234 },
    log: silentLogger,
    metrics: createMetrics(),
    now: () => SOURCE_TIME_MS + 2500,
  });
}

beforeEach(() => {
  asked = [];
  outcome = async () => true;
  signalOf = undefined;
});

describe('reading what one has written (?after=)', () => {
  it.each([
    ['/stock?skus=A&', 'stock'],
    ['/products/AB1?', 'catalog.product'],
  ])('%s waits for that copy, for the time that is configured', async (url, copy) => {
    expect((await server().inject(`${url}after=${COMMAND_ID.toUpperCase()}`)).statusCode).toBe(200);
    expect(asked).toEqual([[copy, COMMAND_ID, 1234]]);
    expect((await server().inject(url.slice(0, -1))).statusCode).toBe(200);
    expect(asked.length).toBe(1);
  });

  it('is answered 503 with the time to ask again, when the copy does not show it in time or too many wait', async () => {
    outcome = async () => false;
    const late = await server().inject(`/stock?skus=A&after=${COMMAND_ID}`);
    expect([late.statusCode, late.json().code, late.headers['retry-after']]).toEqual([503, 'not-visible-yet', '1']);
    outcome = async () => Promise.reject(new SluiceError('COPY_WAITS_FULL', 'full'));
    const full = await server().inject(`/products/AB1?after=${COMMAND_ID}`);
    expect([full.statusCode, full.headers['retry-after']]).toEqual([503, '1']);
  });

  it('is refused for what is no command id, and where nothing can be waited for', async () => {
    expect((await server().inject('/stock?skus=A&after=7')).statusCode).toBe(422);
    const { statusCode } = await createStorefrontServer({
      sides: { search: new FakeSearch(), searchDefinition: DEFINITION, stock: new FakeStock() },
      limits: storefrontSchema.parse({}),
      log: silentLogger,
      metrics: createMetrics(),
    }).inject(`/stock?skus=A&after=${COMMAND_ID}`);
    expect(statusCode).toBe(422);
  });

  it('waits no longer when the caller has gone', async () => {
    outcome = () => new Promise((_, reject) => signalOf!.addEventListener('abort', () => reject(signalOf!.reason)));
    const listener = new HttpListener({
      name: 'test',
      app: server(),
      http: { host: '127.0.0.1', port: 0 },
      log: silentLogger,
    });
    await listener.start();
    const caller = new AbortController();
    const request = fetch(`${listener.url}/stock?skus=A&after=${COMMAND_ID}`, { signal: caller.signal }).catch(
      () => null,
    );
    await eventually(() => expect(asked.length).toBe(1));
    caller.abort();
    await request;
    await eventually(() => expect(signalOf!.aborted).toBe(true));
    await listener.stop();
  });
});

describe('a product', () => {
  it('tells how old it is, which does not change its entity tag', async () => {
    const first = await server().inject('/products/AB1');
    expect(first.json()).toMatchObject({ asOf: '2024-01-01T00:00:00.000Z', ageSeconds: 2.5 });
    const again = await server().inject({
      url: '/products/AB1',
      headers: { 'if-none-match': String(first.headers.etag) },
    });
    expect([String(first.headers.etag).slice(0, 2), again.statusCode]).toEqual(['W/', 304]);
  });
});
