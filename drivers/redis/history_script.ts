import { STATE } from "./room_script.ts";
import type { Script } from "./store.ts";

/** Messages that are looked at in one step: bodies of 64 KiB, beyond those wanted, are 2 MiB. */
const STEP = 32;

/**
 * KEYS: state, log, media. ARGV: most messages that the room keeps, for how long it keeps one, most
 * messages to give, most bytes of bodies, then `after` and an offset, or `last`, or `media`, from, up
 * to and an offset. Answers the epoch, the last offset, the first that is kept, whether there are more
 * and the messages; for `last`, the latest first. Writes nothing.
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

-- Where what is kept begins in the list, which may hold more.
local begin = math.max(0, size - ARGV[1])
local time = redis.call('TIME')
local expired = time[1] * 1000 + math.floor(time[2] / 1000) - ARGV[2]
if size > 0 and first_ms <= expired then
  local stop = size
  while begin < stop do
    local middle = math.floor((begin + stop) / 2)
    local _, sent = offset_and_time(middle)
    if sent <= expired then begin = middle + 1 else stop = middle end
  end
end
-- The offset of a message less its place in the list.
local base = head + 1 - size

local messages, bytes, more = {}, 0, 0
local limit, bytes_max = tonumber(ARGV[3]), tonumber(ARGV[4])
local function body_bytes(message)
  local mark = string.find(message, '[:=]')
  local length = #message - mark
  if length == 0 or string.sub(message, mark, mark) == ':' then return length end
  return length / 4 * 3 - #string.match(string.sub(message, -2), '=*$')
end
local function take(message)
  local length = body_bytes(message)
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

-- By place; what lies side by side is found in one step, for a list is walked to each place.
local function messages_at(places)
  local sorted, found, index = {unpack(places)}, {}, 1
  table.sort(sorted)
  while index <= #sorted do
    local from, count = sorted[index], 1
    while sorted[index + count] == from + count do count = count + 1 end
    local some = redis.call('LRANGE', log_key, from, from + count - 1)
    for number, message in ipairs(some) do found[from + number - 1] = message end
    index = index + count
  end
  return found
end

local function read_media(from, to, after)
  local rank = redis.call('ZCOUNT', media_key, '-inf', '(' .. from)
  local stop = redis.call('ZCOUNT', media_key, '-inf', from)
  while rank < stop do
    local middle = math.floor((rank + stop) / 2)
    local offset = redis.call('ZRANGE', media_key, middle, middle)[1]
    if tonumber(offset) <= after then rank = middle + 1 else stop = middle end
  end
  local last = redis.call('ZCOUNT', media_key, '-inf', '(' .. to) - 1
  for from = rank, last, ${STEP} do
    local places = {}
    local to = math.min(last, from + ${STEP} - 1)
    for _, offset in ipairs(redis.call('ZRANGE', media_key, from, to)) do
      local place = offset - base
      if place >= begin and place < size then places[#places + 1] = place end
    end
    local found = messages_at(places)
    for _, place in ipairs(places) do
      if not take(found[place]) then return end
    end
  end
end

if ARGV[5] == 'after' then read_after(tonumber(ARGV[6]))
elseif ARGV[5] == 'last' then read_last()
else read_media(ARGV[6], ARGV[7], tonumber(ARGV[8])) end
return {epoch, head, base + begin, more, messages}`,
};
