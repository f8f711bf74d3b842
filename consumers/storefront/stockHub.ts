import type { SkuStock, StockReader } from '#consumers/stock/stockTypes.ts';
import { type Clock, systemClock } from '#infra/runtime/clock.ts';
import { errorFields, isAbort } from '#infra/runtime/errors.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import { Gauge, type Registry } from '#infra/runtime/metrics.ts';
import type { StockStream } from './stockStream.ts';
import { type StockItem, stockItem } from './stockView.ts';

export interface StockHubOptions {
  readonly stock: StockReader;
  readonly log: Logger;
  readonly metrics: Registry;
  readonly limits: {
    readonly maxStreams: number;
    readonly maxStreamsPerAddress: number;
    readonly streamHeartbeatMs: number;
    readonly stockStaleAfterSeconds: number;
  };
  readonly clock?: Clock;
}

/** Skus of one read: the reader's limit. */
const READ_AT_ONCE = 500;
/** Changes taken in one step, and how long one call waits for some. */
const CHANGES_AT_ONCE = 1000;
const WAIT_MS = 5000;
/** Where the first listener begins before the stream was looked at. */
const NOTHING_KNOWN = '0-0';
/** Pause after a failed reading of the change stream; clients keep their connection meanwhile. */
const RETRY_PAUSE_MS = 500;
/** Changes looked through for a client that comes back; after more of them it is told everything anew, which is less work. */
const CHANGES_MISSED = 1000;

/**
 * Follows the change stream once for the whole process and tells each open stream the present state of its skus. While nobody listens it
 * reads nothing. `run` is the loop; it ends when its signal fires.
 */
export class StockHub {
  readonly #options: StockHubOptions;
  readonly #clock: Clock;
  readonly #streams = new Set<StockStream>();
  readonly #bySku = new Map<string, Set<StockStream>>();
  readonly #byAddress = new Map<string, number>();
  #wake = Promise.withResolvers<void>();
  /** Changes up to this id have been told; null while nobody listens. */
  #position: string | null = null;

  constructor(options: StockHubOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    const gauge: Gauge = new Gauge({
      name: 'sluice_storefront_streams',
      help: 'Open stock streams.',
      registers: [options.metrics],
      collect: () => gauge.set(this.#streams.size),
    });
  }

  get openStreams(): number {
    return this.#streams.size;
  }

  hasRoomFor(address: string): boolean {
    const { maxStreams, maxStreamsPerAddress } = this.#options.limits;
    return this.#streams.size < maxStreams && (this.#byAddress.get(address) ?? 0) < maxStreamsPerAddress;
  }

  /**
   * Takes a stream over: first what it missed since the change it knows (whichever process told it that), or the present state of all its skus
   * when that cannot be said; then each change.
   */
  open(stream: StockStream): void {
    this.#streams.add(stream);
    this.#byAddress.set(stream.address, (this.#byAddress.get(stream.address) ?? 0) + 1);
    for (const sku of stream.skus) {
      const listeners = this.#bySku.get(sku) ?? new Set();
      this.#bySku.set(sku, listeners.add(stream));
    }
    stream.watch(
      () => this.#forget(stream),
      () => void this.#catchUp([stream]),
    );
    this.#wake.resolve();
    if (stream.lastEventId !== undefined) return void this.#takeUp(stream, stream.lastEventId);
    for (const sku of stream.skus) stream.pending.add(sku);
    if (this.#position !== null) void this.#catchUp([stream]);
  }

  async #takeUp(stream: StockStream, lastEventId: string): Promise<void> {
    stream.busy++;
    try {
      const { changes, gap } = await this.#options.stock.changes(lastEventId, { limit: CHANGES_MISSED });
      if (gap || changes.length >= CHANGES_MISSED) stream.reset();
      else for (const change of changes) stream.changed(change);
    } catch {
      // No id of ours, or the copy is away: then everything is told as soon as it can be read.
      stream.reset();
    }
    stream.busy--;
    if (this.#position !== null) await this.#catchUp([stream]);
  }

  /** Follows the changes until the signal fires; then ends every stream. */
  async run(signal: AbortSignal): Promise<void> {
    const heartbeats = setInterval(() => this.#heartbeat(), this.#options.limits.streamHeartbeatMs);
    try {
      while (!signal.aborted) await this.#step(signal);
    } catch (error) {
      if (!(isAbort(error) && signal.aborted)) throw error;
    } finally {
      clearInterval(heartbeats);
      for (const stream of this.#streams) stream.end();
    }
  }

  async #step(signal: AbortSignal): Promise<void> {
    try {
      if (this.#streams.size === 0) return await this.#rest(signal);
      if (this.#position === null) {
        this.#position = await this.#options.stock.latestChangeId();
        await this.#catchUp(this.#streams);
      }
      await this.#follow(this.#position, signal);
    } catch (error) {
      if (signal.aborted) throw error;
      this.#options.log.warn({ event: 'stock_changes_unreadable', ...errorFields(error) });
      await this.#clock.sleep(RETRY_PAUSE_MS, signal);
    }
  }

  /** Waits for a first listener, forgetting where the stream stood. */
  async #rest(signal: AbortSignal): Promise<void> {
    this.#position = null;
    this.#wake = Promise.withResolvers();
    const stopped = Promise.withResolvers<void>();
    const onAbort = (): void => stopped.resolve();
    signal.addEventListener('abort', onAbort, { once: true });
    await Promise.race([this.#wake.promise, stopped.promise]);
    signal.removeEventListener('abort', onAbort);
  }

  async #follow(afterId: string, signal: AbortSignal): Promise<void> {
    const { changes, gap } = await this.#options.stock.changes(afterId, {
      waitMs: WAIT_MS,
      limit: CHANGES_AT_ONCE,
      signal,
    });
    if (gap) {
      // The stream was cut before our position, or is another one: what changed is unknown, so everything is told again.
      this.#position = await this.#options.stock.latestChangeId();
      for (const stream of this.#streams) stream.reset();
      return this.#catchUp(this.#streams);
    }
    const touched = new Set<StockStream>();
    for (const change of changes) {
      for (const stream of this.#bySku.get(change.sku) ?? []) {
        stream.changed(change);
        touched.add(stream);
      }
      this.#position = change.id;
    }
    if (touched.size > 0) await this.#catchUp(touched);
  }

  /** Sends each of these streams the present state of what it has pending, with one read for all. Full sockets wait for their drain. */
  async #catchUp(streams: Iterable<StockStream>): Promise<void> {
    const ready = [...streams].filter((stream) => !stream.isFull && stream.hasNews);
    const wanted = ready.map((stream) => ({ stream, skus: stream.takePending() }));
    const skus = [...new Set(wanted.flatMap((entry) => entry.skus))];
    // What is read from here on holds every change up to this position, so that is the events' id.
    const id = this.#position ?? NOTHING_KNOWN;
    for (const { stream } of wanted) stream.busy++;
    try {
      const levels = await this.#read(skus);
      for (const { stream, skus: taken } of wanted) {
        stream.busy--;
        stream.tell(this.#items(taken, levels), id);
      }
    } catch (error) {
      this.#options.log.warn({ event: 'stock_levels_unreadable', ...errorFields(error) });
      for (const { stream, skus: taken } of wanted) {
        stream.busy--;
        for (const sku of taken) stream.pending.add(sku);
      }
    }
  }

  async #read(skus: readonly string[]): Promise<ReadonlyMap<string, SkuStock>> {
    const levels = new Map<string, SkuStock>();
    for (let start = 0; start < skus.length; start += READ_AT_ONCE) {
      const part = await this.#options.stock.read(skus.slice(start, start + READ_AT_ONCE));
      for (const [sku, stock] of part) levels.set(sku, stock);
    }
    return levels;
  }

  #items(skus: readonly string[], levels: ReadonlyMap<string, SkuStock>): StockItem[] {
    return skus.flatMap((sku) => {
      const stock = levels.get(sku);
      return stock === undefined ? [] : [stockItem(stock, this.#options.limits.stockStaleAfterSeconds)];
    });
  }

  #heartbeat(): void {
    for (const stream of this.#streams) stream.heartbeat(this.#position);
    // What could not be read when it changed is tried again.
    void this.#catchUp(this.#streams);
  }

  #forget(stream: StockStream): void {
    if (!this.#streams.delete(stream)) return;
    const left = (this.#byAddress.get(stream.address) ?? 1) - 1;
    if (left > 0) this.#byAddress.set(stream.address, left);
    else this.#byAddress.delete(stream.address);
    for (const sku of stream.skus) {
      const listeners = this.#bySku.get(sku);
      listeners?.delete(stream);
      if (listeners?.size === 0) this.#bySku.delete(sku);
    }
  }
}
