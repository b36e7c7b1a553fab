import { decodeFrame, encodeFrame, writeHeader } from "../../protocol/frame.ts";
import { Limits } from "../../protocol/limits.ts";
import { Operation } from "../../protocol/operations.ts";
import { encodeRoomBatch } from "../../protocol/room_batch.ts";
import { messageHeaderBytes, writeMessageHeader } from "../../protocol/websocket/encoder.ts";
import type { MessageFormat, WireFormat } from "./wire_format.ts";

/** goim frames back to back, as on TCP. */
export const goimStream: WireFormat = {
  frame: encodeFrame,
  push: (frames) => frames,
  roomBatch: (room, frames) =>
    encodeFrame(Operation.RoomBatch, 0, encodeRoomBatch({ room, frames })),
};

/** WebSocket binary messages of goim frames; the frames of a push are wrapped in one. */
export const goimMessages: MessageFormat = {
  decode: decodeFrame,
  frame: encodeMessageOfFrame,
  push: (frames) => encodeMessageOfFrame(Operation.Raw, 0, frames),
  roomBatch: (room, frames) =>
    encodeMessageOfFrame(Operation.RoomBatch, 0, encodeRoomBatch({ room, frames })),
};

function encodeMessageOfFrame(operation: number, sequence: number, body: Uint8Array): Uint8Array {
  const frameBytes = Limits.headerBytes + body.length;
  const bytes = new Uint8Array(messageHeaderBytes(frameBytes) + frameBytes);
  const offset = writeMessageHeader(bytes, 0, false, frameBytes);
  writeHeader(bytes, offset, frameBytes, operation, sequence);
  bytes.set(body, offset + Limits.headerBytes);
  return bytes;
}
