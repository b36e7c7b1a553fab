import { Buffer } from "node:buffer";
import { ServerMessages, upgradeRequest } from "../../client/stream.ts";
import type { Conn, ConnHandler, Streams } from "../../platform/port.ts";
import { type RawFrame, rawFrame, readRawFrames } from "./raw_client.ts";
import { clientFrame, utf8 } from "./websocket_frames.ts";

/** One WebSocket frame of the server. */
export interface ServerMessage {
  readonly opcode: number;
  readonly payload: Buffer;
}

/** The head of a WebSocket upgrade that the server takes. */
export const UPGRADE = upgradeRequest();

/** How much a client's own queue takes: tests do not look at that side. */
const PENDING_BYTES_MAX = 64 * 1024 * 1024;

/** A client over the memory platform: it acts when told to, and keeps what it gets as bytes. */
export class MemoryClient {
  /** The server has said end of stream. */
  ended = false;
  /** The connection is over. */
  closed = false;
  /** Whether it ends its own side when the server has. */
  goesWhenTold = true;
  #conn!: Conn;
  #bytes = Buffer.alloc(0);

  /** Connects; the server learns of it in the next turn. */
  static async connect(streams: Streams, port: number): Promise<MemoryClient> {
    const client = new MemoryClient();
    client.#conn = await streams.dial({
      hostname: "127.0.0.1",
      port,
      pendingBytesMax: PENDING_BYTES_MAX,
      handler: client.#handler,
    });
    return client;
  }

  /** Bytes that the server has not read. */
  get pendingBytes(): number {
    return this.#conn.pendingBytes;
  }

  /** Sends bytes as they are. */
  write(bytes: Uint8Array): void {
    this.#conn.write(bytes);
  }

  /** Sends a goim frame over TCP. */
  send(op: number, seq = 0, body: string | Uint8Array = ""): void {
    this.write(rawFrame(op, seq, body));
  }

  /** Sends a goim frame in a WebSocket binary message. */
  sendBinary(op: number, seq = 0, body: string | Uint8Array = ""): void {
    this.write(clientFrame(2, rawFrame(op, seq, body)));
  }

  /** Sends a WebSocket text message. */
  sendText(text: string): void {
    this.write(clientFrame(1, utf8(text)));
  }

  /** Stops reading. */
  pause(): void {
    this.#conn.pause();
  }

  /** Reads again. */
  resume(): void {
    this.#conn.resume();
  }

  /** Says end of stream. */
  end(): void {
    this.#conn.end();
  }

  /** Resets the connection. */
  reset(): void {
    this.#conn.evict();
  }

  /** How much has come and was not asked for yet, in bytes. */
  get receivedBytes(): number {
    return this.#bytes.length;
  }

  /** Everything that has come since it was last asked. */
  take(): Buffer {
    const bytes = this.#bytes;
    this.#bytes = Buffer.alloc(0);
    return bytes;
  }

  /** The goim frames that have come over TCP; what has come must end with a whole one. */
  frames(): RawFrame[] {
    const { frames, rest } = readRawFrames(this.take());
    if (rest.length > 0) throw new Error(`the stream stops in mid-frame: ${rest.toString("hex")}`);
    return frames;
  }

  /** The frames that have come over TCP as `op:seq:body`; those of a room batch name the room. */
  lines(): string[] {
    return this.frames().flatMap((frame) => {
      if (frame.op !== 74) return [lineOf(frame)];
      const end = 2 + frame.body.readUInt16BE(0);
      const room = frame.body.subarray(2, end);
      return readRawFrames(frame.body.subarray(end)).frames
        .map((inner) => `${lineOf(inner)} in ${room}`);
    });
  }

  /** The WebSocket frames that have come; what has come must end with a whole one. */
  messages(): ServerMessage[] {
    const messages: ServerMessage[] = [];
    const splitter = new ServerMessages();
    splitter.push(this.take(), messages, {
      message: (_, opcode, payload) => messages.push({ opcode, payload: Buffer.from(payload) }),
    });
    if (splitter.pendingBytes > 0) throw new Error("the stream stops in mid-message");
    return messages;
  }

  #handler: ConnHandler = {
    open() {},
    data: (_, chunk) => this.#bytes = Buffer.concat([this.#bytes, chunk]),
    drain() {},
    end: () => {
      this.ended = true;
      if (this.goesWhenTold) this.#conn.end();
    },
    close: () => this.closed = true,
  };
}

function lineOf({ op, seq, body }: RawFrame): string {
  return `${op}:${seq}:${body}`;
}
