/**
 * goim's frames, written and read by hand, and a client that speaks them: what the server does is
 * checked with something that shares no code with it. `websocket_frames.ts` does the same for
 * WebSocket's frames, right ones and wrong ones. Where the wire itself is not what a test is about,
 * `client/` serves.
 */
import { once } from "node:events";
import { connect as connectTls } from "node:tls";
import { Buffer } from "node:buffer";
import { connect, type Socket } from "node:net";

/** A frame as it lies on the wire. */
export interface RawFrame {
  packLen: number;
  headerLen: number;
  ver: number;
  op: number;
  seq: number;
  body: Buffer;
}

/** Writes a goim frame by hand. */
export function rawFrame(op: number, seq: number, body: string | Uint8Array = ""): Buffer {
  const bytes = Buffer.from(body as string);
  const frame = Buffer.alloc(16 + bytes.length);
  frame.writeInt32BE(frame.length, 0);
  frame.writeInt16BE(16, 4);
  frame.writeInt16BE(1, 6);
  frame.writeInt32BE(op, 8);
  frame.writeInt32BE(seq, 12);
  bytes.copy(frame, 16);
  return frame;
}

/** Reads the frames that lie back to back in a buffer; the rest is what is not whole yet. */
export function readRawFrames(bytes: Buffer): { frames: RawFrame[]; rest: Buffer } {
  const frames: RawFrame[] = [];
  let at = 0;
  while (bytes.length - at >= 16 && bytes.length - at >= bytes.readInt32BE(at)) {
    const packLen = bytes.readInt32BE(at);
    frames.push({
      packLen,
      headerLen: bytes.readInt16BE(at + 4),
      ver: bytes.readInt16BE(at + 6),
      op: bytes.readInt32BE(at + 8),
      seq: bytes.readInt32BE(at + 12),
      body: Buffer.from(bytes.subarray(at + 16, at + packLen)),
    });
    at += packLen;
  }
  return { frames, rest: bytes.subarray(at) };
}

/** The auth token that goim's example clients send. */
export function token(fields: Record<string, unknown> = {}): string {
  const { mid = 1, ...rest } = fields;
  const others = JSON.stringify({
    key: "",
    room_id: "live://1000",
    platform: "test",
    accepts: [1000, 1001, 1002],
    ...rest,
  });
  return `{"mid":${mid},${others.slice(1)}`;
}

/** How long a test waits for what must come, in milliseconds. */
const DEADLINE_MS = 20_000;

/** Fails when a promise takes longer than a test should. */
export function within<T>(what: string, promise: Promise<T>, deadlineMs = DEADLINE_MS): Promise<T> {
  let timer: ReturnType<typeof setTimeout>;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`${what} did not come in ${deadlineMs} ms`)),
      deadlineMs,
    );
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** A goim client over a bare socket. */
export class RawClient {
  readonly socket: Socket;
  #rest = Buffer.alloc(0);
  #frames: RawFrame[] = [];
  #wake: (() => void) | undefined;
  #over = false;
  /** Settles when the server has ended or reset the connection. */
  readonly closed: Promise<void>;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (bytes: Buffer) => {
      const { frames, rest } = readRawFrames(Buffer.concat([this.#rest, bytes]));
      this.#rest = Buffer.from(rest);
      this.#frames.push(...frames);
      this.#wake?.();
    });
    this.closed = new Promise((resolve) => {
      const over = () => {
        this.#over = true;
        this.#wake?.();
        resolve();
      };
      socket.on("end", over);
      socket.on("close", over);
    });
    socket.on("error", () => {});
  }

  /** Connects. */
  static connect(port: number, host = "127.0.0.1"): Promise<RawClient> {
    return within(
      "a connection",
      new Promise((resolve, reject) => {
        const socket = connect({ port, host }, () => {
          socket.off("error", reject);
          resolve(new RawClient(socket));
        });
        socket.once("error", reject);
      }),
    );
  }

  /** Connects and authenticates. */
  static async open(port: number, fields: Record<string, unknown> = {}): Promise<RawClient> {
    return await (await RawClient.connect(port)).#auth(fields);
  }

  /** The same over TLS, whoever the server is. */
  static async openTls(port: number, fields: Record<string, unknown> = {}): Promise<RawClient> {
    const socket = connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false });
    await within("a connection", once(socket, "secureConnect"));
    return await new RawClient(socket).#auth(fields);
  }

  async #auth(fields: Record<string, unknown>): Promise<RawClient> {
    this.send(7, 1, token(fields));
    const reply = await this.next();
    if (reply.op !== 8) throw new Error(`auth was answered with operation ${reply.op}`);
    return this;
  }

  send(op: number, seq: number, body: string | Uint8Array = ""): void {
    this.socket.write(rawFrame(op, seq, body));
  }

  /** The next frame; fails when the connection ends first. */
  async next(deadlineMs = DEADLINE_MS): Promise<RawFrame> {
    await within("a frame", this.#until(() => this.#frames.length > 0), deadlineMs);
    const frame = this.#frames.shift();
    if (frame === undefined) throw new Error("the connection ended before the next frame");
    return frame;
  }

  /** The next `count` frames. */
  async take(count: number): Promise<RawFrame[]> {
    await within(`${count} frames`, this.#until(() => this.#frames.length >= count));
    if (this.#frames.length < count) {
      throw new Error(`the connection ended after ${this.#frames.length} of ${count} frames`);
    }
    return this.#frames.splice(0, count);
  }

  /** Frames that have come and were not taken. */
  get waiting(): number {
    return this.#frames.length;
  }

  /** Everything until the server closes. */
  async untilClosed(): Promise<RawFrame[]> {
    await within("the end of the connection", this.closed);
    return this.#frames.splice(0);
  }

  close(): void {
    this.socket.destroy();
  }

  async #until(holds: () => boolean): Promise<void> {
    while (!holds() && !this.#over) await new Promise<void>((resolve) => this.#wake = resolve);
  }
}
