import type {
  BroadcastDelivery,
  KeysDelivery,
  RoomDelivery,
} from "../../protocol/cluster/delivery.ts";

/** Grows over all deliveries of a test: none is taken for one that was there before. */
let position = 0;

const from = { partition: 0, token: 1 };

/** A delivery of frames to a room, as the one job of partition 0 sends it. */
export function roomDelivery(room: string, frames: Uint8Array, count = 1): RoomDelivery {
  const positions = Array.from({ length: count }, () => ++position);
  return { ...from, kind: "room", room, epoch: "", head: 0, frames, positions };
}

/** A delivery of one frame to keys. */
export function keysDelivery(
  keys: readonly string[],
  operation: number,
  frames: Uint8Array,
): KeysDelivery {
  return { ...from, kind: "keys", position: ++position, keys, operation, frames };
}

/** A delivery of one frame to everyone. */
export function broadcastDelivery(
  operation: number,
  frames: Uint8Array,
  speed = 0,
): BroadcastDelivery {
  return { ...from, kind: "broadcast", position: ++position, operation, frames, speed };
}
