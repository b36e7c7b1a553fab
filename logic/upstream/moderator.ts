import type { Moderation } from "../../drivers/ports.ts";
import { parseRoomKey, roomKeyForm } from "../../protocol/room_key.ts";
import { BadRequest } from "../bad_request.ts";
import type { LogicCounters } from "../counters.ts";

/** How long a mute or a block may last, in milliseconds. */
const FOR_MS_MAX = 366 * 86_400_000;

/** How long one may last, for whoever said something else. */
export const forMsForm = `an integer, 1 to ${FOR_MS_MAX} (366 days)`;

/** Keeps users from sending messages to rooms where these are pushed. */
export class Moderator {
  constructor(
    private readonly moderation: Moderation,
    private readonly counters: LogicCounters,
  ) {}

  /**
   * Mutes a user for a time, in place of an earlier mute in the same place.
   *
   * @param room Room key; empty for everywhere.
   * @throws {BadRequest} When a parameter is wrong.
   * @throws {ModerationFull} When there are too many.
   */
  async mute(mid: bigint, forMs: number, room: string): Promise<void> {
    checkPlace(mid, room);
    checkForMs(forMs);
    await this.moderation.mute(mid, room, forMs);
    this.counters.mutes++;
  }

  /**
   * Ends a mute; one of another place stays.
   *
   * @returns Whether there was one.
   * @throws {BadRequest} When a parameter is wrong.
   */
  async unmute(mid: bigint, room: string): Promise<boolean> {
    checkPlace(mid, room);
    return await this.moderation.unmute(mid, room);
  }
}

/** @throws {BadRequest} When nobody has this mid. */
export function checkMid(mid: bigint): void {
  if (BigInt.asIntN(64, mid) === mid && mid !== 0n) return;
  throw new BadRequest(`mid must be an int64 but 0, which is nobody, current value is ${mid}`);
}

/** @throws {BadRequest} When a mute or a block must not last so long. */
export function checkForMs(forMs: number): void {
  if (Number.isInteger(forMs) && forMs >= 1 && forMs <= FOR_MS_MAX) return;
  throw new BadRequest(`for_ms must be ${forMsForm}, current value is ${forMs}`);
}

function checkPlace(mid: bigint, room: string): void {
  checkMid(mid);
  if (room !== "" && parseRoomKey(room) === undefined) {
    throw new BadRequest(`room must be ${roomKeyForm}`);
  }
}
