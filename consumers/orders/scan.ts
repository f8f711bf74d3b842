import { command, RedisClient } from '#infra/redis/client.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import { orderKey } from './orderKeys.ts';
import { ORDER_FIELDS, parseOrder } from './orderText.ts';
import type { OrderStatus } from './orderTypes.ts';

/** Every order that is kept, in no order; one that changes meanwhile is given once or twice. */
export async function* scanOrders(options: {
  readonly redis: { readonly url: string; readonly keyPrefix: string };
  readonly log: Logger;
}): AsyncGenerator<OrderStatus> {
  const redis = new RedisClient({ ...options.redis, name: 'order-scan', log: options.log });
  try {
    for await (const keys of redis.scan(orderKey(redis, '*'))) {
      const orders = (await redis.sendAll(keys.map((key) => command('HMGET', key, ...ORDER_FIELDS)))) as (
        | string
        | null
      )[][];
      for (const fields of orders) {
        const order = parseOrder(fields);
        if (order !== null) yield order;
      }
    }
  } finally {
    await redis.close();
  }
}
