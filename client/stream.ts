/** A client over a bare stream of bytes, which has to cut frames and speak WebSocket by itself. */
import { plainBuffers } from "../protocol/buffers.ts";
import { concatFrames, EMPTY, type Frame, type FrameSink } from "../protocol/frame.ts";
import { Limits } from "../protocol/limits.ts";
import { Operation } from "../protocol/operations.ts";
import { FrameSplitter } from "../protocol/splitter.ts";
import { Opcode } from "../protocol/websocket/opcode.ts";
import { decodeText, forEachPlainFrame, unwrapFrame } from "./codec.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Largest answer to an upgrade, and largest message that a server may send, in bytes. */
const ANSWER_BYTES_MAX = 8 * 1024;
const MESSAGE_BYTES_MAX = 16 * 1024 * 1024;

/** The code of a close that has none (RFC 6455 section 7.1.5). */
const NO_CODE = 1005;

/** A request for WebSocket, and nothing behind it. */
export function upgradeRequest(authority = "localhost", path = "/sub"): Uint8Array {
  return encoder.encode(
    `GET ${path} HTTP/1.1\r\nHost: ${authority}\r\n` +
      "Upgrade: websocket\r\nConnection: Upgrade\r\n" +
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
  );
}

/** A message as a client sends it; the mask is zero, so that the payload stands as it is. */
export function clientMessage(
  payload: Uint8Array,
  opcode: number = Opcode.binary,
): Uint8Array {
  const header = payload.length < 126
    ? [0x80 | opcode, 0x80 | payload.length]
    : [0x80 | opcode, 0xfe, payload.length >> 8, payload.length & 0xff];
  const bytes = new Uint8Array(header.length + 4 + payload.length);
  bytes.set(header);
  bytes.set(payload, header.length + 4);
  return bytes;
}

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

  /** Bytes of a message whose end has not come. */
  get pendingBytes(): number {
    return this.#rest.length;
  }

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
  if ((bytes[offset] & 0xf0) !== 0x80 || short > 127) throw new Error("the server broke RFC 6455");
  if (short < 126) return { bytes: 2, payload: short };
  const length = short === 126 ? 2 : 8;
  if (bytes.length - offset < 2 + length) return undefined;
  let payload = 0;
  for (let at = 0; at < length; at++) payload = payload * 256 + bytes[offset + 2 + at];
  if (payload > MESSAGE_BYTES_MAX) throw new Error(`the server sent a message of ${payload} bytes`);
  return { bytes: 2 + length, payload };
}

/** What a client's connection is told, and what it has to send. */
export interface StreamEvents<T> {
  /** The way is free for the client's first frame. */
  opened(target: T): void;
  /**
   * The server says something; the frames of a batch come one by one.
   *
   * @param frame Borrowed until the call returns.
   * @param room Key of the further room that it was pushed to; empty for every other frame.
   */
  frame(target: T, frame: Frame, room: string): void;
  /** Bytes that belong on the wire now. */
  write(target: T, bytes: Uint8Array): void;
  /**
   * The server closes the WebSocket: the client is to end its side.
   *
   * @param code The close code; 1005 where there is none.
   */
  closing(target: T, code: number): void;
  /**
   * The server refuses the upgrade; `push` throws then.
   *
   * @param retryMs When it may be tried again, in milliseconds; 0 where the server does not say.
   */
  turnedAway?(target: T, retryMs: number): void;
}

/** One connection of a client: bytes come in, events go out. */
export class ClientStream<T> implements FrameSink<T>, MessageSink<T> {
  /** Of a client over TCP. */
  #splitter: FrameSplitter | undefined;
  /** Of a client over WebSocket, once it is upgraded. */
  #messages: ServerMessages | undefined;
  /** What has come of the answer to the upgrade. */
  #answer: Uint8Array = EMPTY;

  /**
   * @param target Whom the events are about.
   * @param isWebSocket Over which transport.
   */
  constructor(
    private readonly target: T,
    private readonly isWebSocket: boolean,
    private readonly events: StreamEvents<T>,
  ) {}

  /**
   * The connection is there.
   *
   * @param authority Host and port, for WebSocket.
   */
  begin(authority: string): void {
    if (this.isWebSocket) return this.events.write(this.target, upgradeRequest(authority));
    this.#splitter = new FrameSplitter(plainBuffers, Limits.downstreamBodyBytesMax);
    this.events.opened(this.target);
  }

  /** Sends a frame. */
  send(frame: Uint8Array): void {
    this.events.write(this.target, this.isWebSocket ? clientMessage(frame) : frame);
  }

  /**
   * Takes what has come.
   *
   * @param chunk Borrowed.
   * @throws {Error} When the server says something that is not to be understood.
   */
  push(chunk: Uint8Array): void {
    if (this.#splitter !== undefined) this.#splitter.push(chunk, this.target, this);
    else if (this.#messages !== undefined) this.#messages.push(chunk, this.target, this);
    else this.#upgrade(chunk);
  }

  frame(target: T, frame: Frame): boolean {
    if (frame.operation !== Operation.RoomBatch) this.events.frame(target, frame, "");
    else unwrapFrame(frame, (pushed, room) => this.events.frame(target, pushed, room));
    return true;
  }

  message(target: T, opcode: number, payload: Uint8Array): void {
    const { events } = this;
    if (opcode === Opcode.binary) {
      forEachPlainFrame(payload, (frame, room) => events.frame(target, frame, room));
    }
    if (opcode === Opcode.text) {
      const frame = decodeText(decoder.decode(payload));
      events.frame(target, frame, frame.room);
    }
    if (opcode === Opcode.close) {
      events.closing(target, payload.length < 2 ? NO_CODE : payload[0] << 8 | payload[1]);
    }
    if (opcode === Opcode.ping) events.write(target, clientMessage(payload, Opcode.pong));
  }

  #upgrade(chunk: Uint8Array): void {
    const bytes = concatFrames([this.#answer, chunk]);
    const end = headEnd(bytes);
    if (end === -1) {
      if (bytes.length > ANSWER_BYTES_MAX) throw new Error("the upgrade has no end");
      this.#answer = bytes;
      return;
    }
    this.#answer = EMPTY;
    if (decoder.decode(bytes.subarray(9, 12)) !== "101") {
      const [, seconds = "0"] = /\r\nRetry-After: (\d+)\r\n/i.exec(decoder.decode(bytes)) ?? [];
      this.events.turnedAway?.(this.target, Number(seconds) * 1_000);
      throw new Error("the server refused the upgrade");
    }
    this.#messages = new ServerMessages();
    this.events.opened(this.target);
    if (bytes.length > end) this.#messages.push(bytes.subarray(end), this.target, this);
  }
}

/** Where an HTTP head ends, its empty line included; -1 when it has not. */
function headEnd(bytes: Uint8Array): number {
  for (let at = 3; at < bytes.length; at++) {
    if (bytes[at] === 10 && bytes[at - 1] === 13 && bytes[at - 2] === 10 && bytes[at - 3] === 13) {
      return at + 1;
    }
  }
  return -1;
}
