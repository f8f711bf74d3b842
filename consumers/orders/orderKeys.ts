import type { RedisCommands } from '#infra/redis/client.ts';

/** Keys of one order, and those of one customer, share a hash slot each; nothing is written across the two in one step. */

export function orderKey(redis: RedisCommands, orderId: string): string {
  return redis.key('order', `{${orderId}}`);
}

/** Lines of one order. */
export function linesKey(redis: RedisCommands, orderId: string): string {
  return redis.key('order-lines', `{${orderId}}`);
}

/** A customer's orders, newest last. Escaped, because an empty or broken hash tag would part the two keys. */
export function customerKey(redis: RedisCommands, customerId: string): string {
  return redis.key('customer-orders', `{${encodeURIComponent(customerId)}}`);
}

/** Which version entered each order there. */
export function customerStampsKey(redis: RedisCommands, customerId: string): string {
  return redis.key('customer-order-stamps', `{${encodeURIComponent(customerId)}}`);
}

/** Command ids are GUIDs: case does not matter. */
export function commandKey(redis: RedisCommands, commandId: string): string {
  return redis.key('command', `{${commandId.toLowerCase()}}`);
}

const TIME_DIGITS = 14;
const ID_DIGITS = 20;

/** Text whose order is the order of a customer's list: time placed, then number. No id holds a tab. */
export function listMember(orderId: string, placedAt: string | null | undefined): string {
  const ms = Math.max(0, Date.parse(placedAt ?? '') || 0);
  return [String(ms).padStart(TIME_DIGITS, '0'), orderId.padStart(ID_DIGITS, '0'), orderId].join('\t');
}

/** The order a member of a customer's list stands for. */
export function orderOfMember(member: string): string {
  return member.split('\t')[2] ?? '';
}
