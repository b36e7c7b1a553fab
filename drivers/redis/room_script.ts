/**
 * A room that keeps history has three keys in its partition's slot: `state`, a text of its epoch, its
 * last offset and the time of that message; `log`, a list of its latest messages, oldest first;
 * `media`, a sorted set of the offsets of those that have a media time, by that time.
 *
 * A message is a text of offset, time, operation and, where there are any, mid and media time, all
 * in decimal, then `:` and the body, or `=` and the body in base64.
 *
 * Offsets have no holes, so the place of a message in the list is its offset less that of the first.
 * All three keys are written by one script, but people and failing servers may take or bring back one
 * of them: a list that does not end at the last offset is not that of the state, and the room begins
 * again with another epoch. A list that is gone is a history that is over, and offsets go on.
 *
 * @module
 */

/** Keys of a room. */
export interface RoomKeys {
  readonly state: string;
  readonly log: string;
  readonly media: string;
}

/** The keys of a room, all in the slot of its partition. */
export function roomKeys(partition: number, room: string): RoomKeys {
  const key = (name: string) => `halley:{p${partition}}:${name}:${room}`;
  return { state: key("state"), log: key("log"), media: key("media") };
}

/** What scripts on a room begin with. */
export const ROOM_SCRIPT = `
local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
local function offset_and_time(message)
  local offset, time = string.match(message, '^(%d+) (%d+)')
  return tonumber(offset), tonumber(time)
end
local function state_of(state_key, log_key)
  local state = redis.call('GET', state_key) or ''
  local epoch, head, time = string.match(state, '^(%S+) (%d+) (%d+)$')
  if not epoch then return end
  local size = redis.call('LLEN', log_key)
  if size == 0 then return epoch, tonumber(head), tonumber(time), 0 end
  local first, first_time = offset_and_time(redis.call('LINDEX', log_key, 0))
  if not first or first + size - 1 ~= tonumber(head) then return end
  return epoch, tonumber(head), tonumber(time), size, first_time
end
`;
