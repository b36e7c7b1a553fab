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
 * A room that keeps messages by media time has those that have one in `segments` besides: each is a
 * sorted set of messages, by media time and then offset, which is padded with zeros. It is appended to
 * for a share of the time for which a message is kept, and expires as a whole once that time is over
 * for its latest message. The room comes back to it later than that. Its first member, with a score
 * below all media times, is the epoch. Such messages are in `media` only as long as they are in no
 * segment: another process appended them, which knows nothing of segments or of how the room is kept.
 * They move when they leave the list.
 *
 * One script writes all these keys, but people and failing servers may take or bring back one of
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
  readonly segments: readonly string[];
}

/**
 * Into how many segments the messages fall that are kept, about: so much too long is one kept at most.
 */
export const SEGMENTS_PER_TTL = 4;

/** One that is appended to, those of the time before, and one that may expire meanwhile. */
const SEGMENTS = SEGMENTS_PER_TTL + 2;

/** The keys of a room, all in the slot of its partition. */
export function roomKeys(partition: number, room: string): RoomKeys {
  const key = (name: string) => `halley:{p${partition}}:${name}:${room}`;
  const segments = Array.from({ length: SEGMENTS }, (_, index) => key(`media${index}`));
  return { state: key("state"), log: key("log"), media: key("media"), segments };
}

/** How a state looks, for Lua. */
export const STATE = "^(%S+) (%d+) (%d+) (%d+) (%d+) ([01])$";

/** How a message with a media time begins, for Lua: offset, time, media time, place of the mark. */
export const MEDIA_HEADER = "^(%d+) (%d+) %-?%d+ %-?%d+ (%d+)()[:=]";
