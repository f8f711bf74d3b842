import { setTimeout as delay } from 'node:timers/promises';
import type { MarkedProduct } from './shop.config.ts';
import { BRANCHES, PRODUCTS, skuOf } from './shopTables.ts';
import type { ShopDay } from './traffic.ts';

/** A thing a shopper saw that must not be. */
export interface Wrong {
  readonly atMs: number;
  readonly what: string;
}

/** What a shopper may be spared while a copy is gone: the check begins anew when the excuse is over. */
export type Copy = 'stock' | 'orders' | 'products';

const PAUSE_MS = 40;
const TIMEOUT_MS = 4000;
/** Fewer products in a search than this share of those that never go: a half-built index. */
const LEAST_SHARE = 0.99;
const KEPT_WRONGS = 20;

interface StockAnswer {
  readonly items: readonly {
    readonly sku: string;
    readonly locations: readonly { readonly location: string; readonly onHand: number }[];
  }[];
}
interface SearchAnswer {
  readonly total: number;
  /** Elasticsearch was too slow to look at everything, and the answer says so. */
  readonly partial: boolean;
  readonly items: readonly MarkedProduct[];
}

/** Asks the storefront all the time, as shoppers do, and notes every older state that comes after a newer one. */
export class Shopper {
  readonly wrongs: Wrong[] = [];
  /** Answers by status; 0 for none. */
  readonly answers = new Map<number, number>();
  readonly #url: string;
  readonly #day: ShopDay;
  readonly #random: () => number;
  readonly #abort = new AbortController();
  readonly #newest = new Map<string, number>();
  readonly #excused = new Map<Copy, string>();
  readonly #startedMs = Date.now();
  #wrongCount = 0;
  #excusedCount = 0;
  #complete = false;
  #running: Promise<unknown> = Promise.resolve();

  constructor(url: string, day: ShopDay, random: () => number) {
    this.#url = url;
    this.#day = day;
    this.#random = random;
  }

  get wrongCount(): number {
    return this.#wrongCount;
  }
  /** Older states seen while they were excused. */
  get excusedCount(): number {
    return this.#excusedCount;
  }

  start(): void {
    this.#running = Promise.all([
      this.#every('stock'),
      this.#every('product'),
      this.#every('search'),
      this.#every('order'),
    ]);
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#running;
  }

  /** From now on all products that never go must be found. */
  expectAll(): void {
    this.#complete = true;
  }

  /** A copy was taken away on purpose: older states of it count apart until `forgive` is called. */
  excuse(copy: Copy, why: string): void {
    this.#excused.set(copy, why);
  }

  /** Ends the excuses; what is seen from now on is compared with itself only. */
  endExcuses(): void {
    for (const copy of this.#excused.keys())
      for (const key of this.#newest.keys()) if (key.startsWith(`${copy}:`)) this.#newest.delete(key);
    this.#excused.clear();
  }

  async #every(kind: 'stock' | 'product' | 'search' | 'order'): Promise<void> {
    const look = { stock: this.#stock, product: this.#product, search: this.#search, order: this.#order }[kind];
    while (!this.#abort.signal.aborted) {
      try {
        await look.call(this);
      } catch {
        this.#count(0);
      }
      await delay(PAUSE_MS);
    }
  }

  async #stock(): Promise<void> {
    const skus = this.#numbers(40).map(skuOf);
    const answer = await this.#get<StockAnswer>(`/stock?skus=${skus.join(',')}`);
    if (answer === null) return;
    if (this.#complete && answer.items.length < new Set(skus).size)
      this.#wrong('stock', `${skus.length - answer.items.length} of ${skus.length} skus have no stock`);
    for (const { sku, locations } of answer.items) {
      if (this.#complete && locations.length < BRANCHES) this.#wrong('stock', `${sku} has ${locations.length} places`);
      for (const { location, onHand } of locations) this.#seen('stock', `${sku}/${location}`, onHand);
    }
  }

  async #product(): Promise<void> {
    const sku = skuOf(this.#numbers(1)[0]!);
    const answer = await this.#get<{ product: MarkedProduct }>(`/products/${sku}`, () => {
      if (this.#complete) this.#wrong('products', `${sku} is not there`);
    });
    if (answer !== null) this.#document('one', answer.product);
  }

  async #search(): Promise<void> {
    const answer = await this.#get<SearchAnswer>('/products?sort=newest&limit=40');
    if (answer === null) return;
    if (this.#complete && !answer.partial && answer.total < PRODUCTS * LEAST_SHARE)
      this.#wrong('products', `a search finds ${answer.total} of ${PRODUCTS} products`);
    for (const product of answer.items) this.#document('search', product);
  }

  async #order(): Promise<void> {
    const { orders } = this.#day;
    const order = orders[Math.floor(this.#random() * Math.max(0, orders.length - 20))];
    if (order === undefined) return;
    const answer = await this.#get<{ total: string }>(`/orders/${order.orderId}?after=${order.commandId}`);
    if (answer !== null) this.#seen('orders', order.orderId, Number(answer.total));
  }

  #document(door: string, { sku, seq, category, categorySeq, groupSeq }: MarkedProduct): void {
    this.#seen('products', `${door}/${sku}`, seq);
    if (categorySeq !== null) this.#seen('products', `${door}/${sku}/${category}`, categorySeq);
    if (groupSeq !== null) this.#seen('products', `${door}/${sku}/${category}/group`, groupSeq);
  }

  #seen(copy: Copy, key: string, marker: number): void {
    const name = `${copy}:${key}`;
    const before = this.#newest.get(name);
    if (before === undefined || marker > before) this.#newest.set(name, marker);
    else if (marker < before) {
      this.#wrong(copy, `${key} went from ${before} back to ${marker}`);
      this.#newest.set(name, marker);
    }
  }

  #wrong(copy: Copy, what: string): void {
    if (this.#excused.has(copy)) {
      this.#excusedCount += 1;
      return;
    }
    this.#noted(`${copy}: ${what}`);
  }

  #noted(what: string): void {
    this.#wrongCount += 1;
    if (this.wrongs.length < KEPT_WRONGS) this.wrongs.push({ atMs: Date.now() - this.#startedMs, what });
  }

  /** null for every answer but 200. */
  async #get<T>(path: string, onMissing: () => void = () => undefined): Promise<T | null> {
    const response = await fetch(`${this.#url}${path}`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    this.#count(response.status);
    const body = (await response.json()) as T;
    if (response.status === 404) onMissing();
    // Nothing excuses an internal fault.
    if (response.status === 500) this.#noted(`GET ${path.split('?')[0]} answered 500`);
    return response.status === 200 ? body : null;
  }

  #count(status: number): void {
    this.answers.set(status, (this.answers.get(status) ?? 0) + 1);
  }

  #numbers(count: number): number[] {
    return Array.from({ length: count }, () => Math.floor(this.#random() * PRODUCTS));
  }
}
