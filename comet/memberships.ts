import type { StreamPosition } from "../protocol/history.ts";
import type { Channel } from "./channel.ts";
import type { Membership } from "./room.ts";
import type { RoomInterest } from "./room_interest.ts";
import type { Rooms } from "./rooms.ts";

/** Which messages of before a member wants; none when it says nothing. */
export interface JoinFrom {
  /** All behind this one, which was its last. */
  readonly since?: StreamPosition;
  /** The latest so many. */
  readonly last?: number;
}

/** What a member gets of its room. */
export interface Joined {
  /** Of the room's log; empty where the room keeps no history. */
  readonly epoch: string;
  /** The offset behind which what is pushed now comes; 0 without history. */
  readonly offset: number;
  /** Whether it gets every message behind the one that was its last. */
  readonly recovered: boolean;
  /** How many messages of before, up to `offset`, it is sent next. */
  readonly missed: number;
}

/** What a member of a room without history gets. */
function withoutHistory({ since }: JoinFrom): Joined {
  return { epoch: "", offset: 0, recovered: since === undefined, missed: 0 };
}

/** Takes channels into rooms and out of them. Jobs must know of a room that one is taken into. */
export class Memberships {
  constructor(private readonly rooms: Rooms<Channel>, private readonly interest: RoomInterest) {}

  /**
   * Makes a room ready to be joined: jobs know of it.
   *
   * @param roomKey Key of the room; empty for none.
   * @returns Nothing when one may join at once.
   * @throws {Error} By its promise, when the room's log cannot be loaded.
   */
  prepare(roomKey: string, _from: JoinFrom = {}): Promise<void> | undefined {
    return roomKey === "" ? undefined : this.interest.add(roomKey);
  }

  /**
   * Moves the primary membership to another room; an empty key is no room. A membership that the
   * channel has in that room becomes the primary one, and stays where it is in the room's log. What
   * it missed is sent in a later turn: the caller answers in this one.
   */
  moveTo(channel: Channel, roomKey: string, from: JoinFrom = {}): Joined {
    const { primary, others } = channel;
    if (roomKey === channel.roomKey) return withoutHistory(from);
    const other = others.find(({ room }) => room.key === roomKey);
    if (other !== undefined) channel.others = others.filter((membership) => membership !== other);
    if (primary !== null) this.#end(primary);
    channel.primary = roomKey === "" ? null : other ?? this.rooms.join(roomKey, channel);
    return withoutHistory(from);
  }

  /** Takes a channel into one more room, unless it is there already; otherwise as `moveTo`. */
  join(channel: Channel, roomKey: string, from: JoinFrom = {}): Joined {
    if (channel.isIn(roomKey)) return withoutHistory(from);
    channel.others = [...channel.others, this.rooms.join(roomKey, channel)];
    return withoutHistory(from);
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
    this.rooms.leave(membership);
    if (room.size === 0) this.interest.remove(room.key);
  }
}
