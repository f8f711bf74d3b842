/** Rate and size of one class of callers' buckets. */
export interface BucketLimits {
  /** Tokens that come back each second. */
  readonly perSecond: number;
  /** Tokens a full bucket holds. */
  readonly burst: number;
  /** Callers remembered at once; the longest unused is forgotten first (its next bucket is full). Default 10000. */
  readonly maxKeys?: number;
}

interface Bucket {
  tokens: number;
  atMs: number;
}

/** A token bucket for each caller (API key id or address). Memory is bounded by `maxKeys`. */
export class TokenBuckets {
  readonly #limits: Required<BucketLimits>;
  /** In order of last use: a Map keeps insertion order, and each use re-inserts. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(limits: BucketLimits) {
    this.#limits = { maxKeys: 10_000, ...limits };
  }

  /**
   * Takes `cost` tokens: 0 when they were there, else the seconds until they are. What costs more than a full bucket may be taken from a
   * full one, and leaves a debt.
   */
  take(key: string, nowMs: number, cost = 1): number {
    const { perSecond, burst, maxKeys } = this.#limits;
    const bucket = this.#buckets.get(key) ?? { tokens: burst, atMs: nowMs };
    bucket.tokens = Math.min(burst, bucket.tokens + (Math.max(0, nowMs - bucket.atMs) / 1000) * perSecond);
    bucket.atMs = nowMs;
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    if (this.#buckets.size > maxKeys) this.#buckets.delete(this.#buckets.keys().next().value!);
    const needed = Math.min(cost, burst);
    if (bucket.tokens < needed) return (needed - bucket.tokens) / perSecond;
    bucket.tokens -= cost;
    return 0;
  }

  /** Callers remembered now. */
  get size(): number {
    return this.#buckets.size;
  }
}
