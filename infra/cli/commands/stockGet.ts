import { createStockReader } from '#consumers/stock/reader.ts';
import type { SkuStock } from '#consumers/stock/stockTypes.ts';
import { loadConfig } from '#infra/runtime/config/load.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { EXIT } from '../exitCodes.ts';
import { formatTable, print, printJson } from '../output.ts';

/**
 * Prints the levels the copy holds. Exit code 4 when an article is unknown to it, or the copy is older than `storefront.stockStaleAfterSeconds`
 * or of unknown age.
 */
export async function stockGet(skus: readonly string[], options: { config: string; json: boolean }): Promise<number> {
  const config = await loadConfig(options.config);
  if (config.stock === undefined)
    throw new SluiceError('CFG_INVALID', 'The configuration has no section `stock`: no levels are kept.');
  const reader = createStockReader({
    redis: config.redis,
    groupPrefix: config.consumers.groupPrefix,
    log: silentLogger,
  });
  try {
    const levels = await reader.read(skus);
    const items = [...levels.values()];
    const unknown = [...new Set(skus)].filter((sku) => !levels.has(sku));
    const { stockStaleAfterSeconds } = config.storefront;
    const isStale = ({ ageSeconds }: SkuStock): boolean => ageSeconds === null || ageSeconds > stockStaleAfterSeconds;
    if (options.json) printJson({ items: items.map((item) => ({ ...item, stale: isStale(item) })), unknown });
    else show(items, unknown);
    return unknown.length === 0 && !items.some(isStale) ? EXIT.ok : EXIT.unhealthy;
  } finally {
    await reader.close();
  }
}

function show(items: readonly SkuStock[], unknown: readonly string[]): void {
  const rows = items.flatMap(({ sku, locations, live }) =>
    locations.map(({ location, onHand, reserved, safety, available }, i) => [
      i === 0 ? sku : '',
      location,
      onHand,
      reserved,
      safety,
      available,
      live ? 'asked live' : '',
    ]),
  );
  if (rows.length > 0)
    print(formatTable([['sku', 'location', 'on hand', 'reserved', 'safety', 'available', ''], ...rows]));
  for (const { sku, locations } of items) if (locations.length === 0) print(`${sku}: no level is left`);
  for (const sku of unknown) print(`${sku}: never stocked`);
  const [first] = items;
  if (first !== undefined)
    print(first.asOf === null ? 'age not known' : `as of ${first.asOf}, ${first.ageSeconds} s ago`);
}
