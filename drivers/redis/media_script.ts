import { MEDIA_HEADER } from "./room_script.ts";

/** Messages of the list, and of each segment, that are looked at in one step. */
const LIST_STEP = 32;
const SEGMENT_STEP = 8;

/** Messages of one segment that a read passes over until it stops: Redis does nothing else meanwhile. */
const PASSED_MAX = 1_000;

/**
 * The part of a script that gives `read_media(from, to, after)`. Before it stand KEYS of state, log,
 * media and segments; `epoch`; `size` and `base`, the offset of a message less its place in the list;
 * `alive`, the first place that is kept, and `expired`, the time of the latest message that is not;
 * `take(message, mark)`, which says whether more are wanted. Where it stops before its end, it answers
 * the media time and the offset after which it is to go on.
 */
export const READ_MEDIA = `
-- By place; what lies side by side is found in one step, for a list is walked to each place.
local function messages_at(places)
  local sorted, found, index = {unpack(places)}, {}, 1
  table.sort(sorted)
  while index <= #sorted do
    local from, count = sorted[index], 1
    while sorted[index + count] == from + count do count = count + 1 end
    local some = redis.call('LRANGE', KEYS[2], from, from + count - 1)
    for number, message in ipairs(some) do found[from + number - 1] = message end
    index = index + count
  end
  return found
end

-- Messages that are in no segment, by their offsets.
local function in_list(offsets)
  local places, messages = {}, {}
  for _, offset in ipairs(offsets) do
    local place = offset - base
    if place >= alive and place < size then places[#places + 1] = place end
  end
  local found = messages_at(places)
  for index, place in ipairs(places) do messages[index] = found[place] end
  return messages
end

-- Each goes through a sorted set by media time and then offset, and has what comes next there: a
-- message that is kept, or where it stops.
local function open_source(key, from, to, after, step, messages_of)
  local rank = redis.call('ZCOUNT', key, '-inf', '(' .. from)
  local last = redis.call('ZCOUNT', key, '-inf', '(' .. to) - 1
  if after > 0 then
    local stop = redis.call('ZCOUNT', key, '-inf', from)
    while rank < stop do
      local middle = math.floor((rank + stop) / 2)
      local offset = string.match(redis.call('ZRANGE', key, middle, middle)[1], '^%d+')
      if tonumber(offset) <= after then rank = middle + 1 else stop = middle end
    end
  end
  local source, messages, index, passed = {}, {}, 0, 0
  function source.next()
    repeat
      index = index + 1
      while index > #messages do
        if rank > last then return false end
        messages = redis.call('ZRANGE', key, rank, math.min(last, rank + step - 1))
        if messages_of then messages = messages_of(messages) end
        index, rank = 1, rank + step
      end
      local message = messages[index]
      local offset, sent, media_ms, mark = string.match(message, '${MEDIA_HEADER}')
      offset = tonumber(offset)
      source.message, source.mark = message, mark
      source.offset, source.media_ms = offset, tonumber(media_ms)
      local kept = tonumber(sent) > expired and (ARGV[3] == 'media' or offset - base >= alive)
      if not kept then passed = passed + 1 end
      source.stops = not kept and passed >= ${PASSED_MAX}
    until kept or source.stops
    return true
  end
  return source
end

local function read_media(from, to, after)
  local sources = {open_source(KEYS[3], from, to, after, ${LIST_STEP}, in_list)}
  for number = 4, #KEYS do
    if redis.call('ZRANGE', KEYS[number], 0, 0)[1] == epoch then
      sources[#sources + 1] = open_source(KEYS[number], from, to, after, ${SEGMENT_STEP})
    end
  end
  for number = #sources, 1, -1 do
    if not sources[number].next() then table.remove(sources, number) end
  end
  while #sources > 0 do
    local number, first = 1, sources[1]
    for other = 2, #sources do
      local source = sources[other]
      if source.media_ms < first.media_ms or
        (source.media_ms == first.media_ms and source.offset < first.offset) then
        number, first = other, source
      end
    end
    if first.stops then return first.media_ms, first.offset end
    if not take(first.message, first.mark) then return end
    if not first.next() then table.remove(sources, number) end
  end
end`;
