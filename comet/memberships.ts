import type { Channel } from "./channel.ts";
import type { RoomLogs } from "./log/room_logs.ts";
import { type Joined, type JoinFrom, withoutHistory } from "./log/start.ts";
import type { Membership } from "./room.ts";
import type { RoomInterest } from "./room_interest.ts";
import type { Rooms } from "./rooms.ts";

export type { Joined, JoinFrom };

/** Takes channels into rooms and out of them. Jobs must know of a room that one is taken into. */
export class Memberships {
  constructor(
    private readonly rooms: Rooms<Channel>,
    private readonly interest: RoomInterest,
    private readonly logs: RoomLogs,
  ) {
    logs.ended = (roomKey) => interest.remove(roomKey);
  }

  /**
   * Makes a room ready to be joined: jobs know of it, and its log is there.
   *
   * @param roomKey Key of the room; empty for none.
   * @returns Nothing when one may join at once. Otherwise one joins in the turn in which it settles.
   * @throws {Error} By its promise, when the room's log cannot be loaded.
   */
  prepare(roomKey: string, from: JoinFrom = {}): Promise<void> | undefined {
    if (roomKey === "") return undefined;
    const announced = this.interest.add(roomKey);
    if (announced === undefined) return this.logs.prepare(roomKey, from);
    return announced.then(() => this.logs.prepare(roomKey, from));
  }

  /**
   * Moves the primary membership to another room; an empty key is no room. A membership that the
   * channel has in that room becomes the primary one, and stays where it is in the room's log. What
   * it missed is sent in a later turn: the caller answers in this one.
   */
  moveTo(channel: Channel, roomKey: string, from: JoinFrom = {}): Joined {
    const { primary, others } = channel;
    if (primary !== null && roomKey === primary.room.key) return this.logs.standing(primary);
    const other = others.find(({ room }) => room.key === roomKey);
    if (other !== undefined) channel.others = others.filter((membership) => membership !== other);
    if (primary !== null) this.#end(primary);
    channel.primary = null;
    if (roomKey === "") return withoutHistory(from);
    if (other !== undefined) {
      channel.primary = other;
      return this.logs.standing(other);
    }
    const logged = this.logs.open(roomKey);
    channel.primary = this.rooms.join(roomKey, channel);
    return logged === undefined
      ? withoutHistory(from)
      : this.logs.start(logged, channel.primary, from);
  }

  /**
   * Takes a channel into one more room, unless it is there already; otherwise as `moveTo`. The primary
   * room becomes a further one, and the channel begins there anew.
   */
  join(channel: Channel, roomKey: string, from: JoinFrom = {}): Joined {
    const { primary, others } = channel;
    const own = others.find(({ room }) => room.key === roomKey);
    if (own) return this.logs.standing(own);
    const logged = this.logs.open(roomKey);
    const membership = this.rooms.join(roomKey, channel);
    channel.others = [...others, membership];
    if (primary?.room.key === roomKey) {
      // Behind the join: a room ends with its last member.
      this.#end(primary);
      channel.primary = null;
    }
    return logged === undefined ? withoutHistory(from) : this.logs.start(logged, membership, from);
  }

  /** Lets a channel go from a room, if it is there. */
  leave(channel: Channel, roomKey: string): void {
    if (roomKey === channel.roomKey) {
      this.moveTo(channel, "");
      return;
    }
    const { others } = channel;
    channel.others = others.filter(({ room }) => room.key !== roomKey);
    for (const membership of others) if (membership.room.key === roomKey) this.#end(membership);
  }

  /** Lets a channel go from all its rooms. */
  leaveAll(channel: Channel): void {
    this.moveTo(channel, "");
    for (const membership of channel.others) this.#end(membership);
    channel.others = [];
  }

  #end(membership: Membership<Channel>): void {
    const { room } = membership;
    this.logs.left(membership);
    this.rooms.leave(membership);
    if (room.size === 0 && !room.isKept) this.interest.remove(room.key);
  }
}
