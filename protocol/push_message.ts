import { fnv1a } from "../base/fnv.ts";
import type { StreamPosition } from "./history.ts";
import { Limits } from "./limits.ts";

/** What all pushes have in common. */
interface PushBase {
  /** The operation that clients see in the frame, an int32. */
  readonly operation: number;
  /** The application's bytes; shared, never written to. */
  readonly body: Uint8Array;
}

/** To every member of a room. */
export interface RoomPush extends PushBase {
  readonly kind: "room";
  /** Room key, `{type}://{id}`. */
  readonly room: string;
  /** Its place in the video or the like that the room is about, a safe integer of milliseconds. */
  readonly mediaMs?: number;
  /** Who said it, an int64; nobody without. */
  readonly mid?: bigint;
  /** Where it stands in the room's log; given by the push log, where the room keeps history. */
  readonly stream?: StreamPosition;
}

/** To the connections of some keys that one comet holds. */
export interface KeysPush extends PushBase {
  readonly kind: "keys";
  /** Id of the comet. */
  readonly server: string;
  readonly keys: readonly string[];
}

/** To everyone. */
export interface BroadcastPush extends PushBase {
  readonly kind: "broadcast";
  /** Connections per second over the whole cluster; 0 = at once. */
  readonly speed: number;
}

/** What a media time is, in words. */
export const mediaMsForm = `an integer, 0 to ${Number.MAX_SAFE_INTEGER}`;

/** What a publish id is, in words. */
export const publishIdForm = `well-formed text of 1 to ${Limits.publishIdCharsMax} characters`;

/** Whether a value may be a publish id. */
export function isPublishId(value: unknown): value is string {
  // Half of a surrogate pair has no UTF-8: two such ids would become one on their way.
  return typeof value === "string" && value !== "" && value.length <= Limits.publishIdCharsMax &&
    value.isWellFormed();
}

/** A push as the push log keeps it. */
export type PushMessage = RoomPush | KeysPush | BroadcastPush;

/**
 * The partition that keeps a push in order with its like: one room, one comet's keys, or one
 * broadcast operation always falls in one partition.
 *
 * @param partitions How many there are.
 * @returns 0 to `partitions` - 1.
 */
export function partitionOf(message: PushMessage, partitions: number): number {
  return fnv1a(orderKeyOf(message)) % partitions;
}

/** The partition of a room. */
export function partitionOfRoom(room: string, partitions: number): number {
  return fnv1a(room) % partitions;
}

/** What pushes have in common that stay in order: a room, a comet, or an operation. */
export function orderKeyOf(message: PushMessage): string {
  if (message.kind === "room") return message.room;
  return message.kind === "keys" ? message.server : String(message.operation);
}
