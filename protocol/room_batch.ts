import { CloseCodes, ProtocolError } from "./close_codes.ts";
import { decodeUtf8 } from "./utf8.ts";

const encoder = new TextEncoder();

/** What the body of a frame with operation 74 holds. */
export interface RoomBatch {
  /** Room key. */
  readonly room: string;
  /** Frames back to back, each with its own header; a view. */
  readonly frames: Uint8Array;
}

/** Encodes a room batch: the length of the room's key as a uint16, the key in UTF-8, the frames. */
export function encodeRoomBatch({ room, frames }: RoomBatch): Uint8Array {
  const key = encoder.encode(room);
  const bytes = new Uint8Array(2 + key.length + frames.length);
  bytes[0] = key.length >> 8;
  bytes[1] = key.length;
  bytes.set(key, 2);
  bytes.set(frames, 2 + key.length);
  return bytes;
}

/**
 * Decodes a room batch.
 *
 * @throws {ProtocolError} When the key is not whole, or no text.
 */
export function decodeRoomBatch(body: Uint8Array): RoomBatch {
  const start = 2 + (body[0] << 8 | body[1]);
  const isWhole = body.length >= 2 && body.length >= start;
  const room = isWhole ? decodeUtf8(body.subarray(2, start)) : undefined;
  if (room === undefined) {
    const message = "Cannot read room batch: its key must be whole and UTF-8, " +
      `current length is ${body.length} bytes`;
    throw new ProtocolError(CloseCodes.protocolError, message);
  }
  return { room, frames: body.subarray(start) };
}
