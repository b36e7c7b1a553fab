import type { Moderation } from "../drivers/ports.ts";
import { CloseCodes } from "../protocol/close_codes.ts";
import {
  type Blocked,
  type ConnectionRef,
  ConnectRefused,
} from "../protocol/cluster/connection.ts";
import { Limits } from "../protocol/limits.ts";
import { BadRequest } from "./bad_request.ts";
import type { Closed, ConnectionCloser } from "./connection_closer.ts";
import type { LogicCounters } from "./counters.ts";
import { checkForMs, checkMid } from "./upstream/moderator.ts";

/**
 * Keeps users, or whoever has a key, out for a time.
 *
 * Nobody slips in between a block and an auth that is under way, whichever logics they are at. A
 * block is stored first, and then closes the sessions that it finds. An auth stores its session
 * first, and then looks for a block. Either the look-up is behind the block's write, and finds it;
 * or it is before, then so was the session's write, and the block finds that.
 */
export class Blocks {
  constructor(
    private readonly moderation: Moderation,
    private readonly closer: ConnectionCloser,
    private readonly counters: LogicCounters,
  ) {}

  /**
   * Blocks a user or a key, in place of an earlier block of the same, and closes who is there.
   *
   * @throws {BadRequest} When a parameter is wrong.
   * @throws {ModerationFull} When there are too many.
   */
  async block(who: Blocked, forMs: number): Promise<Closed> {
    checkWho(who);
    checkForMs(forMs);
    await this.moderation.block(who, forMs);
    this.counters.blocks++;
    const which = "mid" in who ? { mids: [who.mid] } : { keys: [who.key] };
    return await this.closer.closeAll(which, CloseCodes.blocked);
  }

  /**
   * Ends a block; one of the same connection by other means stays.
   *
   * @returns Whether there was one.
   * @throws {BadRequest} When a parameter is wrong.
   */
  async unblock(who: Blocked): Promise<boolean> {
    checkWho(who);
    return await this.moderation.unblock(who);
  }

  /** @throws {ConnectRefused} When a connection is blocked, by its mid or by its key. */
  async check({ mid, key }: ConnectionRef): Promise<void> {
    if (await this.moderation.blockedMs(mid, key) === 0) return;
    this.counters.refusedBlocked++;
    throw new ConnectRefused(
      CloseCodes.blocked,
      `Cannot connect: mid ${mid} or its key is blocked`,
    );
  }
}

function checkWho(who: Blocked): void {
  if ("mid" in who) return checkMid(who.mid);
  const { length } = who.key;
  if (length > 0 && length <= Limits.keyCharsMax && who.key.isWellFormed()) return;
  throw new BadRequest(`key must be well-formed text of 1 to ${Limits.keyCharsMax} characters`);
}
