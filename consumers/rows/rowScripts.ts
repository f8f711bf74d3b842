import type { RedisScript } from '#infra/redis/client.ts';

/**
 * A stored row is one text: position (49), `r` for a row or `d` for a deleted one, the links of this version joined by tabs, a line end,
 * links of earlier versions whose documents may not have been marked yet, a line end, the row (or when it was deleted). Links hold no tab or
 * line end. Deleted rows also stand in a sorted set beside the rows, scored by that time, so that they are found again without looking at
 * every row.
 */

/**
 * KEYS[1] rows of one bucket, KEYS[2] its deleted rows, KEYS[3] its shapes. ARGV[1] milliseconds now, ARGV[2] the shapes of the rows to be
 * written, joined by commas: when one of them is not there, `shape` and its name are answered and nothing is done; ARGV[3] a mark for a bucket that
 * has none. Then seven per row: row key, position, flag, links, row text, the store the links were entered into (empty: not yet), and the position of the version the row text was completed from (empty: of none; `*`: it
 * needed none). Answers two texts per row: `stale` (a newer version is stored), `same` (this very version is), `links` (enter the links
 * first, then ask again: nothing was written), `moved` (another version than the given one is stored: complete it again) or `ok` (written);
 * and the links of earlier versions still to be settled. The last answer is the store, when links are asked for: the bucket's mark and the
 * server process. Links that were entered into another store count as not entered, because they may be lost.
 */
export const WRITE_ROWS: RedisScript = {
  name: 'WriteRows',
  keys: 3,
  lua: `
for shape in string.gmatch(ARGV[2], '[^,]+') do
  if redis.call('HEXISTS', KEYS[3], shape) == 0 then return {'shape', shape} end
end
local token
local function store()
  if not token then
    local mark = redis.call('HGET', KEYS[3], '.store')
    if not mark then mark = ARGV[3]; redis.call('HSET', KEYS[3], '.store', mark) end
    token = mark .. '/' .. (string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') or '')
  end
  return token
end
local answer = {}
for i = 4, #ARGV, 7 do
  local id, pos, links, base = ARGV[i], ARGV[i+1], ARGV[i+3], ARGV[i+6]
  local entered = ARGV[i+5] ~= '' and ARGV[i+5] == store()
  local cur = redis.call('HGET', KEYS[1], id)
  local status, prev, curLinks, curPos, wasGone = 'ok', '', '', '', false
  if cur then
    curPos = string.sub(cur, 1, 49)
    wasGone = string.byte(cur, 50) == 100
    local a = string.find(cur, '\\n', 51, true)
    local b = string.find(cur, '\\n', a + 1, true)
    curLinks = string.sub(cur, 51, a - 1)
    prev = string.sub(cur, a + 1, b - 1)
    if pos < curPos then status = 'stale'
    elseif pos == curPos then
      -- Another writer may find other links in this very version: they come together.
      local has = {}
      for link in string.gmatch(curLinks, '[^\\t]+') do has[link] = true end
      local all = curLinks
      for link in string.gmatch(links, '[^\\t]+') do
        if not has[link] then all = all == '' and link or all .. '\\t' .. link end
      end
      links = all
      if links == curLinks then status = 'same' end
    end
  end
  if status == 'ok' and base ~= '*' and base ~= curPos then status = 'moved' end
  if status == 'ok' and links ~= curLinks then
    if not entered then status = 'links'; store()
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
    local gone = ARGV[i+2] == 'd'
    local text = ARGV[i+4]
    if gone then text = ARGV[1]; redis.call('ZADD', KEYS[2], ARGV[1], id)
    elseif wasGone then redis.call('ZREM', KEYS[2], id) end
    redis.call('HSET', KEYS[1], id, pos .. ARGV[i+2] .. links .. '\\n' .. prev .. '\\n' .. text)
  end
  answer[#answer + 1] = status
  answer[#answer + 1] = prev
end
answer[#answer + 1] = token or ''
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
 * Forgets deleted rows for good. KEYS[1] rows of one bucket, KEYS[2] its deleted rows; ARGV: deleted before this time (ms), at a position below
 * this one (empty: at any), how many to look at, how many of the oldest to pass over. A row that is not settled stays. Answers how many were
 * looked at, how many of them stay and how many are forgotten.
 */
export const FORGET_ROWS: RedisScript = {
  name: 'ForgetRows',
  keys: 2,
  lua: `
local ids = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', '(' .. ARGV[1], 'LIMIT', ARGV[4], ARGV[3])
local kept, forgotten = 0, 0
for _, id in ipairs(ids) do
  local cur = redis.call('HGET', KEYS[1], id)
  local gone = cur and string.byte(cur, 50) == 100
  local settled = gone and string.sub(cur, 51, 52) == '\\n\\n'
  if settled and (ARGV[2] == '' or string.sub(cur, 1, 49) < ARGV[2]) then
    redis.call('HDEL', KEYS[1], id)
    redis.call('ZREM', KEYS[2], id)
    forgotten = forgotten + 1
  elseif gone then kept = kept + 1
  else redis.call('ZREM', KEYS[2], id) end
end
return {#ids, kept, forgotten}`,
};
