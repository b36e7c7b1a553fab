import { concatFrames, EMPTY } from "../../protocol/frame.ts";

/** Largest message that a server may send, in bytes. */
const MESSAGE_BYTES_MAX = 16 * 1024 * 1024;

/** What a WebSocket server says, in the order in which it came. */
export interface MessageSink<T> {
  /** @param payload Borrowed until the call returns. */
  message(target: T, opcode: number, payload: Uint8Array): void;
}

/**
 * Cuts what a server sends after the upgrade into WebSocket messages. Servers do not mask, and this
 * one does not fragment (RFC 6455 section 5).
 */
export class ServerMessages {
  #rest: Uint8Array = EMPTY;

  /**
   * @param chunk Borrowed.
   * @throws {Error} When it is not WebSocket.
   */
  push<T>(chunk: Uint8Array, target: T, sink: MessageSink<T>): void {
    const bytes = this.#rest.length === 0 ? chunk : concatFrames([this.#rest, chunk]);
    let offset = 0;
    while (bytes.length - offset >= 2) {
      const header = headerOf(bytes, offset);
      if (header === undefined || bytes.length - offset < header.bytes + header.payload) break;
      const start = offset + header.bytes;
      offset = start + header.payload;
      sink.message(target, bytes[start - header.bytes] & 15, bytes.subarray(start, offset));
    }
    this.#rest = offset === bytes.length ? EMPTY : bytes.slice(offset);
  }
}

/** Lengths of a message's header and payload; undefined while the header is not whole. */
function headerOf(
  bytes: Uint8Array,
  offset: number,
): { readonly bytes: number; readonly payload: number } | undefined {
  const short = bytes[offset + 1];
  if ((bytes[offset] & 0x80) === 0 || short > 127) throw new Error("the server broke RFC 6455");
  if (short < 126) return { bytes: 2, payload: short };
  const length = short === 126 ? 2 : 8;
  if (bytes.length - offset < 2 + length) return undefined;
  let payload = 0;
  for (let at = 0; at < length; at++) payload = payload * 256 + bytes[offset + 2 + at];
  if (payload > MESSAGE_BYTES_MAX) throw new Error(`the server sent a message of ${payload} bytes`);
  return { bytes: 2 + length, payload };
}

/**
 * A message as a client sends it; the mask is zero, so that the payload stands as it is.
 *
 * @param opcode Of binary when absent.
 */
export function clientMessage(payload: Uint8Array, opcode = 2): Uint8Array {
  const header = payload.length < 126
    ? [0x80 | opcode, 0x80 | payload.length]
    : [0x80 | opcode, 0xfe, payload.length >> 8, payload.length & 0xff];
  const bytes = new Uint8Array(header.length + 4 + payload.length);
  bytes.set(header);
  bytes.set(payload, header.length + 4);
  return bytes;
}
