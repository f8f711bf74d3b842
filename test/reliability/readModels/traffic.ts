import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '#connectors/sqlserver/connection.ts';
import { BRANCHES, CATEGORIES, GROUPS, PASSING, PRODUCTS, passingSku, skuOf } from './shopTables.ts';

/** Pause between two transactions, ms: some 150 changed rows a second in all. */
const PAUSE_MS = 30;

/** What a shop's day changes, each change with a marker higher than all before it. */
export class ShopDay {
  readonly #db: Database;
  readonly #random: () => number;
  readonly #abort = new AbortController();
  #seq = 0;
  #orders = 0;
  #transactions = 0;
  #running: Promise<void> = Promise.resolve();
  /** Command ids by the order they made, newest last; shoppers ask by them. */
  readonly orders: { readonly orderId: string; readonly commandId: string }[] = [];

  /** `random` is uniform in [0, 1): the same numbers give the same day, but for its pace. */
  constructor(db: Database, random: () => number) {
    this.#db = db;
    this.#random = random;
  }

  get transactions(): number {
    return this.#transactions;
  }

  start(): void {
    this.#running = this.#run();
    this.#running.catch(() => undefined);
  }

  /** Resolves when the last transaction is through; rejects with what ended the traffic. */
  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#running;
  }

  /** Changes one product, one level and one order, and gives the marker they carry now. */
  async mark(): Promise<number> {
    const seq = ++this.#seq;
    await this.#db.batch(`BEGIN TRANSACTION;
UPDATE dbo.PRODUCT SET SEQ = ${seq} WHERE CODE = '${skuOf(0)}';
UPDATE dbo.STOCK SET QTY = ${seq} WHERE CODE = '${skuOf(0)}';
COMMIT TRANSACTION;`);
    return seq;
  }

  /** Gives products a name their projection cannot bear, or mends them. */
  async poison(numbers: readonly number[], name: string): Promise<void> {
    const seq = ++this.#seq;
    await this.#db.batch(
      `UPDATE dbo.PRODUCT SET NAME = '${name}', SEQ = ${seq} WHERE CODE IN (${numbers.map((n) => `'${skuOf(n)}'`).join(', ')});`,
    );
  }

  async #run(): Promise<void> {
    while (!this.#abort.signal.aborted) {
      await this.#db.batch(`BEGIN TRANSACTION;\n${this.#transaction()}\nCOMMIT TRANSACTION;`);
      this.#transactions += 1;
      await delay(PAUSE_MS);
    }
  }

  #transaction(): string {
    const roll = this.#below(100);
    if (roll < 40) return this.#sell();
    if (roll < 65) return this.#amend();
    if (roll < 80) return this.#order();
    if (roll < 88) return this.#comeAndGo();
    if (roll < 92) return this.#relabel();
    if (roll < 98) return this.#update('dbo.CATEGORY', `CAT = 'C${this.#below(CATEGORIES)}'`);
    return this.#update('dbo.CAT_GROUP', `GRP = ${this.#below(GROUPS)}`);
  }

  #update(table: string, where: string, more = ''): string {
    return `UPDATE ${table} SET SEQ = ${++this.#seq}${more} WHERE ${where};`;
  }

  #sell(): string {
    const codes = this.#codes(1 + this.#below(8));
    return `UPDATE dbo.STOCK SET QTY = ${++this.#seq} WHERE BRANCH = ${this.#below(BRANCHES)} AND CODE IN (${codes});`;
  }

  #amend(): string {
    const where = `CODE IN (${this.#codes(1 + this.#below(6))})`;
    const kind = this.#below(10);
    if (kind < 6) return this.#update('dbo.PRODUCT', where, `, NAME = 'Thing at ${this.#seq}'`);
    if (kind < 8) return this.#update('dbo.PRODUCT', where, `, CAT = 'C${this.#below(CATEGORIES)}'`);
    return this.#update('dbo.PRODUCT', where, `, LONG_DESC = 'Told at ${this.#seq}'`);
  }

  #order(): string {
    const seq = ++this.#seq;
    if (this.#orders > 5 && this.#random() < 0.6) {
      const number = 1 + this.#below(this.#orders);
      const moved = this.#random() < 0.2 ? `, CUST = ${this.#below(50)}` : '';
      return `UPDATE dbo.ORD SET STATUS = '${'NPS'[this.#below(3)]}', TOTAL = ${seq}${moved} WHERE ORD_NO = ${number};
${this.#amendLine(number, seq)}`;
    }
    const number = ++this.#orders;
    const commandId = randomUUID();
    this.orders.push({ orderId: String(number), commandId });
    return `INSERT INTO dbo.ORD (ORD_NO, CUST, STATUS, TOTAL) VALUES (${number}, ${this.#below(50)}, 'N', ${seq});
INSERT INTO dbo.ORD_LINE (ORD_NO, LINE_NO, CODE, QTY) VALUES ${[1, 2, 3].map((line) => `(${number}, ${line}, ${this.#codes(1)}, ${seq})`).join(', ')};
INSERT INTO storefront.COMMAND (COMMAND_ID, COMMAND_NAME, ORDER_ID) VALUES ('${commandId}', 'AcceptOrder', '${number}');`;
  }

  #amendLine(order: number, seq: number): string {
    const where = `WHERE ORD_NO = ${order} AND LINE_NO = ${1 + this.#below(3)};`;
    return this.#random() < 0.7 ? `UPDATE dbo.ORD_LINE SET QTY = ${seq} ${where}` : `DELETE FROM dbo.ORD_LINE ${where}`;
  }

  /** A product that is there goes with all that belongs to it; one that is not comes. */
  #comeAndGo(): string {
    const sku = passingSku(this.#below(PASSING));
    const seq = ++this.#seq;
    return `IF EXISTS (SELECT 1 FROM dbo.PRODUCT WHERE CODE = '${sku}')
BEGIN
  DELETE FROM dbo.STOCK WHERE CODE = '${sku}';
  DELETE FROM dbo.BARCODE WHERE CODE = '${sku}';
  DELETE FROM dbo.PRODUCT WHERE CODE = '${sku}';
END
ELSE
BEGIN
  INSERT INTO dbo.PRODUCT (CODE, NAME, LONG_DESC, CAT, SEQ, LIVE) VALUES ('${sku}', 'Passing', NULL, 'C${this.#below(CATEGORIES)}', ${seq}, '${this.#random() < 0.8 ? 'Y' : 'N'}');
  INSERT INTO dbo.STOCK (CODE, BRANCH, QTY) VALUES ('${sku}', 0, ${seq});
  INSERT INTO dbo.BARCODE (BARCODE, CODE) VALUES ('N${seq}', '${sku}');
END;`;
  }

  /** A barcode goes to another product. */
  #relabel(): string {
    return `UPDATE dbo.BARCODE SET CODE = '${skuOf(this.#below(PRODUCTS))}' WHERE BARCODE = 'B${this.#below(PRODUCTS / 2)}';`;
  }

  #codes(count: number): string {
    return Array.from({ length: count }, () => `'${skuOf(this.#below(PRODUCTS))}'`).join(', ');
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }
}
