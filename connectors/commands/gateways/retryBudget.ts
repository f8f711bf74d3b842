/** Part of a try that every call earns: at most one call in five may be a repetition in the long run. */
const EARNED_PER_CALL = 0.2;
/** Repetitions that may come at once, such as a burst of deadlocks. */
const MAX_SAVED = 50;

/**
 * Bounds what repetitions may add to the load: when everything fails, trying everything again would double it. Each call earns a part of
 * a repetition. Source: Site Reliability Engineering, ch. 21 "Handling Overload", per-client retry budget.
 */
export class RetryBudget {
  #saved = MAX_SAVED;

  /** Counts a call. */
  earn(): void {
    this.#saved = Math.min(MAX_SAVED, this.#saved + EARNED_PER_CALL);
  }

  /** Whether one more repetition may be made; counts it. */
  spend(): boolean {
    if (this.#saved < 1) return false;
    this.#saved--;
    return true;
  }
}
