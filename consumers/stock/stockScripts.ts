import type { RedisScript } from '#infra/redis/client.ts';

/**
 * A sku is one hash: location → `<position 49><onHand>|<reserved>`, or `<position 49>-` for a level that was taken away (kept, so that an
 * older change cannot bring it back).
 */

/**
 * KEYS[1] one sku. ARGV, three per level: location, position, level text. Answers one text per level: `stale` (a newer one is stored),
 * `same` (this very change is), `kept` (newer position, same level) or `changed`.
 */
export const WRITE_STOCK: RedisScript = {
  name: 'WriteStock',
  keys: 1,
  lua: `
local answer = {}
for i = 1, #ARGV, 3 do
  local cur = redis.call('HGET', KEYS[1], ARGV[i])
  local status = 'changed'
  if cur then
    local pos = string.sub(cur, 1, 49)
    if ARGV[i+1] < pos then status = 'stale'
    elseif ARGV[i+1] == pos then status = 'same'
    elseif string.sub(cur, 50) == ARGV[i+2] then status = 'kept' end
  elseif ARGV[i+2] == '-' then status = 'kept' end
  if status == 'changed' or status == 'kept' then redis.call('HSET', KEYS[1], ARGV[i], ARGV[i+1] .. ARGV[i+2]) end
  answer[#answer + 1] = status
end
return answer`,
};
