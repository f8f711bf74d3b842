import type { RedisScript } from '#infra/redis/client.ts';

/**
 * Sets the position a hash field begins with to zeros, below every real one, if it is still the given one: whatever is written next is taken.
 * KEYS[1] the hash; ARGV: field, position. Answers 1 when it was.
 */
export const LOWER_POSITION: RedisScript = {
  name: 'LowerPosition',
  keys: 1,
  lua: `
local cur = redis.call('HGET', KEYS[1], ARGV[1])
if not cur or string.sub(cur, 1, 49) ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], string.rep('0', 49) .. string.sub(cur, 50))
return 1`,
};
