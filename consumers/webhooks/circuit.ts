/** Failures in a row after which an endpoint counts as away: new messages wait, one that waits is tried now and then. */
const OPENS_AFTER = 5;
const FIRST_PROBE_MS = 1000;
/** How long after its return an endpoint is noticed at the latest. */
const MOST_PROBE_MS = 60_000;

/** Whether an endpoint is away, as this process has seen it. */
export class Circuit {
  readonly #mostProbeMs: number;
  #failures = 0;
  #pauseMs = 0;
  #probeAtMs = 0;

  /** @param maxRetryMs longest pause between two tries of the endpoint; an endpoint that is away is looked at no less often */
  constructor(maxRetryMs: number) {
    this.#mostProbeMs = Math.min(MOST_PROBE_MS, maxRetryMs);
  }

  get isOpen(): boolean {
    return this.#failures >= OPENS_AFTER;
  }

  /** Whether it is time to look whether the endpoint is back; true once for each time. */
  takeProbe(nowMs: number): boolean {
    if (nowMs < this.#probeAtMs) return false;
    this.#probeAtMs = nowMs + this.#pauseMs;
    return true;
  }

  failed(nowMs: number): void {
    this.#failures++;
    if (!this.isOpen) return;
    this.#pauseMs = Math.min(this.#mostProbeMs, Math.max(FIRST_PROBE_MS, this.#pauseMs * 2));
    this.#probeAtMs = nowMs + this.#pauseMs;
  }

  /** Answers whether the endpoint was away. */
  succeeded(): boolean {
    const wasOpen = this.isOpen;
    this.#failures = 0;
    this.#pauseMs = 0;
    this.#probeAtMs = 0;
    return wasOpen;
  }
}
