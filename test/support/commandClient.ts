import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { createCommandServer } from '#connectors/commands/http/server.ts';
import type { Database } from '#connectors/sqlserver/connection.ts';
import { commandParts } from './commandParts.ts';
import type { CommandShop } from './commandShop.ts';

export interface Line {
  readonly sku: string;
  readonly quantity: number;
  readonly unitPrice: string;
}

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
    const { database, key, server } = await commandParts(shop, 'test');
    return new CommandClient(shop, database, createCommandServer(server), key);
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
