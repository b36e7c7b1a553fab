/**
 * Sessions of one key, or of one mid, are a hash: `{connection id}@{server}` to
 * `{rank} {end} {other}`. The rank grows with each newcomer and is counted in the field with the
 * empty name; the end is when the session expires, in milliseconds since the Unix epoch by Redis's
 * clock; other is the mid in a key's hash and the key, as JSON, in a mid's. A session expires by
 * itself, since others may keep its hash alive.
 *
 * @module
 */
import type { Script } from "./store.ts";

const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`;

/** Begins with a write that takes no memory: see {@linkcode Script}. */
const PUT = `
local function put(hash, field, other, ttl)
  local is_there = redis.call('PEXPIRE', hash, ttl) == 1
  local old = redis.call('HGET', hash, field)
  local rank = old and string.match(old, '^%d+') or redis.call('HINCRBY', hash, '', 1)
  redis.call('HSET', hash, field, rank .. string.format(' %.0f ', now + ttl) .. other)
  if not is_there then redis.call('PEXPIRE', hash, ttl) end
end
`;

const DROP = `
local function drop(hash, field)
  if redis.call('HDEL', hash, field) == 0 then return 0 end
  if redis.call('HLEN', hash) <= 1 then redis.call('DEL', hash) end
  return 1
end
`;

/**
 * Adds a session where there is room.
 *
 * KEYS: its hash. ARGV: field, other, milliseconds until it expires, how many there may be, what to
 * do when there are as many (`ask`, `refuse` or `close-oldest`), servers that are not alive.
 *
 * Answers 1 and the fields and values that had to go; or 0 and, when asked, all fields and values.
 */
export const ADD_SESSION: Script = {
  name: "add-session",
  source: `${NOW}${PUT}
local hash, field, max, full = KEYS[1], ARGV[1], tonumber(ARGV[4]), ARGV[5]
local evicted = {}
if redis.call('HEXISTS', hash, field) == 0 and redis.call('HLEN', hash) - 1 >= max then
  local rows = redis.call('HGETALL', hash)
  if full == 'ask' then return {0, rows} end
  local dead = {}
  for i = 6, #ARGV do dead[ARGV[i]] = true end
  local alive = {}
  for i = 1, #rows, 2 do
    local rank, ends = string.match(rows[i + 1], '^(%d+) (%d+) ')
    if rows[i] ~= '' then
      if tonumber(ends) <= now then
        redis.call('HDEL', hash, rows[i])
      elseif not dead[string.match(rows[i], '@(.*)$')] then
        alive[#alive + 1] = {tonumber(rank), rows[i], rows[i + 1]}
      end
    end
  end
  local surplus = #alive - max + 1
  if surplus > 0 and full == 'refuse' then return {0, {}} end
  table.sort(alive, function(a, b) return a[1] < b[1] end)
  for i = 1, surplus do
    redis.call('HDEL', hash, alive[i][2])
    evicted[#evicted + 1] = alive[i][2]
    evicted[#evicted + 1] = alive[i][3]
  end
end
put(hash, field, ARGV[2], tonumber(ARGV[3]))
return {1, evicted}`,
};

/** KEYS: hashes. Answers the fields and values of each, and forgets what has expired. */
export const FIND_SESSIONS: Script = {
  name: "find-sessions",
  source: `${NOW}${DROP}
local found = {}
for k, hash in ipairs(KEYS) do
  local rows = redis.call('HGETALL', hash)
  local alive = {}
  for i = 1, #rows, 2 do
    local ends = string.match(rows[i + 1], '^%d+ (%d+) ')
    if rows[i] ~= '' then
      if tonumber(ends) <= now then
        drop(hash, rows[i])
      else
        alive[#alive + 1] = rows[i]
        alive[#alive + 1] = rows[i + 1]
      end
    end
  end
  found[k] = alive
end
return found`,
};

/** KEYS: hashes. ARGV: a field of each. Answers how many there were. */
export const REMOVE_SESSIONS: Script = {
  name: "remove-sessions",
  source: `${DROP}
local removed = 0
for k, hash in ipairs(KEYS) do removed = removed + drop(hash, ARGV[k]) end
return removed`,
};

/** KEYS: hashes. ARGV: milliseconds until they expire, then field and other of each. */
export const RENEW_SESSIONS: Script = {
  name: "renew-sessions",
  source: `${NOW}${PUT}
local ttl = tonumber(ARGV[1])
for k, hash in ipairs(KEYS) do put(hash, ARGV[2 * k], ARGV[2 * k + 1], ttl) end
return #KEYS`,
};

/** KEYS: its hash. ARGV: its field. Answers 1 when the session is there. */
export const HAS_SESSION: Script = {
  name: "has-session",
  source: `return redis.call('HEXISTS', KEYS[1], ARGV[1])`,
};
