import { command, type RedisClient } from '#infra/redis/client.ts';

/** Keys gone through side by side, and members asked for at once of each. */
const KEYS = 50;
const MEMBERS = 200;

/** One member of a sorted set with its score, or one field of a hash with its value. */
export type Member = readonly [key: string, name: string, value: string];

/** Every member of the sorted sets, or every field of the hashes, under a pattern of keys, by pages of a bounded size; what changes meanwhile is given or not. */
export async function* scanMembers(
  redis: RedisClient,
  how: 'ZSCAN' | 'HSCAN',
  pattern: string,
): AsyncGenerator<readonly Member[]> {
  for await (const keys of redis.scan(pattern)) {
    for (let start = 0; start < keys.length; start += KEYS) {
      let open = keys.slice(start, start + KEYS).map((key) => ({ key, cursor: '0' }));
      while (open.length > 0) {
        const calls = open.map(({ key, cursor }) => command(how, key, cursor, 'COUNT', MEMBERS));
        const answers = (await redis.sendAll(calls)) as [cursor: string, flat: string[]][];
        yield open.flatMap(({ key }, i) => pairs(key, answers[i]![1]));
        open = open.flatMap(({ key }, i) => (answers[i]![0] === '0' ? [] : [{ key, cursor: answers[i]![0] }]));
      }
    }
  }
}

function pairs(key: string, flat: readonly string[]): Member[] {
  const members: Member[] = [];
  for (let i = 0; i < flat.length; i += 2) members.push([key, flat[i]!, flat[i + 1]!]);
  return members;
}
