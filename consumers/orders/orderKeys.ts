import type { RedisClient } from '#infra/redis/client.ts';

export function orderKey(redis: RedisClient, orderId: string): string {
  return redis.key('order', `{${orderId}}`);
}

/** Command ids are GUIDs: case does not matter. */
export function commandKey(redis: RedisClient, commandId: string): string {
  return redis.key('command', `{${commandId.toLowerCase()}}`);
}
