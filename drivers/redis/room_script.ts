/**
 * A room that keeps history has three keys in its partition's slot: `log`, a list of its latest
 * messages, oldest first; `media`, a sorted set of the offsets of those that have a media time, by
 * that time; `state`, a text of the epoch, the last offset, the time of that message, the length of
 * the list, a time that its oldest message is not older than, and whether there are media times.
 *
 * A message is a text of offset, time, operation and, where there are any, mid and media time, all
 * in decimal, then `:` and the body, or `=` and the body in base64.
 *
 * Offsets have no holes, so the place of a message in the list is its offset less that of the first.
 * One script writes all three keys, but people and failing servers may take or bring back one of
 * them: a list that has not the length that the state says is not that of the state, and the room
 * begins again with another epoch. A list that is gone is a history that is over: offsets go on.
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

/** How a state looks, for Lua. */
export const STATE = "^(%S+) (%d+) (%d+) (%d+) (%d+) ([01])$";
