import type { SkuStock } from '#consumers/stock/stockTypes.ts';
import type { LiveLevel } from './liveStock.ts';

/** Stock as the API shows it: the reader's answer, where it comes from, and whether it is too old to be relied on. */
export interface StockItem extends Omit<SkuStock, 'live' | 'available' | 'onHand' | 'reserved'> {
  /** null: it must be asked live, and nobody answered. */
  readonly onHand: number | null;
  readonly reserved: number | null;
  readonly available: number | null;
  readonly stale: boolean;
  readonly source: 'copy' | 'live';
}

/** `staleAfterSeconds`: age from which a level is marked stale; so is one whose age is not known. */
export function stockItem({ live: _, ...stock }: SkuStock, staleAfterSeconds: number): StockItem {
  const stale = stock.ageSeconds === null || stock.ageSeconds > staleAfterSeconds;
  return { ...stock, stale, source: 'copy' };
}

/** A level the command API has just given: of the places that web orders are served from, so it names no locations. */
export function liveItem(sku: string, level: LiveLevel, nowMs: number): StockItem {
  const ageSeconds = Math.max(0, Math.round((nowMs - Date.parse(level.asOf)) / 100) / 10);
  return { sku, ...level, locations: [], ageSeconds, stale: false, source: 'live' };
}

/** An article that must be asked live while nobody answers: `copy` shows the copy's level as stale, `unknown` none. */
export function unansweredItem(sku: string, stock: SkuStock | undefined, rule: 'copy' | 'unknown'): StockItem | null {
  if (rule === 'copy') return stock === undefined ? null : { ...stockItem(stock, 0), stale: true };
  const none = { onHand: null, reserved: null, available: null };
  return { sku, ...none, locations: [], asOf: null, ageSeconds: null, stale: true, source: 'live' };
}
