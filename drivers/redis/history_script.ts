import { READ_MEDIA } from "./media_script.ts";
import { STATE } from "./room_script.ts";
import type { Script } from "./store.ts";

/** Messages that are looked at in one step: bodies of 64 KiB, beyond those wanted, are 2 MiB. */
const STEP = 32;

/**
 * KEYS: state, log, media, and the segments when it is for `media`. ARGV: most messages that the room
 * keeps, for how long it keeps one, by what, most messages to give, most bytes of bodies, then `after`
 * and an offset, or `last`, or `media`, from, up to and an offset. Answers the epoch, the last offset,
 * the first that is kept, whether there are more, and the messages, for `last` the latest first. Where
 * one for `media` stopped early, the media time and the offset follow after which to go on. Writes
 * nothing.
 */
export const READ_HISTORY: Script = {
  name: "read-history",
  source: `
local log_key, media_key = KEYS[2], KEYS[3]
local function offset_and_time(place)
  local message = redis.call('LINDEX', log_key, place)
  local offset, time = string.match(message, '^(%d+) (%d+)')
  return tonumber(offset), tonumber(time)
end
local epoch, head = string.match(redis.call('GET', KEYS[1]) or '', '${STATE}')
if not epoch then return {'', 0, 1, 0, {}} end
head = tonumber(head)
local size = redis.call('LLEN', log_key)
local first, first_ms
if size > 0 then
  first, first_ms = offset_and_time(0)
  if not first or first + size - 1 ~= head then return {'', 0, 1, 0, {}} end
end

-- Where what is kept begins in the list, which may hold more; by media time it is less that is over.
local over = math.max(0, size - ARGV[1])
local alive = ARGV[3] == 'media' and 0 or over
local time = redis.call('TIME')
local expired = time[1] * 1000 + math.floor(time[2] / 1000) - ARGV[2]
if size > 0 and first_ms <= expired then
  local stop = size
  while alive < stop do
    local middle = math.floor((alive + stop) / 2)
    local _, sent = offset_and_time(middle)
    if sent <= expired then alive = middle + 1 else stop = middle end
  end
end
local begin = math.max(over, alive)
-- The offset of a message less its place in the list.
local base = head + 1 - size

local messages, bytes, more = {}, 0, 0
local limit, bytes_max = tonumber(ARGV[4]), tonumber(ARGV[5])
local raw = string.byte(':')
local function body_bytes(message, mark)
  local length = #message - mark
  if length == 0 or string.byte(message, mark) == raw then return length end
  return length / 4 * 3 - #string.match(string.sub(message, -2), '=*$')
end
local function take(message, mark)
  local length = body_bytes(message, mark or string.find(message, '[:=]'))
  if #messages == limit or (#messages > 0 and bytes + length > bytes_max) then
    more = 1
    return false
  end
  bytes = bytes + length
  messages[#messages + 1] = message
  return true
end

local function read_after(offset)
  for from = math.max(begin, offset + 1 - base), size - 1, ${STEP} do
    for _, message in ipairs(redis.call('LRANGE', log_key, from, from + ${STEP} - 1)) do
      if not take(message) then return end
    end
  end
end

local function read_last()
  for to = size - 1, begin, -${STEP} do
    local some = redis.call('LRANGE', log_key, math.max(begin, to - ${STEP} + 1), to)
    for index = #some, 1, -1 do
      if not take(some[index]) then return end
    end
  end
end

${READ_MEDIA}
if ARGV[6] == 'after' then read_after(tonumber(ARGV[7]))
elseif ARGV[6] == 'last' then read_last()
else
  local media_ms, offset = read_media(ARGV[7], ARGV[8], tonumber(ARGV[9]))
  if media_ms then return {epoch, head, base + begin, 1, messages, media_ms, offset} end
end
return {epoch, head, base + begin, more, messages}`,
};
