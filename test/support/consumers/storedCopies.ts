import { createElastic } from '#consumers/catalog/elastic.ts';
import { scanVisible } from '#consumers/catalog/scanIds.ts';
import { toDocument } from '#consumers/catalog/searchAnswer.ts';
import { aliasName } from '#consumers/catalog/searchIndex.ts';
import { scanStoredLines } from '#consumers/orders/storedLines.ts';
import { type ListEntry, scanEntries } from '#consumers/orders/storedLists.ts';
import { scanStoredOrders } from '#consumers/orders/storedOrders.ts';
import { parseLevel } from '#consumers/stock/stockKeys.ts';
import { scanLevels } from '#consumers/stock/storedLevels.ts';
import { RedisClient } from '#infra/redis/client.ts';
import type { DocumentDefinition } from '#infra/runtime/config/catalog.ts';
import type { OrderLine, OrderView } from '#infra/runtime/config/orders.ts';
import type { StockLevel } from '#infra/runtime/config/stock.ts';
import { silentLogger } from '#infra/runtime/logger.ts';

/** Where copies in Redis are; as the configuration names it. */
export interface RedisPlace {
  readonly url: string;
  readonly keyPrefix: string;
}

const PAGE_DOCUMENTS = 1000;

/** Every document searches see, at one point in time. */
export async function* storedDocuments(
  definition: DocumentDefinition,
  options: { readonly url: string; readonly indexPrefix: string },
): AsyncGenerator<{ readonly id: string; readonly document: object }> {
  const elastic = createElastic(options);
  try {
    const alias = aliasName(options.indexPrefix, definition.type);
    for await (const hits of scanVisible<Record<string, unknown>>(elastic, alias, { size: PAGE_DOCUMENTS }))
      for (const { _id, _source } of hits) yield { id: _id, document: toDocument<object>(_source) };
  } finally {
    await elastic.close();
  }
}

/** Every level that is kept, in no order; a level that changes meanwhile is given once or twice. */
export async function* storedLevels(place: RedisPlace): AsyncGenerator<StockLevel> {
  for await (const { sku, location, position, text } of items(place, scanLevels)) {
    const level = parseLevel(location, position + text);
    if (level !== null) yield { sku, location, onHand: level.onHand, reserved: level.reserved };
  }
}

/** The view of every order that is kept, in no order; one that changes meanwhile is given once or twice. */
export async function* storedOrders(place: RedisPlace): AsyncGenerator<OrderView> {
  for await (const { text } of items(place, scanStoredOrders)) if (text !== '') yield JSON.parse(text) as OrderView;
}

/** Every order line that is kept, in no order; one that changes meanwhile is given once or twice. */
export async function* storedOrderLines(place: RedisPlace): AsyncGenerator<OrderLine> {
  for await (const { orderId, text } of items(place, scanStoredLines))
    if (text !== '') yield { orderId, ...(JSON.parse(text) as Omit<OrderLine, 'orderId'>) };
}

/** Every entry of every customer's list of orders, in no order. */
export function storedListEntries(place: RedisPlace): AsyncGenerator<ListEntry> {
  return items(place, scanEntries);
}

async function* items<T>(
  place: RedisPlace,
  scan: (redis: RedisClient) => AsyncIterable<readonly T[]>,
): AsyncGenerator<T> {
  const redis = new RedisClient({ ...place, name: 'stored-copies', log: silentLogger });
  try {
    for await (const page of scan(redis)) yield* page;
  } finally {
    await redis.close();
  }
}
