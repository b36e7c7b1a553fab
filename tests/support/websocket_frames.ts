/** WebSocket frames of a client, written by hand, right or wrong; see `raw_client.ts` for why. */
import { Buffer } from "node:buffer";

import { type Prng, randomBelow } from "../../base/prng.ts";

/** Parts of a client's frame that a test may get wrong; the defaults are right. */
export interface ClientFrameOptions {
  readonly isFinal?: boolean;
  /** The three reserved bits, 0 to 7. */
  readonly reserved?: number;
  /** Masking key, 4 bytes; null leaves the frame unmasked. */
  readonly key?: readonly number[] | null;
  /** How many bytes the length takes: 1, 3 or 9; the fewest by default. */
  readonly lengthBytes?: number;
  /** The length in the header; that of the payload by default. */
  readonly declaredBytes?: number;
}

/** Encodes a frame as a client does, or as it must not. */
export function clientFrame(
  opcode: number,
  payload: Uint8Array = new Uint8Array(0),
  options: ClientFrameOptions = {},
): Uint8Array {
  const { isFinal = true, reserved = 0, key = [0x37, 0xfa, 0x21, 0x3d] } = options;
  const length = options.declaredBytes ?? payload.length;
  const lengthBytes = options.lengthBytes ?? (length < 126 ? 1 : length < 65536 ? 3 : 9);
  const maskBit = key === null ? 0 : 0x80;
  const head = [(isFinal ? 0x80 : 0) | reserved << 4 | opcode];
  head.push(maskBit | (lengthBytes === 1 ? length : lengthBytes === 3 ? 126 : 127));
  for (let left = lengthBytes - 1; left > 0; left--) {
    head.push(Math.floor(length / 256 ** (left - 1)) % 256);
  }
  const frame = joined(new Uint8Array([...head, ...key ?? []]), payload);
  if (key === null) return frame;
  const start = frame.length - payload.length;
  for (let index = 0; index < payload.length; index++) frame[start + index] ^= key[index & 3];
  return frame;
}

/** One byte array of several. */
export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** The bytes of a text in UTF-8. */
export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Bytes as lowercase hexadecimal digits. */
export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

/** Random bytes. */
export function randomBytes(prng: Prng, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let index = 0; index < length; index++) bytes[index] = prng.nextUint32();
  return bytes;
}

/** Cuts bytes at random places, now and then into empty pieces; they are views of the same bytes. */
export function randomSplit(prng: Prng, bytes: Uint8Array): Uint8Array[] {
  const longest = 1 + randomBelow(prng, randomBelow(prng, 2) === 0 ? 8 : 1 + bytes.length);
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = Math.min(bytes.length, at + randomBelow(prng, longest + 1));
    pieces.push(bytes.subarray(at, end));
    at = end;
  }
  return pieces;
}

/** A byte per piece. */
export function byteByByte(bytes: Uint8Array): Uint8Array[] {
  return Array.from(bytes, (byte) => new Uint8Array([byte]));
}
