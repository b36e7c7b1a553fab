/**
 * Patterns of rooms, by which an identity says where a client may be. A pattern is a room key, which
 * stands for that room alone, or the beginning of keys with a `*` behind it, which stands for every
 * room whose key begins so: `live://1`, `live://vip-*`, `live://*`, `*`.
 *
 * @module
 */
import { Limits } from "./limits.ts";
import { parseRoomKey } from "./room_key.ts";

/** What a pattern is, for whoever gave none. */
const roomPatternForm = "a room key, or the beginning of room keys with one * at its end";

/** Whether a value is a pattern. */
export function isRoomPattern(value: unknown): value is string {
  if (typeof value !== "string" || !value.isWellFormed()) return false;
  const star = value.indexOf("*");
  if (star === -1) return parseRoomKey(value) !== undefined;
  // Elsewhere it would look like what it is not.
  return star === value.length - 1 && star <= Limits.roomKeyCharsMax;
}

/** Whether a value is a list of patterns, of not too many. */
export function isRoomPatterns(value: unknown): value is readonly string[] {
  // Gaps become members: every() would pass over them.
  return Array.isArray(value) && value.length <= Limits.roomPatternsMax &&
    Array.from(value).every(isRoomPattern);
}

/** What {@linkcode isRoomPatterns} asks for. */
export const roomPatternsForm =
  `a list of at most ${Limits.roomPatternsMax}, each ${roomPatternForm}`;

/**
 * Whether a room is among those that patterns stand for.
 *
 * @param patterns Undefined stands for every room.
 */
export function matchesRoom(patterns: readonly string[] | undefined, room: string): boolean {
  return patterns === undefined || patterns.some((pattern) => matches(pattern, room));
}

function matches(pattern: string, room: string): boolean {
  return pattern.endsWith("*") ? room.startsWith(pattern.slice(0, -1)) : room === pattern;
}
