/** The last changes of the stock stream: which skus changed after a given one. Memory is bounded by the capacity. */
export class RecentChanges {
  readonly #capacity: number;
  /** Change id → sku, oldest first. */
  readonly #changes = new Map<string, string>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  add(id: string, sku: string): void {
    this.#changes.set(id, sku);
    if (this.#changes.size > this.#capacity) this.#changes.delete(this.#changes.keys().next().value!);
  }

  clear(): void {
    this.#changes.clear();
  }

  /** Skus that changed after the change with this id; null when it is not remembered. */
  since(id: string): ReadonlySet<string> | null {
    if (!this.#changes.has(id)) return null;
    const skus = new Set<string>();
    let isAfter = false;
    for (const [changeId, sku] of this.#changes) {
      if (isAfter) skus.add(sku);
      if (changeId === id) isAfter = true;
    }
    return skus;
  }
}
