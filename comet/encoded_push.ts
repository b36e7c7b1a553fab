import { concatFrames, forEachFrame, writeHeader } from "../protocol/frame.ts";
import { encodeJsonFrame } from "../protocol/json_frame.ts";
import { Limits } from "../protocol/limits.ts";
import { Operation } from "../protocol/operations.ts";
import {
  encodeMessage,
  messageHeaderBytes,
  writeMessageHeader,
} from "../protocol/websocket/encoder.ts";
import { WireFormat } from "./channel.ts";

const encoder = new TextEncoder();

/** A push on its way out: encoded at most once per form, and the bytes shared by all clients. */
export class EncodedPush {
  #binary: Uint8Array | undefined;
  #text: Uint8Array | undefined;

  /**
   * @param frames goim frames back to back.
   * @param count How many there are.
   * @throws {ProtocolError} When `frames` is anything else.
   */
  constructor(readonly frames: Uint8Array, readonly count: number) {
    // Now or never: half-way through a room nobody could be told.
    forEachFrame(frames, () => {});
  }

  /** The bytes for a connection of this form. */
  bytes(form: WireFormat): Uint8Array {
    if (form === WireFormat.tcp) return this.frames;
    if (form === WireFormat.binary) {
      return this.#binary ??= encodeBinary(Operation.Raw, 0, this.frames);
    }
    return this.#text ??= encodeText(this.frames);
  }
}

/**
 * Encodes one frame in a WebSocket binary message.
 *
 * @param body Copied.
 */
export function encodeBinary(operation: number, sequence: number, body: Uint8Array): Uint8Array {
  const frameBytes = Limits.headerBytes + body.length;
  const bytes = new Uint8Array(messageHeaderBytes(frameBytes) + frameBytes);
  const offset = writeMessageHeader(bytes, 0, false, frameBytes);
  writeHeader(bytes, offset, frameBytes, operation, sequence);
  bytes.set(body, offset + Limits.headerBytes);
  return bytes;
}

/** One text message per frame, back to back. */
function encodeText(frames: Uint8Array): Uint8Array {
  const messages: Uint8Array[] = [];
  forEachFrame(frames, ({ operation, sequence, body }) => {
    messages.push(
      encodeMessage(true, encoder.encode(encodeJsonFrame(operation, sequence, body))),
    );
  });
  return concatFrames(messages);
}
