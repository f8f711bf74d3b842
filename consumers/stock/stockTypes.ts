/** Stock as the storefront reads it. Numbers are pieces. */

export interface LocationStock {
  readonly location: string;
  readonly onHand: number;
  readonly reserved: number;
  /** `onHand - reserved`, never below 0. */
  readonly available: number;
}

export interface SkuStock {
  readonly sku: string;
  /** Sums over the locations; `available` is the sum of what each location can sell. */
  readonly onHand: number;
  readonly reserved: number;
  readonly available: number;
  /** In order of their names. */
  readonly locations: readonly LocationStock[];
  /** ISO 8601: moment up to which the copy is known to be the source's state. */
  readonly asOf: string;
  /** Seconds between `asOf` and the reading. */
  readonly ageSeconds: number;
}

/** One change of the stock stream. */
export interface StockChange {
  /** Rises along the stream; pass the last one seen to go on after it (SSE `id`, `Last-Event-ID`). */
  readonly id: string;
  readonly sku: string;
  readonly location: string;
  readonly onHand: number;
  readonly reserved: number;
  readonly available: number;
}

export interface StockReader {
  /** One round trip for all of them. A sku nobody has ever stocked is missing from the answer. At most 500. */
  read(skus: readonly string[]): Promise<ReadonlyMap<string, SkuStock>>;
  /** The id after which `changes` gives only what happens from now on. */
  latestChangeId(): Promise<string>;
  /**
   * Changes after `afterId`, oldest first; waits up to `waitMs` when there are none, then gives []. `gap` says that the stream no longer
   * reaches back to `afterId`: read the present levels again. One connection serves one waiting call at a time; calls queue.
   */
  changes(
    afterId: string,
    options?: { readonly waitMs?: number; readonly limit?: number; readonly signal?: AbortSignal },
  ): Promise<{ readonly changes: readonly StockChange[]; readonly gap: boolean }>;
  close(): Promise<void>;
}
