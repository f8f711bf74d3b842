import type { RedisScript } from '#infra/redis/client.ts';

/**
 * An order is one hash: `p` position of the present version, `v` its view as JSON (empty when the order is gone), `t` its commit ms, `c` its
 * customer, `e` customers of earlier versions whose lists may still name the order, `d` position of the newest delete, `h` steps, one
 * `<position>\t<kind>\t<status>\t<ms>` a line in the order of positions.
 *
 * Steps are a set ordered by position and cut to the newest, less those up to the newest delete: what it holds depends on the versions given,
 * not on their order or how often they came. A version as new as the present one is written again, so that a replay after a change of
 * `project` takes effect.
 *
 * KEYS[1] one order. ARGV: position, view, customer, commit ms, kind of step (`s`: seen changing, `w`: only seen, empty: no step), status,
 * most steps, seconds a deleted order is remembered. Answers { taken 1 or 0, present position, present customer, earlier customers (tabs) }.
 */
export const WRITE_ORDER: RedisScript = {
  name: 'WriteOrder',
  keys: 1,
  lua: `
local cur = redis.call('HMGET', KEYS[1], 'p', 'c', 'e', 'd', 'h')
local p, c, e, d, h = cur[1] or '', cur[2] or '', cur[3] or '', cur[4] or '', cur[5] or ''
local pos, gone = ARGV[1], ARGV[2] == ''
local changes = {}
local function set(field, value) changes[#changes + 1] = field; changes[#changes + 1] = value end
if gone and pos > d then d = pos; set('d', d) end
local kind = ARGV[5]
if kind ~= '' or (gone and h ~= '') then
  local lines, placed = {}, kind == '' or pos <= d
  local step = pos .. '\\t' .. kind .. '\\t' .. ARGV[6] .. '\\t' .. ARGV[4]
  for line in string.gmatch(h, '[^\\n]+') do
    local at = string.sub(line, 1, 49)
    if not placed and at >= pos then
      lines[#lines + 1] = step
      placed = true
    end
    if at > d and not (at == pos and kind ~= '') then lines[#lines + 1] = line end
  end
  if not placed then lines[#lines + 1] = step end
  local kept = table.concat(lines, '\\n', math.max(1, #lines - tonumber(ARGV[7]) + 1))
  if kept ~= h then set('h', kept) end
end
local taken = 0
if pos >= p then
  taken = 1
  local customer, earlier = ARGV[3], {}
  for name in string.gmatch(e, '[^\\t]+') do
    if name ~= customer and name ~= c then earlier[#earlier + 1] = name end
  end
  if c ~= '' and c ~= customer then earlier[#earlier + 1] = c end
  p, c, e = pos, customer, table.concat(earlier, '\\t')
  set('p', p); set('v', ARGV[2]); set('t', ARGV[4]); set('c', c); set('e', e)
end
if #changes > 0 then redis.call('HSET', KEYS[1], unpack(changes)) end
if taken == 1 then
  if gone then redis.call('EXPIRE', KEYS[1], ARGV[8]) else redis.call('PERSIST', KEYS[1]) end
end
return { taken, p, c, e }`,
};

/** Forgets the earlier customers once their lists are in order. KEYS[1] one order. ARGV: position and earlier customers as answered. */
export const SETTLE_ORDER: RedisScript = {
  name: 'SettleOrder',
  keys: 1,
  lua: `
local cur = redis.call('HMGET', KEYS[1], 'p', 'e')
if cur[1] == ARGV[1] and cur[2] == ARGV[2] then redis.call('HDEL', KEYS[1], 'e') end
return 0`,
};

/**
 * Names an order in a customer's list, stamped with the version that does. KEYS: list, stamps. ARGV: order, position, member of the list.
 * An entry by a newer version stays as it is.
 */
export const ENTER_CUSTOMER: RedisScript = {
  name: 'EnterCustomer',
  keys: 2,
  lua: `
local old = redis.call('HGET', KEYS[2], ARGV[1])
if old then
  if string.sub(old, 1, 49) > ARGV[2] then return 0 end
  local member = string.sub(old, 50)
  if member ~= ARGV[3] then redis.call('ZREM', KEYS[1], member) end
end
redis.call('ZADD', KEYS[1], 0, ARGV[3])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2] .. ARGV[3])
return 1`,
};

/** Takes an order out of a customer's list unless a version as new as the position entered it. KEYS as above. ARGV: order, position. */
export const LEAVE_CUSTOMER: RedisScript = {
  name: 'LeaveCustomer',
  keys: 2,
  lua: `
local old = redis.call('HGET', KEYS[2], ARGV[1])
if not old or string.sub(old, 1, 49) >= ARGV[2] then return 0 end
redis.call('ZREM', KEYS[1], string.sub(old, 50))
redis.call('HDEL', KEYS[2], ARGV[1])
return 1`,
};

/**
 * Lines of one order: line → `<position><JSON>`, no JSON for one that is gone. KEYS[1] lines of an order. ARGV: line, position, JSON, seconds
 * after which lines that are all gone are forgotten.
 */
export const WRITE_LINE: RedisScript = {
  name: 'WriteLine',
  keys: 1,
  lua: `
local old = redis.call('HGET', KEYS[1], ARGV[1])
if old and string.sub(old, 1, 49) > ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ARGV[3])
if ARGV[3] ~= '' then redis.call('PERSIST', KEYS[1]); return 1 end
for _, line in ipairs(redis.call('HVALS', KEYS[1])) do
  if string.len(line) > 49 then return 1 end
end
redis.call('EXPIRE', KEYS[1], ARGV[4])
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

/** Seconds a deleted order is remembered, so that an older version that comes late cannot bring it back. */
export const GONE_TTL_SECONDS = 30 * 24 * 3600;

/** Steps kept; an order that has more shows its newest. */
export const MAX_HISTORY = 50;
