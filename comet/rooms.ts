import { assert } from "../base/assert.ts";
import { type Membership, Room } from "./room.ts";

/** The rooms that have members, by key. */
export class Rooms<Channel> {
  readonly #rooms = new Map<string, Room<Channel>>();
  /** Keys of rooms whose members have changed since {@linkcode Rooms.takeChanges}. */
  readonly #changed = new Set<string>();

  /** Members on other comets, where there are some, as of the last report. */
  readonly elsewhere = new Map<string, number>();

  /** How many rooms there are. */
  get size(): number {
    return this.#rooms.size;
  }

  /** The room with this key, if anyone is in it. */
  get(key: string): Room<Channel> | undefined {
    return this.#rooms.get(key);
  }

  /** Members of a room over all comets. */
  online({ key, size }: Room<Channel>): number {
    return size + (this.elsewhere.get(key) ?? 0);
  }

  /** Keys of the rooms that have members. */
  keys(): Iterable<string> {
    return this.#rooms.keys();
  }

  /** The room with this key, which comes into being when it is not there. */
  open(key: string): Room<Channel> {
    let room = this.#rooms.get(key);
    if (room === undefined) this.#rooms.set(key, room = new Room(key));
    return room;
  }

  /** Takes a channel into a room, which comes into being with its first member. */
  join(key: string, channel: Channel): Membership<Channel> {
    this.#changed.add(key);
    return this.open(key).join(channel);
  }

  /**
   * Ends a membership; the room goes with its last unless it is kept, also during a walk, which then
   * has nobody left to visit.
   */
  leave(membership: Membership<Channel>): void {
    const { room } = membership;
    room.leave(membership);
    this.#changed.add(room.key);
    if (room.size === 0 && !room.isKept) this.#rooms.delete(room.key);
  }

  /** Ends a room that was kept and has no members. */
  remove(room: Room<Channel>): void {
    assert(room.size === 0, "a room goes behind its last member");
    this.#rooms.delete(room.key);
  }

  /**
   * Members per room key, of the rooms where somebody came or left since the last call; 0 where
   * nobody is left.
   *
   * @param all Of all rooms that have members instead.
   */
  takeChanges(all: boolean): Map<string, number> {
    const counts = new Map<string, number>();
    for (const key of all ? this.#rooms.keys() : this.#changed) {
      const members = this.#rooms.get(key)?.size ?? 0;
      if (members > 0 || !all) counts.set(key, members);
    }
    this.#changed.clear();
    return counts;
  }
}
