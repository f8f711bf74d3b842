import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SearchParams, SearchResult } from '#consumers/catalog/searchTypes.ts';
import type { SkuStock } from '#consumers/stock/stockTypes.ts';
import { stockFirst, stockOnly } from '#consumers/storefront/stockedSearch.ts';

/** A search over `count` documents in a fixed order, in which a cursor is the place after an item. */
function searchOf(count: number): { search(params: SearchParams): Promise<SearchResult<object>> } {
  return {
    async search({ limit = 24, cursor }) {
      const from = cursor === undefined ? 0 : Number(cursor);
      const items = Array.from({ length: Math.min(limit, count - from) }, (_, i) => ({
        id: `S${from + i}`,
        cursor: String(from + i + 1),
        document: { sku: `S${from + i}` },
        highlight: {},
      }));
      return {
        total: count,
        matched: count,
        partial: false,
        relaxed: null,
        didYouMean: null,
        ignoredWords: [],
        instead: [],
        items,
        facets: {},
        bounds: {},
        nextCursor: items.length === limit ? items.at(-1)!.cursor : null,
      };
    },
  };
}

const level = (available: number): SkuStock => ({ available }) as SkuStock;

/** Stock that a stream of changes moves on at every read. */
class MovingStock {
  readonly levels = new Map<string, number>();
  readonly #changes: (readonly [sku: number, level: number])[];
  reads = 0;
  most = 0;

  constructor(changes: readonly (readonly [number, number])[]) {
    this.#changes = [...changes];
  }

  read = async (skus: readonly string[]): Promise<Map<string, SkuStock>> => {
    this.reads++;
    this.most = Math.max(this.most, skus.length);
    for (const [sku, amount] of this.#changes.splice(0, 3)) this.levels.set(`S${sku}`, amount);
    return new Map(skus.flatMap((sku) => (this.levels.has(sku) ? [[sku, level(this.levels.get(sku)!)] as const] : [])));
  };
}

const COUNT = 700;
const changes = fc.array(fc.tuple(fc.nat({ max: COUNT - 1 }), fc.nat({ max: 2 })), { maxLength: 60 });
const stocked = fc.oneof(
  fc.array(fc.nat({ max: 2 }), { minLength: COUNT, maxLength: COUNT }),
  fc
    .array(fc.nat({ max: COUNT - 1 }), { maxLength: 6 })
    .map((few) => Array.from({ length: COUNT }, (_, i) => (few.includes(i) ? 1 : 0))),
);

describe('pages of what can be had', () => {
  it('show every product that stays in stock once, nothing twice, in the order of the search, with bounded work', async () => {
    await fc.assert(
      fc.asyncProperty(stocked, changes, fc.integer({ min: 1, max: 100 }), async (levels, moves, limit) => {
        const stock = new MovingStock(moves);
        for (const [index, amount] of levels.entries()) stock.levels.set(`S${index}`, amount);
        const moved = new Set(moves.map(([sku]) => `S${sku}`));
        const seen: string[] = [];
        let cursor: string | null = null;
        do {
          const before = stock.reads;
          const page = await stockOnly(
            { search: searchOf(COUNT), stock, field: 'sku' },
            { limit, ...(cursor === null ? {} : { cursor }) },
          );
          expect(page.items.length).toBeLessThanOrEqual(limit);
          expect(page.stock!.examined).toBeLessThanOrEqual(500);
          expect(stock.reads - before).toBeLessThanOrEqual(6);
          expect(page.stock!.short).toBe(page.items.length < limit && page.nextCursor !== null);
          expect(page.items.every((item) => item.inStock === true)).toBe(true);
          seen.push(...page.items.map(({ id }) => id));
          cursor = page.nextCursor;
        } while (cursor !== null);
        expect(stock.most).toBeLessThanOrEqual(100);
        const order = seen.map((id) => Number(id.slice(1)));
        expect(order).toEqual([...new Set(order)].sort((a, b) => a - b));
        const steady = levels.flatMap((amount, i) => (amount > 0 && !moved.has(`S${i}`) ? [`S${i}`] : []));
        expect(seen.filter((id) => !moved.has(id))).toEqual(steady);
      }),
      { numRuns: 40, seed: 11 },
    );
  });

  it('put first on each page what can be had, and lose nothing', async () => {
    await fc.assert(
      fc.asyncProperty(stocked, fc.integer({ min: 1, max: 100 }), async (levels, limit) => {
        const stock = new MovingStock([]);
        for (const [index, amount] of levels.entries()) stock.levels.set(`S${index}`, amount);
        const page = await stockFirst({ search: searchOf(COUNT), stock, field: 'sku' }, { limit });
        const flags = page.items.map((item) => item.inStock);
        expect(flags).toEqual(flags.toSorted((a, b) => Number(b) - Number(a)));
        expect(page.items.map(({ id }) => Number(id.slice(1))).toSorted((a, b) => a - b)).toEqual(
          Array.from({ length: limit }, (_, i) => i),
        );
        expect(page.nextCursor).toBe(String(limit));
      }),
      { numRuns: 40, seed: 12 },
    );
  });
});
