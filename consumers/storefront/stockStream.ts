import type { ServerResponse } from 'node:http';
import type { StockItem } from './stockView.ts';

export interface StockStreamOptions {
  readonly response: ServerResponse;
  readonly address: string;
  readonly skus: readonly string[];
  readonly lastEventId?: string;
  /** Bytes that may wait in our memory for this client; more, and it is cut off. */
  readonly maxBufferedBytes: number;
}

/**
 * One client's stock stream. Every event holds the whole present state of one sku, so a slow client misses nothing by being sent less:
 * while its socket is full only the names of the changed skus are kept (at most all it asked for), and it gets their newest state later.
 * Source of the format: WHATWG HTML, Server-sent events.
 */
export class StockStream {
  readonly address: string;
  readonly skus: ReadonlySet<string>;
  readonly lastEventId: string | undefined;
  /** Skus whose present state the client has not been sent. */
  readonly pending = new Set<string>();
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

  /** The skus to read for this client now. They count as told from here on: a change that comes while they are read is pending again. */
  takePending(): readonly string[] {
    const skus = [...this.pending];
    this.pending.clear();
    return skus;
  }

  send(id: string, item: StockItem): void {
    this.#write(`id: ${id}\nevent: stock\ndata: ${JSON.stringify(item)}\n\n`);
  }

  /** A comment that keeps proxies from closing a quiet stream. A client that has read nothing for a whole interval is cut off. */
  heartbeat(): void {
    if (this.isFull && this.#wasFullAtHeartbeat) this.cutOff();
    this.#wasFullAtHeartbeat = this.isFull;
    if (!this.isFull) this.#write(': still here\n\n');
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
