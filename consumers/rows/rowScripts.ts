import type { RedisScript } from '#infra/redis/client.ts';

/**
 * A stored row is one text: position (49), `r` for a row or `d` for a deleted one, the links of this version joined by tabs, a line end,
 * links of earlier versions whose documents may not have been marked yet, a line end, the row. Links are JSON and hold no tab or line end.
 */

/**
 * KEYS[1] rows of one bucket. ARGV, seven per row: row key, position, flag, links, row text, `1` when the links are already entered, and
 * the position of the version the row text was completed from (empty: of none; `*`: it needed none). Answers two texts per row: `stale` (a newer version is stored), `same` (this very version is), `links` (enter the links first, then ask
 * again: nothing was written), `moved` (another version than the given one is stored: complete it again) or `ok` (written); and the links of earlier versions still to be settled.
 */
export const WRITE_ROWS: RedisScript = {
  name: 'WriteRows',
  keys: 1,
  lua: `
local answer = {}
for i = 1, #ARGV, 7 do
  local id, pos, links, entered, base = ARGV[i], ARGV[i+1], ARGV[i+3], ARGV[i+5] == '1', ARGV[i+6]
  local cur = redis.call('HGET', KEYS[1], id)
  local status, prev, curLinks, curPos = 'ok', '', '', ''
  if cur then
    curPos = string.sub(cur, 1, 49)
    local a = string.find(cur, '\\n', 51, true)
    local b = string.find(cur, '\\n', a + 1, true)
    curLinks = string.sub(cur, 51, a - 1)
    prev = string.sub(cur, a + 1, b - 1)
    if pos < curPos then status = 'stale'
    elseif pos == curPos and links == curLinks then status = 'same' end
  end
  if status == 'ok' and base ~= '*' and base ~= curPos then status = 'moved' end
  if status == 'ok' and links ~= curLinks then
    if not entered then status = 'links'
    else
      local has, kept = {}, {}
      for link in string.gmatch(links, '[^\\t]+') do has[link] = true end
      for _, list in ipairs({prev, curLinks}) do
        for link in string.gmatch(list, '[^\\t]+') do
          if not has[link] then has[link] = true; kept[#kept + 1] = link end
        end
      end
      prev = table.concat(kept, '\\t')
    end
  end
  if status == 'ok' then
    redis.call('HSET', KEYS[1], id, pos .. ARGV[i+2] .. links .. '\\n' .. prev .. '\\n' .. ARGV[i+4])
  end
  answer[#answer + 1] = status
  answer[#answer + 1] = prev
end
return answer`,
};

/**
 * Forgets the earlier links of rows whose documents are all marked. KEYS[1] rows of one bucket; ARGV, two per row: row key, position. A row
 * that has moved on is left alone: its newer version carries the links on.
 */
export const SETTLE_ROWS: RedisScript = {
  name: 'SettleRows',
  keys: 1,
  lua: `
for i = 1, #ARGV, 2 do
  local cur = redis.call('HGET', KEYS[1], ARGV[i])
  if cur and string.sub(cur, 1, 49) == ARGV[i+1] then
    local a = string.find(cur, '\\n', 51, true)
    local b = string.find(cur, '\\n', a + 1, true)
    redis.call('HSET', KEYS[1], ARGV[i], string.sub(cur, 1, a) .. string.sub(cur, b))
  end
end`,
};

/**
 * Enters rows under one link. KEYS[1] the link; ARGV, two per row: row key, position. The entry keeps the highest position that asked for
 * it, so that a late removal for an older version cannot take it away.
 */
export const ENTER_LINK: RedisScript = {
  name: 'EnterLink',
  keys: 1,
  lua: `
for i = 1, #ARGV, 2 do
  local cur = redis.call('HGET', KEYS[1], ARGV[i])
  if not cur or cur < ARGV[i+1] then redis.call('HSET', KEYS[1], ARGV[i], ARGV[i+1]) end
end`,
};

/** Removes rows from one link unless a version as new as the given position entered them. Keys and arguments as in ENTER_LINK. */
export const LEAVE_LINK: RedisScript = {
  name: 'LeaveLink',
  keys: 1,
  lua: `
for i = 1, #ARGV, 2 do
  local cur = redis.call('HGET', KEYS[1], ARGV[i])
  if cur and cur < ARGV[i+1] then redis.call('HDEL', KEYS[1], ARGV[i]) end
end`,
};

/** Sets a row's position to zeros if it is still the given one. KEYS[1] rows of one bucket; ARGV: row key, position. Answers 1 when it was. */
export const LOWER_ROW: RedisScript = {
  name: 'LowerRow',
  keys: 1,
  lua: `
local cur = redis.call('HGET', KEYS[1], ARGV[1])
if not cur or string.sub(cur, 1, 49) ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], string.rep('0', 49) .. string.sub(cur, 50))
return 1`,
};
