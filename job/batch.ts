import { isProbeRoom } from "../protocol/cluster/probe.ts";
import { concatFrames } from "../protocol/frame.ts";
import type { StreamPosition } from "../protocol/history.ts";
import { Limits } from "../protocol/limits.ts";
import type { RoomPush } from "../protocol/push_message.ts";
import type { BroadcastDelivery, Delivery, KeysDelivery } from "../protocol/cluster/delivery.ts";
import type { LanePush } from "./lane_push.ts";
import type { MissedRooms } from "./missed_rooms.ts";

/** Where pushes stand that are in no room's log. */
const NOWHERE: StreamPosition = { epoch: "", offset: 0 };

/** Pushes to one room that leave together. */
interface RoomGroup {
  readonly kind: "room";
  readonly room: string;
  readonly partition: number;
  readonly token: number;
  readonly epoch: string;
  head: number;
  readonly frames: Uint8Array[];
  readonly positions: number[];
  bytes: number;
}

/** Pushes that leave together, in order of arrival; those to one room stand where its first is. */
export class Batch {
  readonly pushes: LanePush[] = [];
  /** What the pushes cost to keep, in bytes. */
  costBytes = 0;
  /** How many of them are for comets themselves. */
  probes = 0;
  /** What was shed before these pushes. */
  missed: MissedRooms | undefined;
  readonly #items: (RoomGroup | KeysDelivery | BroadcastDelivery)[] = [];
  /** The group of each room that still takes frames. */
  readonly #groups = new Map<string, RoomGroup>();

  /** Adds a push at the end. */
  add(push: LanePush): void {
    this.pushes.push(push);
    this.costBytes += push.costBytes;
    const { message, frame: frames, speed, position } = push;
    const { operation } = message;
    if (message.kind === "room") {
      if (isProbeRoom(message.room)) this.probes++;
      return this.#addToRoom(message, push);
    }
    const { partition, token } = push.lease;
    const from = { partition, token, position, operation, frames };
    if (message.kind === "keys") this.#items.push({ kind: "keys", keys: message.keys, ...from });
    else this.#items.push({ kind: "broadcast", speed, ...from });
  }

  /** The batch as a comet takes it. */
  deliveries(): readonly Delivery[] {
    const deliveries = this.#items.map((item) => {
      if (item.kind !== "room") return item;
      const { kind, room, partition, token, epoch, head, positions } = item;
      return {
        kind,
        room,
        partition,
        token,
        epoch,
        head,
        positions,
        frames: concatFrames(item.frames),
      };
    });
    return this.missed === undefined ? deliveries : [...this.missed.deliveries(), ...deliveries];
  }

  #addToRoom({ room, stream }: RoomPush, { frame, position, lease }: LanePush): void {
    const { partition, token } = lease;
    const { epoch, offset } = stream ?? NOWHERE;
    const open = this.#groups.get(room);
    if (
      open !== undefined && open.token === token && open.epoch === epoch &&
      open.partition === partition &&
      open.bytes + frame.length <= Limits.roomBatchBytesMax
    ) {
      open.frames.push(frame);
      open.positions.push(position);
      open.head = offset;
      open.bytes += frame.length;
      return;
    }
    const group: RoomGroup = {
      kind: "room",
      room,
      partition,
      token,
      epoch,
      head: offset,
      frames: [frame],
      positions: [position],
      bytes: frame.length,
    };
    this.#items.push(group);
    this.#groups.set(room, group);
  }
}
