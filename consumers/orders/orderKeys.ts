import type { RedisCommands } from '#infra/redis/client.ts';

export function orderKey(redis: RedisCommands, orderId: string): string {
  return redis.key('order', `{${orderId}}`);
}

/** Command ids are GUIDs: case does not matter. */
export function commandKey(redis: RedisCommands, commandId: string): string {
  return redis.key('command', `{${commandId.toLowerCase()}}`);
}
