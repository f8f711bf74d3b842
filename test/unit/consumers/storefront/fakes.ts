import type { CatalogSearch, SearchParams, SearchResult } from '#consumers/catalog/searchTypes.ts';
import type { CommandOutcome, CommandSeen, OrderPage, OrderReader, OrderStatus } from '#consumers/orders/orderTypes.ts';
import type { StockEvent } from '#consumers/stock/stockEvents.ts';
import type { SkuStock, StockChange, StockReader } from '#consumers/stock/stockTypes.ts';
import type { SearchDefinition } from '#infra/runtime/config/catalog.ts';
import { SluiceError } from '#infra/runtime/errors.ts';

export const DEFINITION: SearchDefinition = {
  text: { name: 1 },
  facets: {
    brand: { field: 'brand' },
    price: { field: 'priceMinor', ranges: [{ key: 'under-10', to: 1000 }] },
  },
  sorts: { price_asc: [{ field: 'priceMinor', order: 'asc' }] },
  stock: { field: 'sku' },
};

const EMPTY_PAGE: SearchResult<object> = {
  total: 0,
  matched: 0,
  partial: false,
  relaxed: null,
  didYouMean: null,
  ignoredWords: [],
  instead: [],
  items: [],
  facets: {},
  bounds: {},
  nextCursor: null,
};

export class FakeSearch implements CatalogSearch<object> {
  readonly asked: SearchParams[] = [];
  documents = new Map<string, object>([['AB1', { sku: 'AB1', name: 'Kettle' }]]);

  async search(params: SearchParams) {
    this.asked.push(params);
    const items = [...this.documents].map(([id, document]) => ({
      id,
      cursor: `after-${id}`,
      document,
      highlight: { name: '<mark>Kettle</mark>' },
    }));
    return { ...EMPTY_PAGE, total: items.length, matched: items.length, items };
  }
  async suggest(q: string) {
    const products = [{ id: 'AB1', text: `Kettle for ${q}`, fields: { sku: 'AB1' } }];
    return { products, completions: [`${q} kettle`], values: [], corrected: false };
  }
  async get(id: string) {
    const document = this.documents.get(id);
    return document === undefined ? null : { id, version: 1, document };
  }
  async close() {}
}

/** Stock in memory; `sell` changes a level and wakes whoever waits for changes. */
export class FakeStock implements StockReader {
  readonly #levels = new Map<string, number>();
  readonly #changes: StockChange[] = [];
  #changed = Promise.withResolvers<void>();
  reads = 0;
  /** The next read of the change stream says that it does not reach back. */
  cut = false;
  broken = false;

  set(sku: string, onHand: number): void {
    this.#levels.set(sku, onHand);
    this.#changes.push({
      id: String(this.#changes.length + 1),
      sku,
      location: '1',
      event: null,
    });
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  async read(skus: readonly string[]) {
    if (this.broken) throw new SluiceError('INTERNAL', 'gone', { retriable: true });
    this.reads++;
    return new Map(
      skus.flatMap((sku) => (this.#levels.has(sku) ? [[sku, level(sku, this.#levels.get(sku)!)] as const] : [])),
    );
  }
  async latestChangeId() {
    return String(this.#changes.length);
  }
  /** Says of an article that something happened to it. */
  tell(event: StockEvent): void {
    this.#changes.push({ id: String(this.#changes.length + 1), sku: event.sku, location: '1', event });
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  async changes(afterId: string, options: { readonly signal?: AbortSignal; readonly waitMs?: number } = {}) {
    if (!/^\d+$/.test(afterId)) throw new SluiceError('STOCK_REQUEST_INVALID', 'no id');
    if (this.cut) {
      this.cut = false;
      return { changes: [], gap: true };
    }
    if (Number(afterId) > this.#changes.length) return { changes: [], gap: true };
    const ready = () => this.#changes.slice(Number(afterId));
    if (ready().length === 0 && options.waitMs !== undefined) {
      const stopped = Promise.withResolvers<void>();
      options.signal?.addEventListener('abort', () => stopped.reject(options.signal?.reason), { once: true });
      await Promise.race([this.#changed.promise, stopped.promise]);
    }
    return { changes: ready(), gap: false };
  }
  async close() {}
}

function level(sku: string, onHand: number): SkuStock {
  const amounts = { onHand, reserved: 0, available: onHand };
  return {
    sku,
    ...amounts,
    locations: [{ location: '1', safety: 0, ...amounts }],
    asOf: '2024-01-01T00:00:00.000Z',
    ageSeconds: sku === 'OLD' ? 60 : 1,
    live: sku.startsWith('LIVE'),
  };
}

export const COMMAND_ID = '5f0c6a52-8a0e-4c53-9a55-0d9a6d1c2b11';

export class FakeOrders implements OrderReader {
  readonly hasLines = false;
  outcome: CommandOutcome = 'visible';
  readonly asked: unknown[] = [];
  readonly order: OrderStatus = {
    orderId: '100001',
    position: '1'.repeat(49),
    customerId: '17',
    status: 'new',
    statusAt: '2024-01-01T00:00:00.000Z',
    history: [],
  };

  async read(orderId: string) {
    return orderId === this.order.orderId ? this.order : null;
  }
  async command(commandId: string): Promise<CommandSeen | null> {
    if (commandId !== COMMAND_ID) return null;
    const refusal = this.outcome === 'refused' ? 'order-not-cancellable' : null;
    const orderId = refusal === null ? '100001' : null;
    return { commandId, commandName: 'AcceptOrder', orderId, position: '0', committedAt: null, refusal };
  }
  async waitForCommand() {
    return this.outcome;
  }
  async ofCustomer(customerId: string, page: { readonly limit: number; readonly cursor?: string }): Promise<OrderPage> {
    this.asked.push({ customerId, ...page });
    return { orders: customerId === this.order.customerId ? [this.order] : [], nextCursor: null };
  }
  async close() {}
}
