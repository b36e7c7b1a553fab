import { checkIdentity } from "../hook_answers.ts";
import type { Identity } from "../hooks.ts";

/** Members of JSON that say who somebody is, but for the mid; of any form. */
export interface IdentityMembers {
  readonly key?: unknown;
  readonly room?: unknown;
  readonly accepts?: unknown;
  readonly rooms?: unknown;
  readonly publish?: unknown;
}

/**
 * An identity that always says which rooms it may be in: those of `rooms`, and `room`.
 *
 * @param expiresAtMs As that of an identity.
 * @throws {TypeError} When a member has a wrong form.
 */
export function identityOf(
  mid: bigint,
  { key, room, accepts, rooms = [], publish }: IdentityMembers,
  expiresAtMs: number | undefined,
): Identity {
  if (!Array.isArray(rooms)) throw new TypeError("rooms must be a list of patterns of rooms");
  // A key may have a star in it, which as a pattern would stand for other rooms as well.
  if (`${room}`.includes("*")) throw new TypeError("room must be a room key without *");
  const identity = {
    mid,
    key,
    room,
    accepts,
    rooms: room === undefined || room === "" ? rooms : [...new Set([...rooms, room])],
    publish,
    expiresAtMs,
  } as Identity;
  checkIdentity(identity);
  return identity;
}
