import { Buffer } from "node:buffer";
import type { WebSocket } from "ws";
import { rawFrame, readRawFrames, token, within } from "./raw_client.ts";
import { wsPackage } from "./ws_package.ts";

/** A message as it came. */
export interface Message {
  isText: boolean;
  data: Buffer;
}

/** A client on the `ws` package, which knows nothing of the server's code. */
export class WebSocketClient {
  readonly socket: WebSocket;
  #messages: Message[] = [];
  #wake: (() => void) | undefined;
  #over = false;
  /** How the server closed the connection. */
  readonly closed: Promise<{ code: number; reason: string }>;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on("message", (data: Buffer, isBinary: boolean) => {
      this.#messages.push({ isText: !isBinary, data });
      this.#wake?.();
    });
    socket.on("error", () => {});
    this.closed = new Promise((resolve) =>
      socket.on("close", (code: number, reason: Buffer) => {
        this.#over = true;
        this.#wake?.();
        resolve({ code, reason: reason.toString() });
      })
    );
  }

  /**
   * Connects; over TLS to a server whose certificate need not be anybody's.
   *
   * @param headers Further headers of the upgrade.
   */
  static connect(
    port: number,
    scheme: "ws" | "wss" = "ws",
    headers: Record<string, string> = {},
  ): Promise<WebSocketClient> {
    const socket = new wsPackage.WebSocket(`${scheme}://127.0.0.1:${port}/sub`, {
      headers,
      perMessageDeflate: false,
      rejectUnauthorized: false,
    });
    const client = new WebSocketClient(socket);
    return within(
      "a WebSocket",
      new Promise((resolve, reject) => {
        socket.once("open", () => resolve(client));
        socket.once("error", reject);
      }),
    );
  }

  /** Connects and authenticates with a binary frame. */
  static async open(port: number, fields: Record<string, unknown> = {}): Promise<WebSocketClient> {
    const client = await WebSocketClient.connect(port);
    client.socket.send(rawFrame(7, 1, token(fields)));
    const { data } = await client.next();
    if (data.readInt32BE(8) !== 8) {
      throw new Error(`auth was answered with ${data.toString("hex")}`);
    }
    return client;
  }

  /** The next message. */
  async next(deadlineMs?: number): Promise<Message> {
    const came = async () => {
      while (this.#messages.length === 0 && !this.#over) {
        await new Promise<void>((resolve) => this.#wake = resolve);
      }
    };
    await within("a message", came(), deadlineMs);
    const message = this.#messages.shift();
    if (message === undefined) throw new Error("the connection ended before the next message");
    return message;
  }

  /** The frames that the next message, a batch, holds. */
  async nextBatch(): Promise<{ op: number; seq: number; body: string }[]> {
    const { data } = await this.next();
    const outer = readRawFrames(data);
    if (outer.frames.length !== 1 || outer.frames[0].op !== 9 || outer.rest.length > 0) {
      throw new Error(`not a batch: ${data.toString("hex")}`);
    }
    const inner = readRawFrames(outer.frames[0].body);
    if (inner.rest.length > 0) throw new Error(`a batch ends in mid-frame`);
    return inner.frames.map(({ op, seq, body }) => ({ op, seq, body: body.toString() }));
  }

  close(): void {
    this.socket.terminate();
  }
}
