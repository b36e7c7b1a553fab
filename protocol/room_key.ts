import { Limits } from "./limits.ts";

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
 * Takes a room key apart.
 *
 * @param key A room key such as `live://1000`.
 * @returns Its type and id, or undefined when `key` is not `{type}://{id}` or is too long.
 */
export function parseRoomKey(key: string): { type: string; id: string } | undefined {
  const separator = key.indexOf("://");
  if (separator < 1 || key.length > Limits.roomKeyCharsMax || key.length === separator + 3) {
    return undefined;
  }
  return { type: key.slice(0, separator), id: key.slice(separator + 3) };
}
