import type { RedisScript } from '#infra/redis/client.ts';

/**
 * The rows under one link form a tree of nodes, filled from the top. Its first node stands inside a hash shared by all links of a bucket: one
 * text, `-` or `+` (there are more nodes), then per row a stamp (20) and the row key, each ended by a line end. Every other node is a hash of
 * its own, row key → stamp, with an empty field when there are nodes below. A node that was full once takes no new rows any more, so a row is
 * in one node at most, and stays there as long as it is entered. A stamp is the commit (LSN) of the version that asked for the entry.
 */

/** Where the row's stamp begins in the text of a first node, and where its line ends; nil when it is not there. */
const FIND_ROW = `
local function find(text, row)
  local from = 22
  while true do
    local at, to = string.find(text, row .. '\\n', from, true)
    if not at then return nil end
    if at == 22 or string.byte(text, at - 21) == 10 then return at - 20, to end
    from = at + 1
  end
end`;

/**
 * Enters rows into first nodes. KEYS[1] links of one bucket; ARGV[1] most rows of a first node, then three per row: link, row key, stamp. An
 * entry keeps the highest stamp that asked for it, so that a late removal for an older version cannot take it away. Answers per row `in`, or
 * `more`: it belongs into the node below.
 */
export const ENTER_FIRST: RedisScript = {
  name: 'EnterFirst',
  keys: 1,
  lua: `${FIND_ROW}
local answer = {}
local most = tonumber(ARGV[1])
for i = 2, #ARGV, 3 do
  local link, row, stamp = ARGV[i], ARGV[i+1], ARGV[i+2]
  local cur = redis.call('HGET', KEYS[1], link) or '-'
  local status = 'more'
  local found = find(cur, row)
  if found then
    status = 'in'
    if string.sub(cur, found, found + 19) < stamp then
      redis.call('HSET', KEYS[1], link, string.sub(cur, 1, found - 1) .. stamp .. string.sub(cur, found + 20))
    end
  elseif string.sub(cur, 1, 1) == '-' then
    local _, count = string.gsub(cur, '\\n', '')
    if count < most then
      redis.call('HSET', KEYS[1], link, cur .. stamp .. row .. '\\n')
      status = 'in'
    else
      redis.call('HSET', KEYS[1], link, '+' .. string.sub(cur, 2))
    end
  end
  answer[#answer + 1] = status
end
return answer`,
};

/**
 * Removes rows from first nodes unless a version of the same commit or a newer one entered them. KEYS[1] links of one bucket; ARGV, three per
 * row: link, row key, stamp. Answers per row `done`, or `more`: look in the node below.
 */
export const LEAVE_FIRST: RedisScript = {
  name: 'LeaveFirst',
  keys: 1,
  lua: `${FIND_ROW}
local answer = {}
for i = 1, #ARGV, 3 do
  local link, row, stamp = ARGV[i], ARGV[i+1], ARGV[i+2]
  local cur = redis.call('HGET', KEYS[1], link) or '-'
  local found, to = find(cur, row)
  if found and string.sub(cur, found, found + 19) < stamp then
    local rest = string.sub(cur, 1, found - 1) .. string.sub(cur, to + 1)
    if rest == '-' then redis.call('HDEL', KEYS[1], link) else redis.call('HSET', KEYS[1], link, rest) end
  end
  answer[#answer + 1] = (not found and string.sub(cur, 1, 1) == '+') and 'more' or 'done'
end
return answer`,
};

/** As ENTER_FIRST for a node of its own. KEYS[1] the node; ARGV[1] most rows of it, then two per row: row key, stamp. */
export const ENTER_NODE: RedisScript = {
  name: 'EnterNode',
  keys: 1,
  lua: `
local answer = {}
local most = tonumber(ARGV[1])
for i = 2, #ARGV, 2 do
  local cur = redis.call('HGET', KEYS[1], ARGV[i])
  local status = 'in'
  if cur then
    if cur < ARGV[i+1] then redis.call('HSET', KEYS[1], ARGV[i], ARGV[i+1]) end
  elseif redis.call('HEXISTS', KEYS[1], '') == 1 then status = 'more'
  elseif redis.call('HLEN', KEYS[1]) >= most then redis.call('HSET', KEYS[1], '', ''); status = 'more'
  else redis.call('HSET', KEYS[1], ARGV[i], ARGV[i+1]) end
  answer[#answer + 1] = status
end
return answer`,
};

/** As LEAVE_FIRST for a node of its own. KEYS[1] the node; ARGV, two per row: row key, stamp. */
export const LEAVE_NODE: RedisScript = {
  name: 'LeaveNode',
  keys: 1,
  lua: `
local answer = {}
for i = 1, #ARGV, 2 do
  local cur = redis.call('HGET', KEYS[1], ARGV[i])
  if cur and cur < ARGV[i+1] then redis.call('HDEL', KEYS[1], ARGV[i]) end
  answer[#answer + 1] = (not cur and redis.call('HEXISTS', KEYS[1], '') == 1) and 'more' or 'done'
end
return answer`,
};
