import type { RedisScript } from '#infra/redis/client.ts';

/**
 * A sku is one hash: location → `<position 49><level>`, see levelText; `-` for a level that was taken away (kept, so that an older change
 * cannot bring it back).
 *
 * Beside it, where stock events are wanted, its alerts: `s:<place>` → `ok`, `low` or `out`, and `e:<place>\n<position>` → an event that is
 * not known to be sent, `<kind>|<available>|<threshold>`. A place is a location, or empty for the sku as a whole.
 */

/**
 * KEYS: skus of one hash tag; with events, as many alerts after them; last, what was taken away under the tag (a sorted set of
 * `<sku>\t<location>` by the time it was written, ms). ARGV: how many skus, `1` when events are wanted, scope (`sku`, `location`), least
 * available that is back in stock, pieces above the threshold that end a shortage, the present time in ms; then for every sku its name and how
 * many levels follow, and for each: location, position, level text, threshold (empty: none), `1` when it is recent enough to be told.
 *
 * Answers one text per level: `stale` (a newer one is stored), `same` (this very change is), `kept` (newer position, same level) or
 * `changed`, and behind a `!` the event that this change made, again until it was settled.
 */
export const WRITE_STOCK: RedisScript = {
  name: 'WriteStock',
  keys: 'counted',
  lua: `
local skus, events, scope = tonumber(ARGV[1]), ARGV[2] == '1', ARGV[3]
local back, above = tonumber(ARGV[4]), tonumber(ARGV[5])
local function available(text)
  local onHand, reserved, safety = string.match(text, '^(-?%d+)|(-?%d+)|?(%d*)')
  if not onHand then return 0 end
  return math.max(0, tonumber(onHand) - tonumber(reserved) - (tonumber(safety) or 0))
end
local function pairsOf(flat)
  local found = {}
  for i = 1, #flat, 2 do found[flat[i]] = flat[i+1] end
  return found
end
local function judge(now, low)
  if now <= 0 then return 'out' end
  if now <= low then return 'low' end
  return 'ok'
end
local answer = {}
local a = 7
for k = 1, skus do
  local sku, count = ARGV[a], tonumber(ARGV[a + 1])
  local first = a + 2
  a = first + 5 * count
  local stored = {}
  local alerts = events and pairsOf(redis.call('HGETALL', KEYS[skus + k])) or {}
  local total = 0
  if events and scope == 'sku' then
    stored = pairsOf(redis.call('HGETALL', KEYS[k]))
    for _, level in pairs(stored) do total = total + available(string.sub(level, 50)) end
  else
    local names = {}
    for i = 0, count - 1 do names[i + 1] = ARGV[first + 5 * i] end
    local found = redis.call('HMGET', KEYS[k], unpack(names))
    for i = 1, count do if found[i] then stored[names[i]] = found[i] end end
  end
  local isKnown = next(stored) ~= nil
  local written, told = {}, {}
  for i = first, a - 1, 5 do
    local location, position, text = ARGV[i], ARGV[i+1], ARGV[i+2]
    local cur = stored[location]
    local status = 'changed'
    if cur then
      local pos = string.sub(cur, 1, 49)
      if position < pos then status = 'stale'
      elseif position == pos then status = 'same'
      elseif string.sub(cur, 50) == text then status = 'kept' end
    elseif text == '-' then status = 'kept' end
    if status == 'changed' or status == 'kept' then
      stored[location] = position .. text
      written[location] = stored[location]
      if text == '-' then redis.call('ZADD', KEYS[#KEYS], ARGV[6], sku .. '\\t' .. location) end
    end
    local wasKnown = isKnown
    isKnown = true
    if events then
      local place = scope == 'sku' and '' or location
      if status == 'changed' then
        local was, now = cur and available(string.sub(cur, 50)) or 0, available(text)
        if scope == 'sku' then
          local before = total
          total = total - was + now
          was, now = before, total
        end
        local low = tonumber(ARGV[i+3]) or -1
        local state = alerts['s:' .. place]
        -- Events were not wanted when the level came, or it is the first: then only what it was before can tell.
        if not state and (cur or (scope == 'sku' and wasKnown)) then state = judge(was, low) end
        local nextState, kind = judge(now, low), nil
        if state == 'out' then
          if now >= back and now > 0 then kind = 'back' else nextState = 'out' end
        elseif state == 'low' then
          if nextState == 'ok' and now < low + above then nextState = 'low' end
        elseif state == 'ok' and nextState ~= 'ok' and low >= 0 then kind = 'low' end
        if nextState ~= alerts['s:' .. place] then
          alerts['s:' .. place] = nextState
          told['s:' .. place] = nextState
        end
        if kind and ARGV[i+4] == '1' then
          local event = kind .. '|' .. now .. '|' .. (kind == 'low' and low or back)
          told['e:' .. place .. '\\n' .. position] = event
          status = status .. '!' .. event
        end
      else
        local unsent = alerts['e:' .. place .. '\\n' .. position]
        if unsent then status = status .. '!' .. unsent end
      end
    end
    answer[#answer + 1] = status
  end
  local function keep(key, fields)
    local flat = {}
    for name, value in pairs(fields) do flat[#flat + 1] = name; flat[#flat + 1] = value end
    if #flat > 0 then redis.call('HSET', key, unpack(flat)) end
  end
  keep(KEYS[k], written)
  if events then keep(KEYS[skus + k], told) end
end
return answer`,
};

/** KEYS[1] the stream. ARGV: about how many entries it keeps, then three per entry: sku, location, event as JSON (empty: none). */
export const ADD_CHANGES: RedisScript = {
  name: 'AddChanges',
  keys: 1,
  lua: `
for i = 2, #ARGV, 3 do
  if ARGV[i+2] == '' then
    redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', 'sku', ARGV[i], 'location', ARGV[i+1])
  else
    redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', 'sku', ARGV[i], 'location', ARGV[i+1], 'event', ARGV[i+2])
  end
end
return 1`,
};

/**
 * KEYS: what was taken away under a tag, then per level its sku and that sku's alerts. ARGV: time in ms before which it must have been written,
 * position it must lie below (empty: any), then per level sku and location. Answers how many levels were forgotten. One that is stocked again is
 * only struck off the list.
 */
export const FORGET_LEVELS: RedisScript = {
  name: 'ForgetLevels',
  keys: 'counted',
  lua: `
local forgotten = 0
for i = 3, #ARGV, 2 do
  local member = ARGV[i] .. '\\t' .. ARGV[i+1]
  local sku, alerts = KEYS[i - 1], KEYS[i]
  local writtenMs = redis.call('ZSCORE', KEYS[1], member)
  local level = redis.call('HGET', sku, ARGV[i+1])
  if writtenMs and tonumber(writtenMs) < tonumber(ARGV[1]) then
    if not level or string.sub(level, 50) ~= '-' then redis.call('ZREM', KEYS[1], member)
    elseif ARGV[2] == '' or string.sub(level, 1, 49) < ARGV[2] then
      redis.call('HDEL', sku, ARGV[i+1])
      redis.call('HDEL', alerts, 's:' .. ARGV[i+1])
      if redis.call('EXISTS', sku) == 0 then redis.call('DEL', alerts) end
      redis.call('ZREM', KEYS[1], member)
      forgotten = forgotten + 1
    end
  end
end
return forgotten`,
};
