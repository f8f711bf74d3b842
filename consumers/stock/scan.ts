import { command, RedisClient } from '#infra/redis/client.ts';
import type { StockLevel } from '#infra/runtime/config/stock.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import { parseLevel, skuPattern } from './stockKeys.ts';

/** Every level that is kept, in no order; a level that changes meanwhile is given once or twice. */
export async function* scanStock(options: {
  readonly redis: { readonly url: string; readonly keyPrefix: string };
  readonly log: Logger;
}): AsyncGenerator<StockLevel> {
  const redis = new RedisClient({ ...options.redis, name: 'stock-scan', log: options.log });
  const { pattern, head } = skuPattern(redis);
  try {
    for await (const keys of redis.scan(pattern)) {
      const hashes = (await redis.sendAll(keys.map((key) => command('HGETALL', key)))) as string[][];
      for (const [i, fields] of hashes.entries()) yield* levelsOf(keys[i]!.slice(head), fields);
    }
  } finally {
    await redis.close();
  }
}

/** `fields`: location, text, location, text, … as HGETALL answers. */
function* levelsOf(sku: string, fields: readonly string[]): Generator<StockLevel> {
  for (let i = 0; i < fields.length; i += 2) {
    const level = parseLevel(fields[i]!, fields[i + 1]!);
    if (level !== null) yield { sku, location: level.location, onHand: level.onHand, reserved: level.reserved };
  }
}
