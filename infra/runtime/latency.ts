/** Exact recent latencies: a ring of the last `capacity` samples in milliseconds. Memory is bounded by the capacity. */
export class LatencyWindow {
  readonly #samples: Float64Array;
  #count = 0;

  constructor(capacity = 20_000) {
    this.#samples = new Float64Array(capacity);
  }

  record(ms: number): void {
    this.#samples[this.#count++ % this.#samples.length] = ms;
  }

  reset(): void {
    this.#count = 0;
  }

  /** Count since the last reset, and p50, p99 and max of the samples still in the window (milliseconds; null when there are none). */
  summary(): { count: number; p50Ms: number | null; p99Ms: number | null; maxMs: number | null } {
    const size = Math.min(this.#count, this.#samples.length);
    if (size === 0) return { count: 0, p50Ms: null, p99Ms: null, maxMs: null };
    const sorted = this.#samples.slice(0, size).sort();
    const at = (q: number): number => sorted[Math.min(size - 1, Math.ceil(q * size) - 1)]!;
    return { count: this.#count, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: sorted[size - 1]! };
  }
}
