import type { ServerResponse } from 'node:http';
import type { StockEvent } from '#consumers/stock/stockEvents.ts';
import type { StockChange } from '#consumers/stock/stockTypes.ts';
import type { StockItem } from './stockView.ts';

export interface StockStreamOptions {
  readonly response: ServerResponse;
  readonly address: string;
  readonly skus: readonly string[];
  readonly lastEventId?: string;
  /** Bytes that may wait in our memory for this client; more, and it is cut off. */
  readonly maxBufferedBytes: number;
}

/** Names of the server-sent events. */
const EVENT_NAMES: Readonly<Record<StockEvent['type'], string>> = {
  'stock.low': 'low-stock',
  'stock.back_in_stock': 'back-in-stock',
};

/**
 * One client's stock stream. Every event holds the whole present state of one sku, so a slow client misses nothing by being sent less:
 * while its socket is full only the names of the changed skus are kept (at most all it asked for), and it gets their newest state later.
 * Of low-stock and back-in-stock news a slow client gets the newest of each sku.
 * Source of the format: WHATWG HTML, Server-sent events.
 */
export class StockStream {
  readonly address: string;
  readonly skus: ReadonlySet<string>;
  readonly lastEventId: string | undefined;
  /** Skus whose present state the client has not been sent. */
  readonly pending = new Set<string>();
  /** News the client has not been sent, by sku. */
  readonly news = new Map<string, StockEvent>();
  /** What the client knows may be too old to go on from: it has to be told that everything comes anew. */
  needsReset = false;
  /** Readings for this client that are under way besides the one that tells it something. */
  busy = 0;
  readonly #response: ServerResponse;
  readonly #maxBufferedBytes: number;
  #wasFullAtHeartbeat = false;

  constructor(options: StockStreamOptions) {
    this.address = options.address;
    this.skus = new Set(options.skus);
    this.lastEventId = options.lastEventId;
    this.#response = options.response;
    this.#maxBufferedBytes = options.maxBufferedBytes;
  }

  /** Calls `onClose` once when either side has ended it, and `onDrain` whenever a full socket has room again. */
  watch(onClose: () => void, onDrain: () => void): void {
    this.#response
      .once('close', onClose)
      .on('error', () => undefined)
      .on('drain', onDrain);
  }

  /** Whether more may be written now. */
  get isFull(): boolean {
    return this.#response.writableNeedDrain;
  }

  /** A change of one of its skus: the state is told, and what the change made happen. */
  changed({ sku, event }: Pick<StockChange, 'sku' | 'event'>): void {
    if (!this.skus.has(sku)) return;
    this.pending.add(sku);
    if (event !== null) this.news.set(sku, event);
  }

  /** Whether there is anything to tell. */
  get hasNews(): boolean {
    return this.pending.size > 0 || this.news.size > 0 || this.needsReset;
  }

  /** Everything it asked for is told again, after a reset. */
  reset(): void {
    this.needsReset = true;
    for (const sku of this.skus) this.pending.add(sku);
  }

  /** The skus to read for this client now. They count as told from here on: a change that comes while they are read is pending again. */
  takePending(): readonly string[] {
    const skus = [...this.pending];
    this.pending.clear();
    return skus;
  }

  /**
   * Writes what there is to tell: the reset, news, then states; what finds no room is pending again. `id` is where a client that comes back goes
   * on: it is told only with the last of everything, because it says that nothing before it is missing.
   */
  tell(items: readonly StockItem[], id: string): void {
    if (this.needsReset) this.#frame('reset', { skus: [...this.skus] }, null);
    this.needsReset = false;
    const left = [...items];
    for (const [sku, event] of this.news) {
      if (this.isFull) break;
      this.news.delete(sku);
      this.#frame(EVENT_NAMES[event.type], event, this.#isLast(left) ? id : null);
    }
    for (let item = left.shift(); item; item = left.shift()) {
      if (this.isFull) {
        for (const { sku } of [item, ...left]) this.pending.add(sku);
        return;
      }
      this.#frame('stock', item, this.#isLast(left) ? id : null);
    }
  }

  /**
   * A comment that keeps proxies from closing a quiet stream, with the id reached when nothing is left to tell. A client that has read nothing
   * for a whole interval is cut off.
   */
  heartbeat(id: string | null): void {
    if (this.isFull && this.#wasFullAtHeartbeat) this.cutOff();
    this.#wasFullAtHeartbeat = this.isFull;
    if (this.isFull) return;
    this.#write(id !== null && this.#isLast([]) ? `: still here\nid: ${id}\n\n` : ': still here\n\n');
  }

  #isLast(left: readonly StockItem[]): boolean {
    return left.length === 0 && this.news.size === 0 && this.pending.size === 0 && !this.needsReset && this.busy === 0;
  }

  #frame(event: string, data: object, id: string | null): void {
    this.#write(`${id === null ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  end(): void {
    this.#response.end();
  }

  cutOff(): void {
    this.#response.destroy();
  }

  #write(text: string): void {
    this.#response.write(text);
    if (this.#response.writableLength > this.#maxBufferedBytes) this.cutOff();
  }
}
