import { CloseCodes, ProtocolError } from "./close_codes.ts";
import { Limits } from "./limits.ts";

/**
 * One frame of the goim wire protocol, decoded. Decoders reuse one object: it and its body are
 * borrowed until the callback returns, and whoever keeps them copies.
 */
export interface Frame {
  /** Protocol version, an int16; 1 in every frame of ours, not checked in a peer's. */
  version: number;
  /** What the frame is for, an int32; see `Operation`. */
  operation: number;
  /** Chosen by the client and echoed in the reply, an int32; 0 in pushes. */
  sequence: number;
  body: Uint8Array;
}

/** Where decoded frames go. One object serves every connection; `target` says which one. */
export interface FrameSink<T> {
  /**
   * Takes a frame.
   *
   * @param frame Borrowed until the call returns.
   * @returns False to stop after this frame and leave the rest unconsumed.
   */
  frame(target: T, frame: Frame): boolean;
}

/** The body of every frame that has none. */
export const EMPTY: Uint8Array = new Uint8Array(0);

const VERSION = 1;

/** The empty frame that a decoder fills in. */
export function newFrame(): Frame {
  return { version: VERSION, operation: 0, sequence: 0, body: EMPTY };
}

/** Reads a signed big-endian integer of 4 bytes. */
export function readInt32(bytes: Uint8Array, offset: number): number {
  return (bytes[offset] << 24) | (bytes[offset + 1] << 16) | (bytes[offset + 2] << 8) |
    bytes[offset + 3];
}

/** Writes a signed big-endian integer of 4 bytes. */
export function writeInt32(into: Uint8Array, offset: number, value: number): void {
  into[offset] = value >>> 24;
  into[offset + 1] = value >>> 16;
  into[offset + 2] = value >>> 8;
  into[offset + 3] = value;
}

/** Reads the sequence of a frame that is wholly there. */
export function readSequence(frames: Uint8Array, offset: number): number {
  return readInt32(frames, offset + 12);
}

/** Reads a signed big-endian integer of 2 bytes. */
function readInt16(bytes: Uint8Array, offset: number): number {
  return (bytes[offset] << 24 >> 16) | bytes[offset + 1];
}

/**
 * Writes a frame's header.
 *
 * @param offset Where the header begins; 16 bytes from there are written.
 * @param frameBytes Length of the whole frame, header included, in bytes.
 * @param operation An int32.
 * @param sequence An int32.
 */
export function writeHeader(
  into: Uint8Array,
  offset: number,
  frameBytes: number,
  operation: number,
  sequence: number,
): void {
  writeInt32(into, offset, frameBytes);
  into[offset + 4] = 0;
  into[offset + 5] = Limits.headerBytes;
  into[offset + 6] = 0;
  into[offset + 7] = VERSION;
  writeInt32(into, offset + 8, operation);
  writeInt32(into, offset + 12, sequence);
}

/**
 * Checks as much of a header as has come, so that a bad one is refused before its body is waited
 * for.
 *
 * @param offset Where the header begins.
 * @param available Bytes of the frame that are there.
 * @param bodyBytesMax The largest body that is let through.
 * @returns Length of the whole frame in bytes, or 0 while fewer than 16 bytes are there.
 * @throws {ProtocolError} When the lengths in the header cannot be right.
 */
export function checkHeader(
  bytes: Uint8Array,
  offset: number,
  available: number,
  bodyBytesMax: number,
): number {
  if (available < 4) return 0;
  const frameBytes = readInt32(bytes, offset);
  const frameBytesMax = Limits.headerBytes + bodyBytesMax;
  if (frameBytes < Limits.headerBytes || frameBytes > frameBytesMax) {
    throw malformed(
      `packLen must be ${Limits.headerBytes} to ${frameBytesMax}, current value is ${frameBytes}`,
    );
  }
  if (available < 6) return 0;
  const headerBytes = readInt16(bytes, offset + 4);
  if (headerBytes !== Limits.headerBytes) {
    throw malformed(`headerLen must be ${Limits.headerBytes}, current value is ${headerBytes}`);
  }
  return available < Limits.headerBytes ? 0 : frameBytes;
}

function malformed(rule: string): ProtocolError {
  return new ProtocolError(CloseCodes.protocolError, `Cannot read frame: ${rule}`);
}

/**
 * Reads a frame that is wholly there and whose header has been checked. Its body is a view.
 *
 * @param offset Where the frame begins.
 * @param frameBytes Length of the whole frame in bytes.
 */
export function readFrame(
  bytes: Uint8Array,
  offset: number,
  frameBytes: number,
  into: Frame,
): void {
  into.version = readInt16(bytes, offset + 6);
  into.operation = readInt32(bytes, offset + 8);
  into.sequence = readSequence(bytes, offset);
  into.body = frameBytes === Limits.headerBytes
    ? EMPTY
    : bytes.subarray(offset + Limits.headerBytes, offset + frameBytes);
}

/**
 * Encodes one frame.
 *
 * @param operation An int32.
 * @param sequence An int32.
 */
export function encodeFrame(operation: number, sequence: number, body: Uint8Array): Uint8Array {
  const frame = new Uint8Array(Limits.headerBytes + body.length);
  writeHeader(frame, 0, frame.length, operation, sequence);
  frame.set(body, Limits.headerBytes);
  return frame;
}

/**
 * Puts frames back to back.
 *
 * @returns New bytes, or the frame itself when there is only one.
 */
export function concatFrames(frames: readonly Uint8Array[]): Uint8Array {
  if (frames.length === 1) return frames[0];
  let length = 0;
  for (const frame of frames) length += frame.length;
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const frame of frames) {
    bytes.set(frame, offset);
    offset += frame.length;
  }
  return bytes;
}

/**
 * Decodes bytes that are one whole frame of a client and nothing else, as a WebSocket binary message
 * is.
 *
 * @param into Filled in; its body is a view of `bytes`.
 * @throws {ProtocolError} When `bytes` are not exactly one frame.
 */
export function decodeFrame(bytes: Uint8Array, into: Frame): void {
  const frameBytes = checkHeader(bytes, 0, bytes.length, Limits.upstreamBodyBytesMax);
  if (frameBytes === 0 || frameBytes !== bytes.length) {
    throw malformed(`a message must hold exactly one frame, current length is ${bytes.length}`);
  }
  readFrame(bytes, 0, frameBytes, into);
}

/**
 * What follows the first frames of several that stand back to back.
 *
 * @param count How many to pass over; they must be whole.
 * @returns A view.
 */
export function afterFrames(frames: Uint8Array, count: number): Uint8Array {
  let offset = 0;
  for (let passed = 0; passed < count; passed++) offset += readInt32(frames, offset);
  return frames.subarray(offset);
}

/**
 * Visits frames that stand back to back, such as the body of a raw frame.
 *
 * @param visit Borrows the frame until it returns.
 * @throws {ProtocolError} When `frames` do not end with a whole frame.
 */
export function forEachFrame(frames: Uint8Array, visit: (frame: Frame) => void): void {
  const frame = newFrame();
  for (let offset = 0; offset < frames.length;) {
    const frameBytes = checkWhole(frames, offset);
    readFrame(frames, offset, frameBytes, frame);
    visit(frame);
    offset += frameBytes;
  }
}

/**
 * Checks frames that stand back to back, without a view of each body.
 *
 * @throws {ProtocolError} When `frames` do not end with a whole frame.
 */
export function checkFrames(frames: Uint8Array): void {
  for (let offset = 0; offset < frames.length;) offset += checkWhole(frames, offset);
}

/** Length of the frame at an offset, in bytes, which must be wholly there. */
function checkWhole(frames: Uint8Array, offset: number): number {
  const available = frames.length - offset;
  const frameBytes = checkHeader(frames, offset, available, available);
  if (frameBytes === 0 || frameBytes > available) {
    throw malformed(`the last one must be whole, current rest is ${available} bytes`);
  }
  return frameBytes;
}
