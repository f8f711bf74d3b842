import type { Change } from '#consumers/runner/changes.ts';
import type { Row } from '#infra/runtime/config/catalog.ts';

/** One change of a stock row: it is put at a place, or (null) deleted. */
export interface StockStep {
  readonly kind: 'stock';
  readonly key: number;
  readonly place: { readonly sku: number; readonly location: number } | null;
}

export const STOCK_TABLE = 'dbo.LEVEL';

/** A stock table whose rows have a key of their own, so that they can move between skus and locations, with its topic. */
export class StockModel {
  readonly topics: Map<string, Change[][]>;
  readonly #rows = new Map<number, Row>();
  #lsn = 0;

  constructor(partitions: number) {
    this.topics = new Map([[STOCK_TABLE, Array.from({ length: partitions }, () => [])]]);
  }

  /** The change as it was published; null when there is nothing to do: two rows never share a place. */
  commit({ key, place }: StockStep): Change | null {
    const before = this.#rows.get(key) ?? null;
    if (place === null ? before === null : this.#isTaken(key, place)) return null;
    const serial = ++this.#lsn;
    const after = place === null ? null : { ID: key, SKU: `S${place.sku}`, LOC: `${place.location}`, QTY: serial };
    if (after === null) this.#rows.delete(key);
    else this.#rows.set(key, after);
    const op = after === null ? 'd' : before === null ? 'c' : 'u';
    return this.#publish(key, op, before, after);
  }

  /** The topic is made anew: the rows of now, as a snapshot reads them. */
  recreate(): void {
    const partitions = this.topics.get(STOCK_TABLE)!.length;
    this.topics.set(
      STOCK_TABLE,
      Array.from({ length: partitions }, () => []),
    );
    for (const [key, row] of this.#rows) this.#publish(key, 'r', null, row);
  }

  /** `sku/location` → pieces, as the source has them. */
  levels(): Map<string, string> {
    return new Map([...this.#rows.values()].map((row) => [`${row['SKU']}/${row['LOC']}`, String(row['QTY'])]));
  }

  #isTaken(key: number, { sku, location }: { readonly sku: number; readonly location: number }): boolean {
    return [...this.#rows].some(
      ([other, row]) => other !== key && row['SKU'] === `S${sku}` && row['LOC'] === `${location}`,
    );
  }

  #publish(key: number, op: Change['op'], before: Row | null, after: Row | null): Change {
    const position = `${this.#lsn.toString(16).padStart(20, '0')}${'0'.repeat(28)}${{ r: '0', d: '1', c: '2', u: '4' }[op]}`;
    const change: Change = {
      table: STOCK_TABLE,
      key: { ID: key },
      position,
      op,
      before,
      after,
      sourceTsMs: this.#lsn,
    };
    const partitions = this.topics.get(STOCK_TABLE)!;
    partitions[key % partitions.length]!.push(change);
    return change;
  }
}
