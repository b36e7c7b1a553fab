import { MEDIA_HEADER, SEGMENTS_PER_TTL, STATE } from "./room_script.ts";
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
 * How much more than its share a room holds until some are forgotten at once: an eighth, and at most
 * so many messages; a sixteenth of the time. Reads give none of it.
 */
const SPARE = { sizeShare: 8, sizeMax: 15, timeShare: 16 } as const;

/**
 * KEYS: push, meta; state, log and media of the room whose history the push is for, if any, and its
 * segments, if it keeps messages by media time; where the answer is kept, if anywhere. ARGV: bytes, most bytes; for how long the answer is kept, or 0; most
 * messages of the room or 0, for how long it keeps one, for how long its state, the last offset of an
 * epoch, the next epoch, the media time or nothing, what the message says beside offset, time and
 * body; then the fields, the last of which is the body. Answers the position and, in a room's history,
 * epoch and offset; or, when it is full, how many bytes there are.
 */
export const APPEND: Script = {
  name: "append-push",
  needsRoom: true,
  source: `
local answer = ARGV[3] ~= '0' and KEYS[#KEYS]
local done = answer and redis.call('GET', answer)
if done then return done end
local bytes = tonumber(redis.call('HGET', KEYS[2], 'bytes') or '0')
if redis.call('XLEN', KEYS[1]) == 0 then bytes = 0 end
if bytes + ARGV[1] > tonumber(ARGV[2]) then return bytes end
local time = redis.call('TIME')
local last = tonumber(redis.call('HGET', KEYS[2], 'position') or '0')
local position = string.format('%.0f', math.max(last + 1, time[1] * 1000000 + time[2]))
local reply = position

if ARGV[4] == '0' then
  redis.call('XADD', KEYS[1], position .. '-0', unpack(ARGV, 11))
else
  local state_key, log_key, media_key = KEYS[3], KEYS[4], KEYS[5]
  local segments = #KEYS - 5 - (answer and 1 or 0)
  local size_max, ttl, tail = tonumber(ARGV[4]), tonumber(ARGV[5]), ' ' .. ARGV[10] .. ARGV[#ARGV]
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  local epoch, head, last_ms, known, first_ms, media =
    string.match(redis.call('GET', state_key) or '', '${STATE}')
  local offset, size, place
  if epoch and tonumber(head) < tonumber(ARGV[7]) then
    offset, now = head + 1, math.max(last_ms, now)
    place = offset .. ' ' .. now
    size = redis.call('RPUSH', log_key, place .. tail)
    if size == 1 then
      first_ms, media = now, '0'
      redis.call('DEL', media_key)
    elseif size ~= known + 1 then
      epoch = nil
    end
  else
    epoch = nil
  end
  if not epoch then
    epoch, offset, first_ms, media = ARGV[8], 1, now, '0'
    size, place = 1, '1 ' .. now
    redis.call('RPUSH', log_key, place .. tail)
    redis.call('LTRIM', log_key, -1, -1)
    redis.call('DEL', media_key)
  end
  redis.call('PEXPIRE', log_key, ARGV[5])
  redis.call('XADD', KEYS[1], position .. '-0', 'epoch', epoch, 'offset', offset, unpack(ARGV, 11))
  local segment_key
  if segments > 0 then
    local number = math.floor((time[1] * 1000 + time[2] / 1000) / (ttl / ${SEGMENTS_PER_TTL}))
    segment_key = KEYS[6 + number % segments]
    if redis.call('ZRANGE', segment_key, 0, 0)[1] ~= epoch then
      redis.call('DEL', segment_key)
      redis.call('ZADD', segment_key, -1, epoch)
    end
    if ARGV[9] ~= '' then
      local message = string.format('%010d', offset) .. ' ' .. now .. tail
      redis.call('ZADD', segment_key, ARGV[9], message)
    end
    redis.call('PEXPIRE', segment_key, ARGV[5])
  elseif ARGV[9] ~= '' then
    media = '1'
    redis.call('ZADD', media_key, ARGV[9], string.format('%010d', offset))
    redis.call('PEXPIRE', media_key, ARGV[5])
  end

  local forgotten = 0
  if size - size_max > math.min(${SPARE.sizeMax}, size_max / ${SPARE.sizeShare}) then
    forgotten = math.min(size - size_max, ${FORGOTTEN_MAX})
  end
  if first_ms + ttl + ttl / ${SPARE.timeShare} <= now then
    while forgotten < math.min(size - 1, ${FORGOTTEN_MAX}) do
      local message = redis.call('LINDEX', log_key, forgotten)
      local sent = tonumber(string.match(message, '^%d+ (%d+)'))
      if sent + ttl > now then
        first_ms = sent
        break
      end
      forgotten = forgotten + 1
    end
  end
  if forgotten > 0 then
    if media == '1' then
      local gone = {}
      for index = 1, forgotten do gone[index] = string.format('%010d', offset - size + index) end
      if segment_key then
        for index, message in ipairs(redis.call('LRANGE', log_key, 0, forgotten - 1)) do
          local _, sent, media_ms = string.match(message, '${MEDIA_HEADER}')
          if sent and sent + ttl > now and redis.call('ZREM', media_key, gone[index]) == 1 then
            redis.call('ZADD', segment_key, media_ms, gone[index] .. string.match(message, ' .*'))
          end
        end
      end
      redis.call('ZREM', media_key, unpack(gone))
    end
    redis.call('LTRIM', log_key, forgotten, -1)
    size = size - forgotten
  end
  local state = epoch .. ' ' .. place .. ' ' .. size .. ' ' .. first_ms .. ' ' .. media
  redis.call('SET', state_key, state, 'PX', ARGV[6])
  reply = position .. ' ' .. epoch .. ' ' .. offset
end

redis.call('HSET', KEYS[2], 'position', position, 'bytes', string.format('%.0f', bytes + ARGV[1]))
if answer then redis.call('SET', answer, reply, 'PX', ARGV[3]) end
return reply`,
};
