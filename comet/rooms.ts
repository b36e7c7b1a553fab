import { Room, type RoomMember } from "./room.ts";

/** The rooms that have members, by key. */
export class Rooms<Member extends RoomMember> {
  readonly #rooms = new Map<string, Room<Member>>();
  /** Keys of rooms whose members have changed since {@linkcode Rooms.takeChanges}. */
  readonly #changed = new Set<string>();

  /** How many rooms have members. */
  get size(): number {
    return this.#rooms.size;
  }

  /** The room with this key, if anyone is in it. */
  get(key: string): Room<Member> | undefined {
    return this.#rooms.get(key);
  }

  /** Keys of the rooms that have members. */
  keys(): Iterable<string> {
    return this.#rooms.keys();
  }

  /** Takes a member into a room, which comes into being with its first. */
  join(key: string, member: Member): Room<Member> {
    let room = this.#rooms.get(key);
    if (room === undefined) this.#rooms.set(key, room = new Room());
    room.join(member);
    this.#changed.add(key);
    return room;
  }

  /**
   * Lets a member go; the room goes with its last, also during a walk, which then has nobody left
   * to visit.
   */
  leave(key: string, room: Room<Member>, member: Member): void {
    room.leave(member);
    this.#changed.add(key);
    if (room.size === 0) this.#rooms.delete(key);
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
      counts.set(key, this.#rooms.get(key)?.size ?? 0);
    }
    this.#changed.clear();
    return counts;
  }
}
