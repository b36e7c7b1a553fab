import { Room, type RoomMember } from "./room.ts";

/** The rooms that have members, by key. */
export class Rooms<Member extends RoomMember> {
  readonly #rooms = new Map<string, Room<Member>>();

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
    return room;
  }

  /**
   * Lets a member go; the room goes with its last, also during a walk, which then has nobody left
   * to visit.
   */
  leave(key: string, room: Room<Member>, member: Member): void {
    room.leave(member);
    if (room.size === 0) this.#rooms.delete(key);
  }

  /** Members per room key. */
  counts(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const [key, room] of this.#rooms) counts.set(key, room.size);
    return counts;
  }
}
