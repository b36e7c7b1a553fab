import { Buffer } from "node:buffer";
import type { Conn, ConnHandler, Streams } from "../../platform/port.ts";
import { type RawFrame, rawFrame, readRawFrames } from "./raw_client.ts";
import { clientFrame, utf8 } from "./websocket_frames.ts";

/** One WebSocket frame of the server, read by hand. */
export interface ServerMessage {
  readonly opcode: number;
  readonly payload: Buffer;
}

/** The head of a WebSocket upgrade that the server takes. */
export const UPGRADE = utf8(
  "GET /sub HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
);

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

  /** The frames that have come over TCP as `op:seq:body`. */
  lines(): string[] {
    return this.frames().map(({ op, seq, body }) => `${op}:${seq}:${body}`);
  }

  /** The WebSocket frames that have come; what has come must end with a whole one. */
  messages(): ServerMessage[] {
    const bytes = this.take();
    const messages: ServerMessage[] = [];
    for (let at = 0; at < bytes.length;) {
      const short = bytes[at + 1];
      const header = short < 126 ? 2 : short === 126 ? 4 : 10;
      const length = short < 126
        ? short
        : short === 126
        ? bytes.readUInt16BE(at + 2)
        : Number(bytes.readBigUInt64BE(at + 2));
      const end = at + header + length;
      if (end > bytes.length) throw new Error("the stream stops in mid-message");
      if ((bytes[at] & 0xf0) !== 0x80) throw new Error(`a frame begins with ${bytes[at]}`);
      messages.push({ opcode: bytes[at] & 0xf, payload: bytes.subarray(at + header, end) });
      at = end;
    }
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
