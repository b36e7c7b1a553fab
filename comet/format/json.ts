import { concatFrames, forEachFrame } from "../../protocol/frame.ts";
import { decodeJsonFrame, encodeJsonFrame } from "../../protocol/json_frame.ts";
import { encodeMessage } from "../../protocol/websocket/encoder.ts";
import type { MessageFormat } from "./wire_format.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** WebSocket text messages of one JSON frame each. */
export const jsonMessages: MessageFormat = {
  decode: (message, into) => decodeJsonFrame(decoder.decode(message), into),
  frame: encodeMessageOfFrame,
  push: (frames) => encodeMessages(frames, ""),
  roomBatch: (roomKey, frames) => encodeMessages(frames, roomKey),
};

/** @param roomKey Stands in each of them; empty for none. */
function encodeMessages(frames: Uint8Array, roomKey: string): Uint8Array {
  const messages: Uint8Array[] = [];
  forEachFrame(frames, ({ operation, sequence, body }) => {
    messages.push(encodeMessageOfFrame(operation, sequence, body, roomKey));
  });
  return concatFrames(messages);
}

function encodeMessageOfFrame(
  operation: number,
  sequence: number,
  body: Uint8Array,
  roomKey?: string,
): Uint8Array {
  return encodeMessage(true, encoder.encode(encodeJsonFrame(operation, sequence, body, roomKey)));
}
