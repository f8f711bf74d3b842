import type { FastifyInstance } from 'fastify';
import { Authenticator } from '#connectors/commands/callers/authenticator.ts';
import type { CertificateEntry } from '#connectors/commands/callers/certificates.ts';
import type { TokenVerifier } from '#connectors/commands/callers/jwt.ts';
import { KeyRing } from '#connectors/commands/callers/keyRing.ts';
import { createKey } from '#connectors/commands/callers/keys.ts';
import { createCommandServer, type ServerTls } from '#connectors/commands/http/server.ts';
import { SCOPES } from '#connectors/commands/model/defineCommand.ts';
import { AuditLog } from '#connectors/commands/pipeline/auditLog.ts';
import { memoryQuotas } from '#connectors/commands/pipeline/quotas.ts';
import { CommandPipeline } from '#connectors/commands/pipeline/useCases.ts';
import type { CommandQueue } from '#connectors/commands/queue/queue.ts';
import { SoapDoor } from '#connectors/commands/soap/soapDoor.ts';
import { type Logger, silentLogger } from '#infra/runtime/logger.ts';
import { createMetrics } from '#infra/runtime/metrics.ts';
import { FakeGateway } from './fakeGateway.ts';

export const ORDER = {
  customerId: '17',
  currency: 'GBP',
  lines: [{ sku: 'AB1234', quantity: 2, unitPrice: '9.99' }],
  total: '19.98',
};

const LIMITS = {
  addressRatePerSecond: 10_000,
  bodyLimitBytes: 65_536,
  batchBodyLimitBytes: 1_048_576,
  requestTimeoutMs: 5000,
  maxConnections: 100,
  trustProxy: false as false | readonly string[],
  corsOrigins: [] as readonly string[],
  ratePerSecond: 1000,
  rateBurst: 1000,
  dailyCommands: 1_000_000,
  processes: 1,
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
  const full = await createKey({ id: 'web', scopes: SCOPES });
  const cancel = await createKey({ id: 'desk', scopes: ['orders:cancel'] });
  return { full: full.key, cancel: cancel.key, ring: new KeyRing([full.entry, cancel.entry]) };
}

export interface HarnessOptions {
  readonly limits?: Partial<typeof LIMITS>;
  readonly now?: () => number;
  readonly queue?: CommandQueue;
  readonly tokens?: TokenVerifier;
  readonly tls?: ServerTls;
  readonly certificates?: readonly CertificateEntry[];
  readonly log?: Logger;
  /** Serves the SOAP door; its `requireTls`. */
  readonly soapRequiresTls?: boolean;
}

/** A command server over a gateway in memory. */
export class CommandHarness {
  readonly gateway = new FakeGateway();
  readonly metrics = createMetrics();
  readonly pipeline: CommandPipeline;
  readonly app: FastifyInstance;
  readonly #keys: TestKeys;
  #sent = 0;

  constructor(keys: TestKeys, options: HarnessOptions = {}) {
    this.#keys = keys;
    const { log = silentLogger, now = Date.now, queue, tokens, tls, certificates } = options;
    const limits = { ...LIMITS, ...options.limits };
    const { gateway } = this;
    const audit = new AuditLog(log, this.metrics);
    this.pipeline = new CommandPipeline({ gateway, audit, quotas: memoryQuotas(limits), queue, now });
    const authenticator = new Authenticator({
      keys: keys.ring,
      ...(tokens && { tokens }),
      ...(certificates && { certificates }),
    });
    const { soapRequiresTls: requireTls } = options;
    const door = new SoapDoor({ useCases: this.pipeline, authenticator, url: 'https://commands.example/soap' });
    this.app = createCommandServer({
      pipeline: this.pipeline,
      gateway,
      authenticator,
      soap: requireTls === undefined ? undefined : { door, bodyLimitBytes: limits.bodyLimitBytes, requireTls },
      audit,
      queue,
      document: () => ({ openapi: '3.1.0' }),
      log,
      limits,
      now,
      tls,
    });
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
      payload: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body),
    });
  }

  get(url: string, key: string | null = this.#keys.full, headers: Record<string, string> = {}) {
    const authorization = key === null ? {} : { authorization: `Bearer ${key}` };
    return this.app.inject({ method: 'GET', url, headers: { ...authorization, ...headers } });
  }
}
