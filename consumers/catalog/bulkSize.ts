/** How large a request may be. */
export interface SizeLimit {
  readonly items: number;
  readonly bytes: number;
}

/** Something with a body. */
interface Sized {
  readonly source: string;
}

/** Characters a document takes beside its body: action line and line ends. */
const ACTION_LENGTH = 120;
/** Smaller than this never helps. */
const LEAST_ITEMS = 8;
const LEAST_BYTES = 64 << 10;
const GROWTH = 1.1;

/**
 * The size of requests: halved from the size of a request that was too much for the server, grown by a tenth after each full one that
 * was taken, up to the configured size (additive increase would take minutes to recover, so it is multiplicative both ways).
 */
export class RequestSize {
  readonly #most: SizeLimit;
  #items: number;
  #bytes: number;

  constructor(most: SizeLimit) {
    this.#most = most;
    this.#items = most.items;
    this.#bytes = most.bytes;
  }

  get limit(): SizeLimit {
    return { items: Math.floor(this.#items), bytes: Math.floor(this.#bytes) };
  }

  /** The next request: as many of the items from `from` on as fit, at least one. */
  cut<T extends Sized>(items: readonly T[], from: number): readonly T[] {
    const { items: most, bytes } = this.limit;
    let to = from;
    for (let size = 0; to < items.length && to - from < most; to++) {
      size += sizeOf(items[to]!);
      if (size > bytes && to > from) break;
    }
    return items.slice(from, to);
  }

  /** The server was overloaded or away: ask less of it. */
  failed(items: readonly Sized[]): void {
    this.#items = Math.max(LEAST_ITEMS, Math.min(this.#items, items.length) / 2);
    this.tooLarge(items);
  }

  /** The request had too many bytes. */
  tooLarge(items: readonly Sized[]): void {
    this.#bytes = Math.max(LEAST_BYTES, Math.min(this.#bytes, total(items)) / 2);
  }

  /** The request was taken; a small one tells nothing. */
  passed(items: readonly Sized[]): void {
    if (this.#items >= this.#most.items && this.#bytes >= this.#most.bytes) return;
    const full = items.length >= this.#items * 0.8 || total(items) >= this.#bytes * 0.8;
    if (!full) return;
    this.#items = Math.min(this.#most.items, this.#items * GROWTH);
    this.#bytes = Math.min(this.#most.bytes, this.#bytes * GROWTH);
  }
}

/** Bytes of a document in a request, near enough: bodies are mostly ASCII, and Elasticsearch's own limit is 25 times ours. */
function sizeOf({ source }: Sized): number {
  return source.length + ACTION_LENGTH;
}

const total = (items: readonly Sized[]): number => items.reduce((sum, item) => sum + sizeOf(item), 0);
