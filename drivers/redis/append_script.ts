import { ROOM_SCRIPT } from "./room_script.ts";
import type { Script } from "./store.ts";

/** For how long an append is known that may be sent twice, in milliseconds. */
export const ONCE_MS = 60_000;

/** Where the answer to an append stands that may be sent twice. */
export function onceKey(partition: number, id: string): string {
  return `halley:{p${partition}}:once:${id}`;
}

/** Where the answer to an append with a publish id stands. */
export function publishIdKey(partition: number, id: string): string {
  return `halley:{p${partition}}:id:${id}`;
}

/** Messages that one append forgets at most: one comes, so a room that keeps less gets there. */
const FORGOTTEN_MAX = 16;

/**
 * KEYS: push, meta; state, log and media of the room whose history the push is for, if any; where the
 * answer is kept, if anywhere. ARGV: bytes, most bytes; for how long the answer is kept, or 0; most
 * messages of the room or 0, for how long it keeps one, for how long its state, the last offset of an
 * epoch, the next epoch, the media time or nothing, what the message says beside offset, time and
 * body; then the fields, the last of which is the body. Answers the position and, in a room's history,
 * epoch and offset; or, when it is full, how many bytes there are.
 */
export const APPEND: Script = {
  name: "append-push",
  needsRoom: true,
  source: `${ROOM_SCRIPT}
local answer = ARGV[3] ~= '0' and KEYS[#KEYS]
local done = answer and redis.call('GET', answer)
if done then return done end
local bytes = tonumber(redis.call('HGET', KEYS[2], 'bytes') or '0')
if redis.call('XLEN', KEYS[1]) == 0 then bytes = 0 end
if bytes + ARGV[1] > tonumber(ARGV[2]) then return bytes end
local time = redis.call('TIME')
local last = tonumber(redis.call('HGET', KEYS[2], 'position') or '0')
local position = string.format('%.0f', math.max(last + 1, time[1] * 1000000 + time[2]))

local function append_to_room(state_key, log_key, media_key)
  local size_max, ttl, offset_max = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[7])
  local epoch, offset, last_ms, size, first_ms = state_of(state_key, log_key)
  if not epoch or offset >= offset_max then epoch, offset, last_ms, size = ARGV[8], 0, 0, 0 end
  offset = offset + 1
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  local ms = string.format('%.0f', math.max(last_ms, now))
  redis.call('XADD', KEYS[1], position .. '-0', 'epoch', epoch, 'offset', offset, unpack(ARGV, 11))
  if size == 0 then redis.call('DEL', log_key, media_key) end
  redis.call('RPUSH', log_key, offset .. ' ' .. ms .. ' ' .. ARGV[10] .. ARGV[#ARGV])
  redis.call('PEXPIRE', log_key, ARGV[5])
  redis.call('SET', state_key, epoch .. ' ' .. offset .. ' ' .. ms, 'PX', ARGV[6])
  if ARGV[9] ~= '' then
    redis.call('ZADD', media_key, ARGV[9], string.format('%010d', offset))
    redis.call('PEXPIRE', media_key, ARGV[5])
  end
  local forgotten = math.max(0, math.min(size + 1 - size_max, ${FORGOTTEN_MAX}))
  if size > 0 and first_ms + ttl <= now then
    while forgotten < math.min(size, ${FORGOTTEN_MAX}) do
      local _, sent = offset_and_time(redis.call('LINDEX', log_key, forgotten))
      if sent + ttl > now then break end
      forgotten = forgotten + 1
    end
  end
  if forgotten > 0 then
    redis.call('LTRIM', log_key, forgotten, -1)
    local gone = {}
    for index = 1, forgotten do gone[index] = string.format('%010d', offset - size + index - 1) end
    redis.call('ZREM', media_key, unpack(gone))
  end
  return position .. ' ' .. epoch .. ' ' .. offset
end

local reply = position
if ARGV[4] == '0' then
  redis.call('XADD', KEYS[1], position .. '-0', unpack(ARGV, 11))
else
  reply = append_to_room(KEYS[3], KEYS[4], KEYS[5])
end
redis.call('HSET', KEYS[2], 'position', position, 'bytes', string.format('%.0f', bytes + ARGV[1]))
if answer then redis.call('SET', answer, reply, 'PX', ARGV[3]) end
return reply`,
};
