import type { SkuStock, StockReader } from '#consumers/stock/stockTypes.ts';
import { errorFields, hasCode } from '#infra/runtime/errors.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import type { LiveLevel, LiveStock } from './liveStock.ts';
import { liveItem, type StockItem, stockItem, unansweredItem } from './stockView.ts';

export interface StockAnswersOptions {
  readonly stock: StockReader;
  /** Left out: everything is answered from the copy. */
  readonly live?: LiveStock | undefined;
  readonly staleAfterSeconds: number;
  readonly log: Logger;
  readonly now: () => number;
}

/**
 * Stock of these skus in the order they were asked: from the copy in one round trip, and live for those that no copy may answer for. A sku
 * nobody knows is missing.
 */
export async function stockAnswers(
  options: StockAnswersOptions,
  skus: readonly string[],
  signal: AbortSignal,
): Promise<StockItem[]> {
  const { stock, live, staleAfterSeconds, now } = options;
  const levels = await stock.read(skus);
  const mustAsk = live === undefined ? [] : skus.filter((sku) => live.concerns(sku) || levels.get(sku)?.live === true);
  const asked = mustAsk.length === 0 ? null : await askLive(live!, mustAsk, options.log, signal);
  const isAsked = new Set(mustAsk);
  return skus.flatMap((sku) => {
    const level = levels.get(sku);
    const item = isAsked.has(sku)
      ? answered(sku, level, asked, live!, now())
      : level && stockItem(level, staleAfterSeconds);
    return item ?? [];
  });
}

function answered(
  sku: string,
  stock: SkuStock | undefined,
  asked: ReadonlyMap<string, LiveLevel> | null,
  live: LiveStock,
  nowMs: number,
): StockItem | null {
  if (asked === null) return unansweredItem(sku, stock, live.whenUnavailable);
  const level = asked.get(sku);
  return level === undefined ? null : liveItem(sku, level, nowMs);
}

/** null when there was no answer. */
async function askLive(
  live: LiveStock,
  skus: readonly string[],
  log: Logger,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, LiveLevel> | null> {
  try {
    return await live.ask(skus, signal);
  } catch (error) {
    if (!hasCode(error, 'STOCK_LIVE_UNAVAILABLE')) throw error;
    log.warn({ event: 'live_stock_unanswered', skus: skus.length, ...errorFields(error) });
    return null;
  }
}
