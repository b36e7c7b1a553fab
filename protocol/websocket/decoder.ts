import { isUtf8 } from "node:buffer";

import { appendBorrowed, type Buffers } from "../buffers.ts";
import { CloseCodes, ProtocolError } from "../close_codes.ts";
import { EMPTY } from "../frame.ts";
import { Limits } from "../limits.ts";
import { decodeClose } from "./close_payload.ts";
import { frameBytesMin } from "./frame_header.ts";
import { Opcode } from "./opcode.ts";
import { unmask } from "./unmask.ts";

/**
 * What a decoder tells its owner. One object serves every connection; each call names the
 * connection it is about. Payloads are lent until the call returns, and may be overwritten.
 *
 * @typeParam T What the owner knows a connection by.
 */
export interface MessageSink<T> {
  /**
   * A frame of any kind has come; what it means, if anything by itself, is told next.
   *
   * @param bytes Length of its payload.
   * @returns Whether to go on after it; false leaves the bytes after this frame untaken.
   */
  frame(target: T, bytes: number): boolean;
  /**
   * A whole message has come.
   *
   * @param isText Whether `payload` is text, checked to be UTF-8, or binary.
   * @returns Whether to go on; false leaves the bytes after this message untaken.
   */
  message(target: T, isText: boolean, payload: Uint8Array): boolean;
  /** The client asks for a pong with this payload, at most 125 bytes. */
  ping(target: T, payload: Uint8Array): void;
  /** The client has answered a ping, or says unasked that it is there. */
  pong(target: T, payload: Uint8Array): void;
  /**
   * The client closes; nothing comes after this.
   *
   * @param code The client's code, 1005 when it gave none.
   * @param reason The client's reason, empty when it gave none.
   */
  close(target: T, code: number, reason: string): void;
}

/**
 * Decodes the frames of one WebSocket client (RFC 6455 section 5) into messages.
 *
 * A frame that lies whole in its chunk is unmasked and handed on where it is. A frame that comes in
 * parts, and a message that comes in fragments, are put together in borrowed buffers, which grow
 * with what has come and not with what a header promises. Between messages nothing is held.
 *
 * A message may have any number of fragments: only their bytes are limited, and empty ones hold
 * no memory. How many may come is for the sink to say.
 */
export class WebSocketDecoder {
  // Plain fields: there is one decoder per connection, on the path of every received frame.
  private frame: Uint8Array | null = null;
  private frameBytes = 0;
  private message: Uint8Array | null = null;
  private messageBytes = 0;
  /** Opcode that the fragmented message under way began with; 0 when there is none. */
  private messageOpcode = 0;
  private closed = false;

  /**
   * @param buffers Where to borrow memory for what comes in parts.
   * @param messageBytesMax Largest message over all its fragments, in bytes.
   */
  constructor(
    private readonly buffers: Buffers,
    private readonly messageBytesMax: number = Limits.messageBytesMax,
  ) {}

  /**
   * Decodes what has come. A header is checked before its payload comes, text once its message is
   * whole.
   *
   * @param chunk The stream's next bytes; overwritten.
   * @param target Passed to every call of `sink`.
   * @param sink Told of messages and control frames in the order of the stream.
   * @returns How many bytes were taken. All of them, unless the sink returned false: then the
   * caller keeps the rest and pushes it later. Once closed, bytes are taken and ignored.
   * @throws {ProtocolError} When the client breaks the protocol. Whatever is thrown, by `sink` too,
   * leaves the decoder closed.
   */
  push<T>(chunk: Uint8Array, target: T, sink: MessageSink<T>): number {
    try {
      return this.decodeChunk(chunk, target, sink);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Gives back what is borrowed; may be called from within the sink, and more than once. */
  close(): void {
    this.closed = true;
    if (this.frame !== null) this.buffers.release(this.frame);
    if (this.message !== null) this.buffers.release(this.message);
    this.frame = null;
    this.message = null;
  }

  private decodeChunk<T>(chunk: Uint8Array, target: T, sink: MessageSink<T>): number {
    let at = 0;
    while (at < chunk.length && !this.closed) {
      let goOn = true;
      if (this.frame === null) {
        const end = at + this.frameBytesWanted(chunk, at, chunk.length);
        if (end <= chunk.length) goOn = this.decodeFrame(chunk, at, end, target, sink);
        else this.keep(chunk, at, chunk.length);
        at = Math.min(end, chunk.length);
      } else {
        const missingBytes = this.frameBytesWanted(this.frame, 0, this.frameBytes) -
          this.frameBytes;
        const end = Math.min(at + missingBytes, chunk.length);
        this.keep(chunk, at, end);
        at = end;
        if (this.frameBytesWanted(this.frame, 0, this.frameBytes) === this.frameBytes) {
          goOn = this.decodeKept(target, sink);
        }
      }
      if (!goOn && !this.closed) return at;
    }
    return chunk.length;
  }

  private frameBytesWanted(bytes: Uint8Array, at: number, end: number): number {
    const isMessageOpen = this.messageOpcode !== 0;
    return frameBytesMin(bytes, at, end, isMessageOpen, this.messageBytesMax - this.messageBytes);
  }

  /** Adds bytes to the frame that comes in parts. */
  private keep(chunk: Uint8Array, start: number, end: number): void {
    this.frame = appendBorrowed(this.buffers, this.frame, this.frameBytes, chunk, start, end);
    this.frameBytes += end - start;
  }

  /** Decodes the frame that came in parts, which is now whole. */
  private decodeKept<T>(target: T, sink: MessageSink<T>): boolean {
    const frame = this.frame!;
    const frameBytes = this.frameBytes;
    this.frame = null;
    this.frameBytes = 0;
    try {
      return this.decodeFrame(frame, 0, frameBytes, target, sink);
    } finally {
      this.buffers.release(frame);
    }
  }

  /** Decodes a whole frame whose header has been checked; returns whether to go on. */
  private decodeFrame<T>(
    bytes: Uint8Array,
    at: number,
    end: number,
    target: T,
    sink: MessageSink<T>,
  ): boolean {
    const shortLength = bytes[at + 1] & 0x7f;
    const start = at + (shortLength < 126 ? 6 : shortLength === 126 ? 8 : 14);
    unmask(bytes, start, end);
    const payload = new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start);
    const opcode = bytes[at] & 0xf;
    const mayGoOn = sink.frame(target, payload.length);
    if (opcode >= Opcode.close) {
      this.decodeControl(opcode, payload, target, sink);
      return mayGoOn;
    }
    const isFinal = bytes[at] >= 0x80;
    const goOn = isFinal && opcode !== Opcode.continuation
      ? deliver(opcode === Opcode.text, payload, target, sink)
      : this.decodeFragment(opcode, isFinal, payload, target, sink);
    return goOn && mayGoOn;
  }

  private decodeControl<T>(
    opcode: number,
    payload: Uint8Array,
    target: T,
    sink: MessageSink<T>,
  ): void {
    if (opcode === Opcode.ping) return sink.ping(target, payload);
    if (opcode === Opcode.pong) return sink.pong(target, payload);
    const { code, reason } = decodeClose(payload);
    this.close();
    sink.close(target, code, reason);
  }

  private decodeFragment<T>(
    opcode: number,
    isFinal: boolean,
    payload: Uint8Array,
    target: T,
    sink: MessageSink<T>,
  ): boolean {
    if (opcode !== Opcode.continuation) this.messageOpcode = opcode;
    if (payload.length > 0) {
      const { buffers, message, messageBytes } = this;
      this.message = appendBorrowed(buffers, message, messageBytes, payload, 0, payload.length);
      this.messageBytes += payload.length;
    }
    if (!isFinal) return true;

    const isText = this.messageOpcode === Opcode.text;
    const message = this.message;
    const whole = message === null ? EMPTY : message.subarray(0, this.messageBytes);
    this.message = null;
    this.messageBytes = 0;
    this.messageOpcode = 0;
    try {
      return deliver(isText, whole, target, sink);
    } finally {
      if (message !== null) this.buffers.release(message);
    }
  }
}

function deliver<T>(
  isText: boolean,
  payload: Uint8Array,
  target: T,
  sink: MessageSink<T>,
): boolean {
  if (isText && !isUtf8(payload)) {
    throw new ProtocolError(
      CloseCodes.invalidText,
      "Cannot decode WebSocket message: text must be valid UTF-8",
    );
  }
  return sink.message(target, isText, payload);
}
