import type { RedisScript } from '#infra/redis/client.ts';

/**
 * An order is one hash: `p` position, `v` view as JSON (empty when the order is gone), `s` status, `t` ms at which the status came, `h`
 * earlier and present statuses, one `<status>\t<ms>` a line, oldest first.
 *
 * KEYS[1] one order. ARGV: position, view, status, commit ms, most lines of history. Answers 1 when taken, 0 when a version as new is there.
 * Every version of an order must be given, in order: a status that was passed through belongs to the history.
 */
export const WRITE_ORDER: RedisScript = {
  name: 'WriteOrder',
  keys: 1,
  lua: `
local cur = redis.call('HMGET', KEYS[1], 'p', 's', 'h')
if cur[1] and ARGV[1] <= cur[1] then return 0 end
redis.call('HSET', KEYS[1], 'p', ARGV[1], 'v', ARGV[2])
if ARGV[2] ~= '' and cur[2] ~= ARGV[3] then
  local lines = {}
  for line in string.gmatch(cur[3] or '', '[^\\n]+') do lines[#lines + 1] = line end
  lines[#lines + 1] = ARGV[3] .. '\\t' .. ARGV[4]
  local first = math.max(1, #lines - tonumber(ARGV[5]) + 1)
  redis.call('HSET', KEYS[1], 's', ARGV[3], 't', ARGV[4], 'h', table.concat(lines, '\\n', first))
end
return 1`,
};

/**
 * KEYS[1] one command. ARGV: position, command as JSON. A command's row never changes; only the position may be higher after a new
 * snapshot, and then the first one stays.
 */
export const WRITE_COMMAND: RedisScript = {
  name: 'WriteCommand',
  keys: 1,
  lua: `
local cur = redis.call('HGET', KEYS[1], 'p')
if cur and cur <= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'p', ARGV[1], 'c', ARGV[2])
return 1`,
};

/** Seconds a command can be waited for after it was seen: its token is short-lived. */
export const COMMAND_TTL_SECONDS = 7 * 24 * 3600;

export const MAX_HISTORY = 50;
