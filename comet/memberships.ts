import type { Channel } from "./channel.ts";
import type { Membership } from "./room.ts";
import type { RoomInterest } from "./room_interest.ts";
import type { Rooms } from "./rooms.ts";

/** Takes channels into rooms and out of them. Jobs must know of a room that one is taken into. */
export class Memberships {
  constructor(private readonly rooms: Rooms<Channel>, private readonly interest: RoomInterest) {}

  /**
   * Moves the primary membership to another room; an empty key is no room. A membership that the
   * channel has in that room becomes the primary one.
   */
  moveTo(channel: Channel, roomKey: string): void {
    const { primary, others } = channel;
    if (roomKey === channel.roomKey) return;
    const other = others.find(({ room }) => room.key === roomKey);
    if (other !== undefined) channel.others = others.filter((membership) => membership !== other);
    if (primary !== null) this.#end(primary);
    channel.primary = roomKey === "" ? null : other ?? this.rooms.join(roomKey, channel);
  }

  /** Takes a channel into one more room, unless it is there already. */
  join(channel: Channel, roomKey: string): void {
    if (channel.isIn(roomKey)) return;
    channel.others = [...channel.others, this.rooms.join(roomKey, channel)];
  }

  /** Lets a channel go from a room, if it is there. */
  leave(channel: Channel, roomKey: string): void {
    if (roomKey === channel.roomKey) return this.moveTo(channel, "");
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
