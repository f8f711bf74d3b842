import { LOWER_POSITION } from '#consumers/runner/lowerPosition.ts';
import { command, type RedisClient, type RedisCommands, type RedisScript, script } from '#infra/redis/client.ts';
import { orderKey } from './orderKeys.ts';

/** An order as it is stored, one that is gone too. */
export interface StoredOrder {
  readonly orderId: string;
  readonly position: string;
  /** JSON of the view; empty for an order that is gone. */
  readonly text: string;
  /** Its history as the scripts keep it, a step a line. */
  readonly steps: string;
}

/** KEYS[1] one order; ARGV: position. The lists of customers may go on naming it: who reads them looks at the order itself. */
const REMOVE_ORDER: RedisScript = {
  name: 'RemoveOrder',
  keys: 1,
  lua: `
local cur = redis.call('HGET', KEYS[1], 'p')
if cur and cur < ARGV[1] then redis.call('HSET', KEYS[1], 'p', ARGV[1], 'v', '', 'd', ARGV[1]) end`,
};

/** KEYS[1] one order. Drops steps of its history that are newer than the order itself: whatever happens next would come before them. */
const TRIM_STEPS: RedisScript = {
  name: 'TrimSteps',
  keys: 1,
  lua: `
local cur = redis.call('HMGET', KEYS[1], 'p', 'h')
if not cur[1] or not cur[2] then return end
local lines = {}
for line in string.gmatch(cur[2], '[^\\n]+') do
  if string.sub(line, 1, 49) <= cur[1] then lines[#lines + 1] = line end
end
redis.call('HSET', KEYS[1], 'h', table.concat(lines, '\\n'))`,
};

/** The stored orders with these ids, in one round trip; undefined for one nobody knows. */
export async function readOrders(
  redis: RedisCommands,
  orderIds: readonly string[],
): Promise<(StoredOrder | undefined)[]> {
  const found = (await redis.sendAll(
    orderIds.map((id) => command('HMGET', orderKey(redis, id), ...FIELDS)),
  )) as Fields[];
  return found.map((fields, i) => toStored(orderIds[i]!, fields));
}

/** Every stored order by pages, in no order; one that changes meanwhile is given once or twice. */
export async function* scanStoredOrders(redis: RedisClient): AsyncGenerator<readonly StoredOrder[]> {
  const [head, tail] = orderKey(redis, '\u0000').split('\u0000') as [string, string];
  for await (const keys of redis.scan(`${head}*${tail}`)) {
    const found = (await redis.sendAll(keys.map((key) => command('HMGET', key, ...FIELDS)))) as Fields[];
    yield found.flatMap((fields, i) => toStored(keys[i]!.slice(head.length, -tail.length), fields) ?? []);
  }
}

/** Sets an order's position below every real one, if it is still this one: whatever is written next is taken. */
export async function lowerOrder(redis: RedisCommands, orderId: string, position: string): Promise<boolean> {
  return (await redis.send(script(LOWER_POSITION, orderKey(redis, orderId), 'p', position))) === 1;
}

/** Marks an order as gone at this position, unless a newer version is stored: as a delete at that position would. */
export async function removeOrder(redis: RedisCommands, orderId: string, position: string): Promise<void> {
  await redis.send(script(REMOVE_ORDER, orderKey(redis, orderId), position));
}

/** Drops steps of an order's history that are newer than the order itself. */
export async function trimSteps(redis: RedisCommands, orderId: string): Promise<void> {
  await redis.send(script(TRIM_STEPS, orderKey(redis, orderId)));
}

const FIELDS = ['p', 'v', 'h'] as const;
type Fields = readonly [position: string | null, view: string | null, steps: string | null];

function toStored(orderId: string, [position, view, steps]: Fields): StoredOrder | undefined {
  return position === null ? undefined : { orderId, position, text: view ?? '', steps: steps ?? '' };
}
