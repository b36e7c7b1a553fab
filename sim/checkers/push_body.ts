import type { StreamPosition } from "../../protocol/history.ts";
import type { LoggedPushes, RoomPushes } from "../types.ts";

/** First bytes of every push of the simulator: "HSIM". */
const MAGIC = 0x4853494d;

/** Bytes that every push body has at least. */
const PUSH_BYTES_MIN = 32;

/** What the simulator writes into a push. */
export interface PushBody {
  /** Tells the pushes of this run from those of others, a uint32. */
  readonly tag: number;
  readonly room: number;
  /** 1, 2, 3… within the room. */
  readonly sequence: number;
  /** When it was due, in milliseconds since the Unix epoch. */
  readonly dueMs: number;
}

/**
 * Writes a push body: magic, tag, room and sequence as uint32s, the due time as a float64, all
 * big-endian, and filler that depends on tag, room and sequence alone.
 *
 * @param push Also how many bytes it has, at least {@linkcode PUSH_BYTES_MIN}.
 */
export function encodePushBody(push: PushBody & { readonly size: number }): Uint8Array {
  const bytes = new Uint8Array(push.size);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC);
  view.setUint32(4, push.tag);
  view.setUint32(8, push.room);
  view.setUint32(12, push.sequence);
  view.setFloat64(16, push.dueMs);
  const filler = push.tag + push.room * 31 + push.sequence * 17;
  for (let at = 24; at < bytes.length; at++) bytes[at] = filler + at;
  return bytes;
}

/**
 * Reads a push body.
 *
 * @param into Filled in.
 * @returns Whether it is one that was not tampered with; the filler is looked at in a few places.
 */
export function decodePushBody(
  bytes: Uint8Array,
  into: { -readonly [Key in keyof PushBody]: PushBody[Key] },
): boolean {
  if (bytes.length < PUSH_BYTES_MIN) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (view.getUint32(0) !== MAGIC) return false;
  into.tag = view.getUint32(4);
  into.room = view.getUint32(8);
  into.sequence = view.getUint32(12);
  into.dueMs = view.getFloat64(16);
  const filler = into.tag + into.room * 31 + into.sequence * 17;
  const last = bytes.length - 1;
  return bytes[24] === ((filler + 24) & 0xff) && bytes[last] === ((filler + last) & 0xff);
}

/** Times as whole milliseconds, each since the one before it. */
function differences(times: readonly number[]): number[] {
  return times.map((ms, at) => Math.round(ms) - Math.round(times[at - 1] ?? 0));
}

function sums(differences: readonly number[]): number[] {
  let ms = 0;
  return differences.map((difference) => ms += difference);
}

/** Makes pushes small enough for a call, as JSON: a long run has very many. */
export function packPushes<Pushes extends RoomPushes>(pushes: readonly Pushes[]): Pushes[] {
  return pushes.map((room) => ({
    ...room,
    sentMs: differences(room.sentMs),
    answeredMs: differences(room.answeredMs),
  }));
}

/** The pushes of {@linkcode packPushes}, with times to the millisecond. */
export function unpackPushes<Pushes extends RoomPushes>(packed: readonly Pushes[]): Pushes[] {
  return packed.map((room) => ({
    ...room,
    sentMs: sums(room.sentMs),
    answeredMs: sums(room.answeredMs),
  }));
}

/** Where the last push to a room that was answered stands. */
export function headOf({ epochs, offsets }: LoggedPushes): StreamPosition | undefined {
  const offset = offsets.findLast((offset) => offset > 0);
  const last = epochs.at(-1);
  return offset === undefined || last === undefined ? undefined : { epoch: last.epoch, offset };
}

/** A message of the run, as its reader finds it. */
export interface ReadMessage {
  /** Tells it from the others of its room. */
  readonly number: number;
  /** When it was due, in milliseconds since the Unix epoch; undefined where its latency says nothing. */
  readonly dueMs: number | undefined;
}

/**
 * Finds out which message of a room a client has got.
 *
 * @returns Undefined for what nobody has sent to this room.
 */
export type MessageReader = (
  body: Uint8Array,
  room: number,
  client: number,
) => ReadMessage | undefined;

/** Reads the simulator's pushes: a room has no others. */
export function pushReader(tag: number): MessageReader {
  const push = { tag: 0, room: 0, sequence: 0, dueMs: 0 };
  return (body, room) => {
    if (!decodePushBody(body, push) || push.tag !== tag || push.room !== room) return undefined;
    return { number: push.sequence, dueMs: push.dueMs };
  };
}
