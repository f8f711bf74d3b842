import type { SkuStock } from '#consumers/stock/stockTypes.ts';

/** Stock as the API shows it: the reader's answer and whether it is too old to be relied on. */
export interface StockItem extends SkuStock {
  readonly stale: boolean;
}

/** `staleAfterSeconds`: age from which a level is marked stale. */
export function stockItem(stock: SkuStock, staleAfterSeconds: number): StockItem {
  return { ...stock, stale: stock.ageSeconds > staleAfterSeconds };
}
