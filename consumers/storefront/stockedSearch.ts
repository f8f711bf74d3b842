import type { CatalogSearch, SearchItem, SearchParams, SearchResult } from '#consumers/catalog/searchTypes.ts';
import type { SkuStock, StockReader } from '#consumers/stock/stockTypes.ts';

/**
 * Search results with live stock. Documents carry no stock, which changes every second; it is read from the stock copy for the items that are
 * about to be shown, at most a few hundred.
 */

/** `first`: items of the page that can be had come first; `only`: pages of items that can be had. */
export type StockWish = 'first' | 'only';

export interface StockedItem<Doc> extends SearchItem<Doc> {
  /** Whether a piece could be had when the page was made; null for what has no stock at all. */
  readonly inStock: boolean | null;
}

export interface StockedResult<Doc> extends Omit<SearchResult<Doc>, 'items'> {
  readonly items: readonly StockedItem<Doc>[];
  /** What the stock was asked of; null when it was not asked for. */
  readonly stock: {
    readonly wish: StockWish;
    /** Items whose stock was read to make this page. */
    readonly examined: number;
    /** True when the page was given short to bound the work: go on with `nextCursor`. */
    readonly short: boolean;
  } | null;
}

const DEFAULT_LIMIT = 24;
const MAX_BATCH = 100;
/** Most items whose stock is read for one page, and most searches. */
const MAX_EXAMINED = 500;
const MAX_SEARCHES = 6;

export interface StockSides {
  readonly search: Pick<CatalogSearch<object>, 'search'>;
  readonly stock: Pick<StockReader, 'read'>;
  /** Document field that holds the SKU. */
  readonly field: string;
  /** Locations that count; all when left out. */
  readonly locations?: readonly string[] | undefined;
}

/** A page in the search's own order, those that can be had first. Nothing is left out and its cursor is the search's own. */
export async function stockFirst(sides: StockSides, params: SearchParams): Promise<StockedResult<object>> {
  const found = await sides.search.search(params);
  const items = await withStock(sides, found.items);
  const had = items.filter((item) => item.inStock === true);
  return {
    ...found,
    items: [...had, ...items.filter((item) => item.inStock !== true)],
    stock: { wish: 'first', examined: items.length, short: false },
  };
}

/**
 * A page of items that can be had, in the search's own order: searches on until the page is full or the work is enough. The cursor stands
 * after the last item that was looked at, so that following pages neither skip nor repeat; facets and total do not know of stock.
 */
export async function stockOnly(sides: StockSides, params: SearchParams): Promise<StockedResult<object>> {
  const limit = params.limit ?? DEFAULT_LIMIT;
  const kept: StockedItem<object>[] = [];
  let first: SearchResult<object> | null = null;
  let cursor = params.cursor ?? null;
  let examined = 0;
  for (let searches = 0; searches < MAX_SEARCHES && examined < MAX_EXAMINED; searches++) {
    // More than is wanted, since some will be out of stock; the facets are counted once.
    const batch = Math.min(MAX_BATCH, MAX_EXAMINED - examined, Math.max(limit, (limit - kept.length) * 2));
    const found = await sides.search.search({
      ...params,
      limit: batch,
      ...(first === null ? {} : { facets: [] }),
      ...(cursor === null ? {} : { cursor }),
    });
    first ??= found;
    for (const item of await withStock(sides, found.items)) {
      examined++;
      cursor = item.cursor;
      if (item.inStock === true) kept.push(item);
      if (kept.length === limit) break;
    }
    const read = found.items.at(-1);
    const allRead = read === undefined || cursor === read.cursor;
    if (allRead && found.nextCursor === null) cursor = null;
    if (cursor === null || kept.length === limit) break;
  }
  return {
    ...first!,
    items: kept,
    nextCursor: cursor,
    stock: { wish: 'only', examined, short: kept.length < limit && cursor !== null },
  };
}

async function withStock(
  { stock, field, locations }: StockSides,
  items: readonly SearchItem<object>[],
): Promise<StockedItem<object>[]> {
  const skuOf = (item: SearchItem<object>): string => String((item.document as Record<string, unknown>)[field] ?? '');
  const skus = [...new Set(items.map(skuOf))].filter((sku) => sku !== '');
  if (skus.length === 0) return items.map((item) => ({ ...item, inStock: null }));
  const levels = await stock.read(skus);
  return items.map((item) => {
    const level = levels.get(skuOf(item));
    return { ...item, inStock: level === undefined ? null : canBeHad(level, locations) };
  });
}

function canBeHad({ available, locations }: SkuStock, counted: readonly string[] | undefined): boolean {
  if (counted === undefined) return available > 0;
  return locations.some((level) => counted.includes(level.location) && level.available > 0);
}
