import { LOWER_POSITION } from '#consumers/runner/lowerPosition.ts';
import { POSITION_LENGTH } from '#consumers/runner/position.ts';
import { command, type RedisClient, type RedisCommands, type RedisScript, script } from '#infra/redis/client.ts';
import { customerKey, customerStampsKey, orderKey, orderOfMember } from './orderKeys.ts';
import { scanMembers } from './scanMembers.ts';

/** A customer's list with one of its members, as `listMember` writes them. */
export interface ListEntry {
  readonly customerId: string;
  readonly member: string;
}

/** What is known of an entry, there or not. */
export interface StoredEntry extends ListEntry {
  /** Whether the list has the member. */
  readonly isListed: boolean;
  /** Whether the version that entered the order there entered this member. */
  readonly isStamped: boolean;
  /** The version that entered the order there; null for none. */
  readonly position: string | null;
  /** Position of the order itself; null when nobody knows it. */
  readonly orderPosition: string | null;
}

/** KEYS: list, stamps. ARGV: order, member, position. Takes a member out unless a version as new as the position entered it. */
const REMOVE_MEMBER: RedisScript = {
  name: 'RemoveMember',
  keys: 2,
  lua: `
local stamp = redis.call('HGET', KEYS[2], ARGV[1])
if stamp and string.sub(stamp, 50) == ARGV[2] then
  if string.sub(stamp, 1, 49) >= ARGV[3] then return 0 end
  redis.call('HDEL', KEYS[2], ARGV[1])
end
return redis.call('ZREM', KEYS[1], ARGV[2])`,
};

/**
 * What is stored of these entries. The order is read after its stamp, and that after the list, each later than what it is written with: a
 * change that falls between shows in a higher position.
 */
export async function readEntries(redis: RedisCommands, entries: readonly ListEntry[]): Promise<StoredEntry[]> {
  const found = (await redis.sendAll(
    entries.flatMap(({ customerId, member }) => [
      command('ZSCORE', customerKey(redis, customerId), member),
      command('HGET', customerStampsKey(redis, customerId), orderOfMember(member)),
      command('HGET', orderKey(redis, orderOfMember(member)), 'p'),
    ]),
  )) as (string | null)[];
  return entries.map((entry, i) => {
    const [score, stamp, orderPosition] = found.slice(i * 3, i * 3 + 3) as [unknown, string | null, string | null];
    return {
      ...entry,
      isListed: score !== null,
      isStamped: stamp?.slice(POSITION_LENGTH) === entry.member,
      position: stamp?.slice(0, POSITION_LENGTH) ?? null,
      orderPosition,
    };
  });
}

/** Every member of every customer's list by pages, in no order. */
export async function* scanEntries(redis: RedisClient): AsyncGenerator<readonly ListEntry[]> {
  const [head, tail] = customerKey(redis, '*').split('*') as [string, string];
  for await (const page of scanMembers(redis, 'ZSCAN', `${head}*${tail}`))
    yield page.map(([key, member]) => ({
      customerId: decodeURIComponent(key.slice(head.length, -tail.length)),
      member,
    }));
}

/** Sets the position an order was entered at below every real one, if it is still this one. */
export async function lowerEntry(redis: RedisCommands, entry: ListEntry, position: string): Promise<boolean> {
  const key = customerStampsKey(redis, entry.customerId);
  return (await redis.send(script(LOWER_POSITION, key, orderOfMember(entry.member), position))) === 1;
}

/** Takes an entry away, unless a version as new as this position entered it. */
export async function removeEntry(redis: RedisCommands, entry: ListEntry, position: string): Promise<void> {
  const keys = [customerKey(redis, entry.customerId), customerStampsKey(redis, entry.customerId)] as const;
  await redis.send(script(REMOVE_MEMBER, ...keys, orderOfMember(entry.member), entry.member, position));
}
