import type { StockEvent } from './stockEvents.ts';

/** Stock as the storefront reads it. Numbers are pieces. */

export interface LocationStock {
  readonly location: string;
  readonly onHand: number;
  readonly reserved: number;
  /** Pieces that are never shown as available. */
  readonly safety: number;
  /** `onHand - reserved - safety`, never below 0. */
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
  /** ISO 8601: moment up to which the copy is known to be the source's state; null while that is not known. */
  readonly asOf: string | null;
  /** Seconds between `asOf` and the reading; null without `asOf`. */
  readonly ageSeconds: number | null;
  /** The level itself says that it must be asked live. */
  readonly live: boolean;
}

/** One change of the stock stream. */
export interface StockChange {
  /** Rises along the stream; pass the last one seen to go on after it (SSE `id`, `Last-Event-ID`). */
  readonly id: string;
  readonly sku: string;
  readonly location: string;
  /** What this change made happen; null for most. */
  readonly event: StockEvent | null;
}

/** How far the stream reaches. */
export interface ChangesRead {
  readonly changes: readonly StockChange[];
  /** The stream no longer reaches back to where was asked from: read the present levels again. */
  readonly gap: boolean;
}

export interface StockReader {
  /** One round trip for all of them (a Redis Cluster: one a node). A sku nobody has ever stocked is missing from the answer. At most 500. */
  read(skus: readonly string[]): Promise<ReadonlyMap<string, SkuStock>>;
  /** The id after which `changes` gives only what happens from now on. */
  latestChangeId(): Promise<string>;
  /**
   * Changes after `afterId`, oldest first; waits up to `waitMs` when there are none, then gives []. Ids mean the same to every process and
   * outlive them all. One connection serves one waiting call at a time; those queue.
   */
  changes(
    afterId: string,
    options?: { readonly waitMs?: number; readonly limit?: number; readonly signal?: AbortSignal },
  ): Promise<ChangesRead>;
  close(): Promise<void>;
}
