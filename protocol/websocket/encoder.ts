import { assert } from "../../base/assert.ts";
import type { CloseCode } from "../close_codes.ts";
import { EMPTY, writeInt32 } from "../frame.ts";
import { CONTROL_PAYLOAD_BYTES_MAX, NO_CLOSE_CODE, Opcode } from "./opcode.ts";

const FINAL = 0x80;

const utf8 = new TextEncoder();

/**
 * How long the header of a server's message is (RFC 6455 section 5.2): servers do not mask.
 *
 * @param payloadBytes Length of the payload, in bytes.
 * @returns 2, 4 or 10 bytes.
 */
export function messageHeaderBytes(payloadBytes: number): number {
  if (payloadBytes <= 125) return 2;
  return payloadBytes <= 0xffff ? 4 : 10;
}

/**
 * Writes the header of a message in one frame; the payload belongs right after it.
 *
 * @param into Where to write.
 * @param offset Where the header begins.
 * @param isText Whether the payload is UTF-8 text or binary.
 * @param payloadBytes Length of the payload, in bytes.
 * @returns The offset after the header.
 */
export function writeMessageHeader(
  into: Uint8Array,
  offset: number,
  isText: boolean,
  payloadBytes: number,
): number {
  into[offset] = FINAL | (isText ? Opcode.text : Opcode.binary);
  if (payloadBytes <= 125) {
    into[offset + 1] = payloadBytes;
    return offset + 2;
  }
  if (payloadBytes <= 0xffff) {
    into[offset + 1] = 126;
    into[offset + 2] = payloadBytes >> 8;
    into[offset + 3] = payloadBytes;
    return offset + 4;
  }
  into[offset + 1] = 127;
  writeInt32(into, offset + 2, Math.floor(payloadBytes / 2 ** 32));
  writeInt32(into, offset + 6, payloadBytes);
  return offset + 10;
}

/**
 * Encodes a message in one frame.
 *
 * @param isText Whether the payload is UTF-8 text or binary.
 * @param payload Copied.
 */
export function encodeMessage(isText: boolean, payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(messageHeaderBytes(payload.length) + payload.length);
  frame.set(payload, writeMessageHeader(frame, 0, isText, payload.length));
  return frame;
}

/**
 * Encodes a close frame.
 *
 * @param close Why; code 1005 stands for a frame without code and reason. The reason takes at most
 * 123 bytes of UTF-8.
 */
export function encodeClose(close: Pick<CloseCode, "code" | "reason">): Uint8Array {
  if (close.code === NO_CLOSE_CODE) return encodeControl(Opcode.close, EMPTY);
  const reason = utf8.encode(close.reason);
  const payload = new Uint8Array(2 + reason.length);
  payload[0] = close.code >> 8;
  payload[1] = close.code;
  payload.set(reason, 2);
  return encodeControl(Opcode.close, payload);
}

/**
 * Encodes a control frame.
 *
 * @param payload At most 125 bytes; copied.
 */
export function encodeControl(opcode: number, payload: Uint8Array): Uint8Array {
  assert(
    payload.length <= CONTROL_PAYLOAD_BYTES_MAX,
    `payload of a control frame is at most ${CONTROL_PAYLOAD_BYTES_MAX} bytes`,
  );
  const frame = new Uint8Array(2 + payload.length);
  frame[0] = FINAL | opcode;
  frame[1] = payload.length;
  frame.set(payload, 2);
  return frame;
}
