import { type Clock, systemClock } from '#infra/runtime/clock.ts';
import { hasCode, isRetriable, SluiceError } from '#infra/runtime/errors.ts';
import { retry } from '#infra/runtime/retry.ts';
import { type BulkAnswer, type BulkItem, type BulkOutcome, bulkBody, refusal, Tally } from './bulkRequest.ts';
import { RequestSize } from './bulkSize.ts';
import { type Elastic, isRefusedContent, refusedStatus } from './elastic.ts';

export interface BulkOptions {
  readonly elastic: Elastic;
  /** Alias of the index; it must exist. */
  readonly alias: () => string;
  readonly clock?: Clock;
  /** Most documents of one request. Default 500: 2 of them in flight reached 95 % of the best rate measured, at a quarter of its latency. */
  readonly maxItems?: number;
  /** Most bytes of one request. Default 4 MiB. */
  readonly maxBytes?: number;
}

const IN_FLIGHT = 2;
/** Pause before what was put off is sent again. */
const PUT_OFF_MS = 50;
/** Ten seconds for a shard to come back; an item it does not come back for is answered 503 and tried again. Source: Elasticsearch, Bulk API. */
const SHARD_TIMEOUT = '10s';
const PATH = `_bulk?require_alias=true&timeout=${SHARD_TIMEOUT}&filter_path=items.*.status,items.*.error.type,items.*.error.reason`;

/**
 * Writes documents with external versions: the highest version of an id stays, whatever the order of arrival. Two requests are under way at
 * most. Overload and outages are waited out with smaller requests, which grow again when all is well; an oversized request is halved; one bad
 * document does not hold up the others. One instance for each lane of a document type.
 */
export class BulkWriter {
  readonly #options: BulkOptions;
  readonly #size: RequestSize;
  readonly #waiting: (() => void)[] = [];
  #inFlight = 0;

  constructor(options: BulkOptions) {
    this.#options = options;
    this.#size = new RequestSize({ items: options.maxItems ?? 500, bytes: options.maxBytes ?? 4 << 20 });
  }

  /** What requests are cut to at present. */
  get limit(): { readonly items: number; readonly bytes: number } {
    return this.#size.limit;
  }

  /** @throws SEARCH_INDEX_GONE at once, ELASTICSEARCH_UNREACHABLE after about half a minute without success; everything may then be written again */
  async write<T>(items: readonly BulkItem<T>[], signal?: AbortSignal): Promise<BulkOutcome<T>> {
    const tally = new Tally<T>();
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < items.length) {
        const request = this.#size.cut(items, next);
        next += request.length;
        await this.#settle(request, tally, signal);
      }
    };
    const workers = Array.from({ length: Math.min(IN_FLIGHT, items.length) }, worker);
    const failed = (await Promise.allSettled(workers)).find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    return tally;
  }

  /** Sends until every item is settled. Gives up after eight rounds in a row that settled none. */
  async #settle<T>(items: readonly BulkItem<T>[], tally: Tally<T>, signal?: AbortSignal): Promise<void> {
    const { clock = systemClock } = this.#options;
    for (let waiting = items; waiting.length > 0; ) {
      const before = waiting.length;
      await retry(
        async () => {
          waiting = await this.#round(waiting, tally, signal);
          if (waiting.length === before)
            throw new SluiceError('ELASTICSEARCH_UNREACHABLE', `Elasticsearch put off ${before} documents.`);
        },
        { attempts: 8, retryIf: worthWaiting, baseMs: 100, maxMs: 5000, clock, ...(signal && { signal }) },
      );
      if (waiting.length > 0) await clock.sleep(PUT_OFF_MS, signal);
    }
  }

  /** Sends the items once, in requests as large as they may be now. Gives those to be sent again. */
  async #round<T>(
    items: readonly BulkItem<T>[],
    tally: Tally<T>,
    signal?: AbortSignal,
  ): Promise<readonly BulkItem<T>[]> {
    const putOff: BulkItem<T>[] = [];
    for (let at = 0; at < items.length; ) {
      const request = this.#size.cut(items, at);
      try {
        putOff.push(...(await this.#taken(request, tally, signal)));
      } catch (error) {
        const settled = at - putOff.length;
        if (settled === 0 || !worthWaiting(error)) throw error;
        return [...putOff, ...items.slice(at)];
      }
      at += request.length;
    }
    return putOff;
  }

  /** Sends when fewer than two requests are under way. Gives the items that must be tried again. */
  async #taken<T>(
    items: readonly BulkItem<T>[],
    tally: Tally<T>,
    signal?: AbortSignal,
  ): Promise<readonly BulkItem<T>[]> {
    while (this.#inFlight >= IN_FLIGHT) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#inFlight += 1;
    try {
      signal?.throwIfAborted();
      return await this.#send(items, tally);
    } finally {
      this.#inFlight -= 1;
      this.#waiting.shift()?.();
    }
  }

  /** A request refused as a whole is halved until the guilty document stands alone. */
  async #send<T>(items: readonly BulkItem<T>[], tally: Tally<T>): Promise<readonly BulkItem<T>[]> {
    let answer: BulkAnswer;
    try {
      answer = await this.#options.elastic.request<BulkAnswer>(
        'POST',
        `/${this.#options.alias()}/${PATH}`,
        bulkBody(items),
      );
    } catch (error) {
      if (!isRefusedContent(error)) {
        this.#size.failed(items);
        throw error;
      }
      const status = refusedStatus(error);
      if (status === 413) this.#size.tooLarge(items);
      if (items.length === 1) {
        tally.refused.push({
          tag: items[0]!.tag,
          error: refusal(items[0]!.id, String(status), 'the request was refused'),
        });
        return [];
      }
      return this.#halves(items, tally);
    }
    const putOff = items.filter((item, place) => !tally.settle(item, answer.items[place]!.index));
    if (putOff.length > 0) this.#size.failed(items);
    else this.#size.passed(items);
    return putOff;
  }
  async #halves<T>(items: readonly BulkItem<T>[], tally: Tally<T>): Promise<readonly BulkItem<T>[]> {
    const half = items.length >> 1;
    const putOff: BulkItem<T>[] = [];
    for (const part of [items.slice(0, half), items.slice(half)]) {
      try {
        putOff.push(...(await this.#send(part, tally)));
      } catch (error) {
        // The other half may be settled: only this one is sent again.
        if (!worthWaiting(error)) throw error;
        putOff.push(...part);
      }
    }
    return putOff;
  }
}

/** An index that is gone does not come back by waiting. */
function worthWaiting(error: unknown): boolean {
  return isRetriable(error) && !hasCode(error, 'SEARCH_INDEX_GONE');
}
