import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { Authenticator } from '#connectors/commands/callers/authenticator.ts';
import { KeyRing } from '#connectors/commands/callers/keyRing.ts';
import { createKey } from '#connectors/commands/callers/keys.ts';
import { StoredProcedureGateway } from '#connectors/commands/gateways/storedProcedures.ts';
import { createCommandServer } from '#connectors/commands/http/server.ts';
import { SCOPES } from '#connectors/commands/model/defineCommand.ts';
import { AuditLog } from '#connectors/commands/pipeline/auditLog.ts';
import { memoryQuotas } from '#connectors/commands/pipeline/quotas.ts';
import { CommandPipeline } from '#connectors/commands/pipeline/useCases.ts';
import { type Database, openDatabase } from '#connectors/sqlserver/connection.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { createMetrics } from '#infra/runtime/metrics.ts';
import type { CommandShop } from './commandShop.ts';

export interface Line {
  readonly sku: string;
  readonly quantity: number;
  readonly unitPrice: string;
}

/** Limits that no test reaches by accident. */
const LIMITS = {
  ratePerSecond: 10_000,
  rateBurst: 10_000,
  dailyCommands: 10_000_000,
  processes: 1,
  addressRatePerSecond: 100_000,
  bodyLimitBytes: 65_536,
  batchBodyLimitBytes: 2_097_152,
  requestTimeoutMs: 30_000,
  maxConnections: 1000,
  trustProxy: false,
  corsOrigins: [],
} as const;

/** The command API over a test shop's database, with a key that may do everything. */
export class CommandClient {
  readonly app: FastifyInstance;
  readonly #shop: CommandShop;
  readonly #database: Database;
  readonly #key: string;

  private constructor(shop: CommandShop, database: Database, app: FastifyInstance, key: string) {
    this.#shop = shop;
    this.#database = database;
    this.app = app;
    this.#key = key;
  }

  static async open(shop: CommandShop): Promise<CommandClient> {
    const database = await openDatabase(shop.commandOptions);
    const { key, entry } = await createKey({ id: 'test', scopes: SCOPES });
    const gateway = new StoredProcedureGateway({
      database,
      gate: { maxConcurrency: 8, maxQueued: 500, queueTimeoutMs: 60_000 },
      maxAttempts: 5,
      budgetMs: 30_000,
      log: silentLogger,
    });
    const audit = new AuditLog(silentLogger, createMetrics());
    const pipeline = new CommandPipeline({ gateway, audit, quotas: memoryQuotas(LIMITS), now: Date.now });
    const app = createCommandServer({
      pipeline,
      gateway,
      authenticator: new Authenticator({ keys: new KeyRing([entry]) }),
      audit,
      document: () => ({}),
      log: silentLogger,
      limits: LIMITS,
    });
    return new CommandClient(shop, database, app, key);
  }

  send(url: string, body: unknown, idempotencyKey: string = randomUUID()) {
    const headers = {
      authorization: `Bearer ${this.#key}`,
      'idempotency-key': idempotencyKey,
      'content-type': 'application/json',
    };
    return this.app.inject({ method: 'POST', url, headers, payload: JSON.stringify(body) });
  }

  /** The key of every request. */
  get apiKey(): string {
    return this.#key;
  }

  /** Sends a body as it is, with a key of its own. */
  raw(url: string, payload: string | Buffer) {
    const headers = {
      authorization: `Bearer ${this.#key}`,
      'idempotency-key': randomUUID(),
      'content-type': 'application/json',
    };
    return this.app.inject({ method: 'POST', url, headers, payload });
  }

  /** A right order of these lines, changed by `more`. */
  order(lines: readonly Line[], more: object = {}): object {
    const { customer, currency } = this.#shop.goods;
    return { customerId: customer, currency, lines, total: sum(lines), ...more };
  }

  kettles(quantity: number): Line {
    const { sku, price } = this.#shop.goods.kettle;
    return { sku, quantity, unitPrice: price };
  }

  lamps(quantity: number): Line {
    const { sku, price } = this.#shop.goods.lamp;
    return { sku, quantity, unitPrice: price };
  }

  /** Pieces that can still be sold. */
  async free(sku: string): Promise<number> {
    const { onHand, reserved } = await this.#shop.stock(sku);
    return onHand - reserved;
  }

  async close(): Promise<void> {
    await this.app.close();
    await this.#database.close();
  }
}

/** Exact sum of lines whose prices have up to four decimals. */
function sum(lines: readonly Line[]): string {
  const units = lines.reduce((total, line) => {
    const [whole = '0', fraction = ''] = line.unitPrice.split('.');
    return total + BigInt(whole + fraction.padEnd(4, '0')) * BigInt(line.quantity);
  }, 0n);
  const text = String(units).padStart(5, '0');
  return `${text.slice(0, -4)}.${text.slice(-4)}`;
}
