/**
 * The registry is a few hashes in one slot, each by the node's name: `runs` has the run that is
 * registered, `details` a flag (`1` = offline) and the node as JSON, `reports` the latest report as
 * `{milliseconds since the Unix epoch} {connections} {addresses} {digest of its rooms}`, `rooms`
 * the members per room as JSON. `meta` says when the registry was begun and how often its nodes
 * changed, so that readers know whether theirs are the present ones. Nothing in it expires: after
 * Redis was away, nodes are as alive as before.
 *
 * @module
 */
import type { Script } from "./store.ts";

/** The keys that all these scripts take. */
export const NODE_KEYS: readonly string[] = ["runs", "details", "reports", "rooms", "meta"].map(
  (name) => `halley:{nodes}:${name}`,
);

/** All that change something begin with `begin`, which takes no memory: see {@linkcode Script}. */
const KEYS_AND_TIME = `
local runs, details, reports, rooms, meta = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
local function begin() redis.call('HDEL', meta, '') end
local function changed()
  redis.call('HSETNX', meta, 'begun', time[1] .. '.' .. time[2])
  redis.call('HINCRBY', meta, 'changes', 1)
end
`;

/** ARGV: name, run, details. A run that was there keeps its report. */
export const REGISTER_NODE: Script = {
  name: "register-node",
  source: `${KEYS_AND_TIME}
local name, run = ARGV[1], ARGV[2]
begin()
local report = redis.call('HGET', reports, name)
if report and redis.call('HGET', runs, name) == run then
  redis.call('HSET', reports, name, now .. string.match(report, ' .*$'))
else
  redis.call('HSET', runs, name, run)
  redis.call('HSET', reports, name, now .. ' 0 0 ')
  redis.call('HDEL', rooms, name)
end
redis.call('HSET', details, name, ARGV[3])
changed()
return 1`,
};

/**
 * ARGV: name, run, its report, or nothing for whatever it is. Answers whether the run is gone, by
 * this or before. It begins as a report does: where that is refused, silence is no fault.
 */
export const REMOVE_NODE: Script = {
  name: "remove-node",
  source: `${KEYS_AND_TIME}
local name, run, report = ARGV[1], ARGV[2], ARGV[3]
if redis.call('HGET', runs, name) ~= run then return 1 end
if report ~= '' and redis.call('HGET', reports, name) ~= report then return 0 end
begin()
changed()
for _, hash in ipairs({runs, details, reports, rooms}) do redis.call('HDEL', hash, name) end
return 1`,
};

/** ARGV: name, run. */
export const SET_NODE_OFFLINE: Script = {
  name: "set-node-offline",
  source: `${KEYS_AND_TIME}
local name, run = ARGV[1], ARGV[2]
if redis.call('HGET', runs, name) ~= run then return 0 end
local details_of = redis.call('HGET', details, name)
if not details_of then return 0 end
begin()
redis.call('HSET', details, name, '1' .. string.sub(details_of, 2))
changed()
return 1`,
};

/**
 * ARGV: name, run, connections, addresses, digest of the rooms or nothing for none, and the rooms,
 * which may be left out when they are thought to be there.
 *
 * Answers 1 when it is stored, 0 when the rooms are wanted, or the run that is registered instead,
 * or nothing where there is none.
 */
export const REPORT_NODE: Script = {
  name: "report-node",
  source: `${KEYS_AND_TIME}
local name, digest = ARGV[1], ARGV[5]
local run = redis.call('HGET', runs, name)
if run ~= ARGV[2] then return run end
local report = redis.call('HGET', reports, name)
if not report or redis.call('HEXISTS', details, name) == 0 then return false end
begin()
if digest == '' then
  redis.call('HDEL', rooms, name)
elseif ARGV[6] then
  redis.call('HSET', rooms, name, ARGV[6])
elseif string.match(report, '[^ ]*$') ~= digest then
  return 0
end
redis.call('HSET', reports, name, now .. ' ' .. ARGV[3] .. ' ' .. ARGV[4] .. ' ' .. digest)
return 1`,
};

/**
 * ARGV: the version that the reader has. Answers when the registry was begun, its version, its
 * reports, and its details, which are left out when the reader has them.
 */
export const READ_NODES: Script = {
  name: "read-nodes",
  source: `${KEYS_AND_TIME}
local begun = redis.call('HGET', meta, 'begun') or ''
local version = begun .. ' ' .. (redis.call('HGET', meta, 'changes') or '')
local answer = {begun, version, redis.call('HGETALL', reports)}
if version ~= ARGV[1] then answer[4] = redis.call('HGETALL', details) end
return answer`,
};

/** ARGV: name. Answers its report and its rooms, or nothing when it has gone or has none. */
export const READ_ROOMS: Script = {
  name: "read-rooms",
  source: `${KEYS_AND_TIME}
local found = redis.call('HGET', rooms, ARGV[1])
if not found then return {} end
return {redis.call('HGET', reports, ARGV[1]), found}`,
};
