import { concatFrames } from "../protocol/frame.ts";
import { Limits } from "../protocol/limits.ts";
import type { RoomPush } from "../protocol/push_message.ts";
import type { BroadcastDelivery, Delivery, KeysDelivery } from "../protocol/rpc/contract.ts";
import type { Push } from "./push.ts";

/** Pushes to one room that leave together. */
interface RoomGroup {
  readonly kind: "room";
  readonly room: string;
  readonly frames: Uint8Array[];
  bytes: number;
}

/** Pushes that leave together, in order of arrival; those to one room stand where its first is. */
export class Batch {
  readonly pushes: Push[] = [];
  /** What the pushes cost to keep, in bytes. */
  costBytes = 0;
  readonly #items: (RoomGroup | KeysDelivery | BroadcastDelivery)[] = [];
  /** The group of each room that still takes frames. */
  readonly #groups = new Map<string, RoomGroup>();

  /** Adds a push at the end. */
  add(push: Push): void {
    this.pushes.push(push);
    this.costBytes += push.costBytes;
    const { message, frame, speed } = push;
    const { operation } = message;
    switch (message.kind) {
      case "room":
        return this.#addToRoom(message, frame);
      case "keys":
        this.#items.push({ kind: "keys", keys: message.keys, operation, frames: frame });
        return;
      case "broadcast":
        this.#items.push({ kind: "broadcast", operation, frames: frame, speed });
    }
  }

  /** The batch as a comet takes it. */
  deliveries(): Delivery[] {
    return this.#items.map((item) =>
      item.kind !== "room" ? item : {
        kind: "room",
        room: item.room,
        frames: concatFrames(item.frames),
        count: item.frames.length,
      }
    );
  }

  #addToRoom({ room }: RoomPush, frame: Uint8Array): void {
    const open = this.#groups.get(room);
    if (open !== undefined && open.bytes + frame.length <= Limits.roomBatchBytesMax) {
      open.frames.push(frame);
      open.bytes += frame.length;
      return;
    }
    const group: RoomGroup = { kind: "room", room, frames: [frame], bytes: frame.length };
    this.#items.push(group);
    this.#groups.set(room, group);
  }
}
