import type { FastifyInstance } from 'fastify';
import { createKey, KeyRing } from '#connectors/commands/http/keys.ts';
import { createCommandServer } from '#connectors/commands/http/server.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { createMetrics } from '#infra/runtime/metrics.ts';
import { FakeGateway } from './fakeGateway.ts';

export const ORDER = {
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

/** What a request differs in from a good one; null leaves a header out. */
export interface Sent {
  readonly key?: string | null;
  readonly idempotencyKey?: string | null;
  readonly url?: string;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly headers?: Record<string, string>;
}

/** The keys of all harnesses: hashing one takes a while. */
export interface TestKeys {
  /** May do everything. */
  readonly full: string;
  /** Another caller, who may only cancel. */
  readonly cancel: string;
  readonly ring: KeyRing;
}

export async function testKeys(): Promise<TestKeys> {
  const full = await createKey({ id: 'web', scopes: ['orders:write', 'orders:cancel'] });
  const cancel = await createKey({ id: 'desk', scopes: ['orders:cancel'] });
  return { full: full.key, cancel: cancel.key, ring: new KeyRing([full.entry, cancel.entry]) };
}

/** A command server over a gateway in memory. */
export class CommandHarness {
  readonly gateway = new FakeGateway();
  readonly app: FastifyInstance;
  readonly #keys: TestKeys;
  #sent = 0;

  constructor(keys: TestKeys, limits: Partial<typeof LIMITS> = {}, now?: () => number) {
    this.#keys = keys;
    this.app = createCommandServer({
      gateway: this.gateway,
      keys: keys.ring,
      log: silentLogger,
      metrics: createMetrics(),
      limits: { ...LIMITS, ...limits },
      ...(now ? { now } : {}),
    }).app;
  }

  post(sent: Sent = {}) {
    const { key = this.#keys.full, idempotencyKey = `key-${this.#sent++}`, url = '/orders', body = ORDER } = sent;
    return this.app.inject({
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
  }
}
