/**
 * A partition has three keys in one slot: `push`, a stream of what is not yet acknowledged, each
 * entry's id its position and `-0`; `lease`, the owner and its fencing token while its lease runs;
 * `meta`, the last position, the last token and the bytes of the stream. Positions and tokens begin
 * at the time, so that they go on growing when Redis has lost its data. A `DEL` of what is not
 * there is the write without memory that a full Redis wants first: see {@linkcode Script}.
 *
 * @module
 */
import type { Script } from "./store.ts";

/** The group that all jobs read in, each run of a job as a consumer. */
const GROUP = "job";

/** Keys of a partition. */
export interface PartitionKeys {
  readonly push: string;
  readonly lease: string;
  readonly meta: string;
}

/** The keys of a partition, all in one slot of a Redis Cluster. */
export function partitionKeys(partition: number): PartitionKeys {
  const prefix = `halley:{p${partition}}`;
  return { push: `${prefix}:push`, lease: `${prefix}:lease`, meta: `${prefix}:meta` };
}

/** Where the live owners stand, with when they run out. */
export const OWNERS_KEY = "halley:{jobs}:owners";

/** What all who use the push log must agree on. */
export const LAYOUT_KEY = "halley:{jobs}:partitions";

/** KEYS: layout. ARGV: how many partitions. Answers how many there are for all. */
export const AGREE_ON_PARTITIONS: Script = {
  name: "agree-on-partitions",
  source: `
local agreed = redis.call('GET', KEYS[1])
if agreed then return agreed end
redis.call('DEL', KEYS[1])
redis.call('SET', KEYS[1], ARGV[1])
return ARGV[1]`,
};

/** KEYS: owners. ARGV: owner, lease in milliseconds. Answers all live owners. */
export const JOIN: Script = {
  name: "join-jobs",
  source: `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now))
redis.call('ZADD', KEYS[1], string.format('%.0f', now + ARGV[2]), ARGV[1])
return redis.call('ZRANGE', KEYS[1], 0, -1)`,
};

/** KEYS: owners. ARGV: owner. */
export const LEAVE: Script = {
  name: "leave-jobs",
  source: `return redis.call('ZREM', KEYS[1], ARGV[1])`,
};

/**
 * KEYS: lease, meta. ARGV: owner, lease in milliseconds. Answers the token, or nothing while another
 * owner has the lease.
 */
export const ACQUIRE: Script = {
  name: "acquire-lease",
  source: `
local held = redis.call('GET', KEYS[1])
if held then
  local owner, token = string.match(held, '^(.*) (%d+)$')
  if owner ~= ARGV[1] then return false end
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  return token
end
local time = redis.call('TIME')
local last = tonumber(redis.call('HGET', KEYS[2], 'token') or '0')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local token = string.format('%.0f', math.max(last + 1, now))
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[2], 'token', token)
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. token, 'PX', ARGV[2])
return token`,
};

/** KEYS: lease. ARGV: owner, token or nothing for any. */
export const RELEASE: Script = {
  name: "release-lease",
  source: `
local held = redis.call('GET', KEYS[1])
if not held then return 0 end
local owner, token = string.match(held, '^(.*) (%d+)$')
if owner ~= ARGV[1] or (ARGV[2] ~= '' and token ~= ARGV[2]) then return 0 end
return redis.call('DEL', KEYS[1])`,
};

/**
 * KEYS begin with push, lease; ARGV with owner, token. Answers 0 when the lease is lost. The group is
 * made when it is first needed, also after Redis has lost it.
 */
const CHECKED = `
if redis.call('GET', KEYS[2]) ~= ARGV[1] .. ' ' .. ARGV[2] then return 0 end
local function grouped(...)
  local reply = redis.pcall(...)
  if type(reply) ~= 'table' or not reply.err then return reply end
  if string.find(reply.err, 'NOGROUP', 1, true) then
    redis.call('XGROUP', 'CREATE', KEYS[1], '${GROUP}', '0', 'MKSTREAM')
  end
  return redis.call(...)
end
local function delivered()
  local groups = redis.pcall('XINFO', 'GROUPS', KEYS[1])
  if groups.err or not groups[1] then return '0-0' end
  for index = 1, #groups[1], 2 do
    if groups[1][index] == 'last-delivered-id' then return groups[1][index + 1] end
  end
end
`;

/**
 * ARGV: owner, token, how many, the last id that was taken or nothing. Answers entries, or 1 when
 * others were taken since: by a call whose answer got lost, or that was sent twice.
 */
export const TAKE: Script = {
  name: "take-pushes",
  source: `${CHECKED}
if ARGV[4] ~= '' and delivered() ~= ARGV[4] then return 1 end
local found = grouped('XREADGROUP', 'GROUP', '${GROUP}', ARGV[1], 'COUNT', ARGV[3],
  'STREAMS', KEYS[1], '>')
if not found then return {} end
return found[1][2]`,
};

/**
 * ARGV: owner, token. Answers the last id that was taken, and all pending entries, those of other consumers included, which are
 * forgotten with that: whoever has the lease is the only one.
 */
export const CLAIM: Script = {
  name: "claim-pushes",
  source: `${CHECKED}
local entries, cursor = {}, '0-0'
repeat
  local found = grouped('XAUTOCLAIM', KEYS[1], '${GROUP}', ARGV[1], 0, cursor, 'COUNT', 500)
  cursor = found[1]
  for _, entry in ipairs(found[2]) do
    if entry and entry[2] then entries[#entries + 1] = entry end
  end
until cursor == '0-0'
for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], '${GROUP}')) do
  if consumer[2] ~= ARGV[1] then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], '${GROUP}', consumer[2])
  end
end
return {delivered(), entries}`,
};

/** KEYS: push, lease, meta. ARGV: owner, token, then id and bytes of each entry. Answers 1. */
export const ACKNOWLEDGE: Script = {
  name: "acknowledge-pushes",
  source: `${CHECKED}
local freed = 0
for index = 3, #ARGV, 2 do
  redis.call('XACK', KEYS[1], '${GROUP}', ARGV[index])
  if redis.call('XDEL', KEYS[1], ARGV[index]) == 1 then freed = freed + ARGV[index + 1] end
end
local bytes = tonumber(redis.call('HGET', KEYS[3], 'bytes') or '0')
redis.call('HSET', KEYS[3], 'bytes', string.format('%.0f', math.max(0, bytes - freed)))
return 1`,
};

/** KEYS: push, meta. Answers entries and bytes. */
export const LAG: Script = {
  name: "push-lag",
  source: `
local entries = redis.call('XLEN', KEYS[1])
if entries == 0 then return {0, 0} end
return {entries, tonumber(redis.call('HGET', KEYS[2], 'bytes') or '0')}`,
};
