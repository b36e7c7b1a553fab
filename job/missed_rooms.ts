import type { Lease } from "../drivers/ports.ts";
import type { RoomDelivery } from "../protocol/cluster/delivery.ts";
import { EMPTY } from "../protocol/frame.ts";
import type { StreamPosition } from "../protocol/history.ts";
import type { LanePush } from "./lane_push.ts";
import { MISSED_ROOMS_MAX } from "./options.ts";

/**
 * Rooms with a log of which a comet misses pushes, since they were shed. The comet is told how far
 * each log has got: it reads what it misses from the store, also when no further push comes.
 */
export class MissedRooms {
  readonly #rooms = new Map<string, RoomDelivery>();
  /** For every room, when there are too many. */
  #all: RoomDelivery | undefined;

  /** How many deliveries there are to make. */
  get size(): number {
    return this.#all === undefined ? this.#rooms.size : 1;
  }

  /**
   * Takes note of a push that was shed.
   *
   * @returns Whether the comet is now to look after every room, and was not before.
   */
  add({ message, lease }: LanePush): boolean {
    if (message.kind !== "room" || message.stream === undefined || this.#all !== undefined) {
      return false;
    }
    const { room, stream } = message;
    if (this.#rooms.size < MISSED_ROOMS_MAX || this.#rooms.has(room)) {
      this.#rooms.set(room, withoutFrames(room, stream, lease));
      return false;
    }
    this.#rooms.clear();
    this.#all = withoutFrames("", stream, lease);
    return true;
  }

  /** What the comet is told. */
  deliveries(): readonly RoomDelivery[] {
    return this.#all === undefined ? [...this.#rooms.values()] : [this.#all];
  }
}

function withoutFrames(
  room: string,
  { epoch, offset: head }: StreamPosition,
  { partition, token }: Lease,
): RoomDelivery {
  return { kind: "room", room, partition, token, epoch, head, positions: [], frames: EMPTY };
}
