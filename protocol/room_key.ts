import { Limits } from "./limits.ts";

/** What a room key is, for whoever gave none. */
export const roomKeyForm =
  `a room key {type}://{id}, or an id alone, of at most ${Limits.roomKeyCharsMax} characters`;

/**
 * A room's full key.
 *
 * @param type The kind of room, such as `live`.
 * @param id The room among its kind, such as `1000`.
 * @returns `{type}://{id}`.
 */
export function roomKey(type: string, id: string): string {
  return `${type}://${id}`;
}

/**
 * Takes a room key apart. One without `://` is a room of its own, whose type is empty.
 *
 * @param key A room key such as `live://1000` or `lobby`.
 * @returns Its type and id, or undefined when `key` is too long or one of its sides is empty.
 */
export function parseRoomKey(key: string): { type: string; id: string } | undefined {
  if (key === "" || key.length > Limits.roomKeyCharsMax) return undefined;
  const separator = key.indexOf("://");
  if (separator === -1) return { type: "", id: key };
  if (separator === 0 || key.length === separator + 3) return undefined;
  return { type: key.slice(0, separator), id: key.slice(separator + 3) };
}
