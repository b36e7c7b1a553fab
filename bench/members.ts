import { encodeAuth } from "../client/codec.ts";
import { ClientStream, type StreamEvents } from "../client/stream.ts";
import type { Conn } from "../platform/port.ts";
import { selectPlatform } from "../platform/select.ts";
import type { Frame } from "../protocol/frame.ts";
import { Operation } from "../protocol/operations.ts";

/** A body that says when it was pushed. */
export function timedBody(bytes: number): Uint8Array<ArrayBuffer> {
  const body = new Uint8Array(bytes);
  new DataView(body.buffer).setFloat64(0, performance.now());
  return body;
}

/** When a push of `timedBody` was sent. */
function timeOf(body: Uint8Array): number {
  return new DataView(body.buffer, body.byteOffset, 8).getFloat64(0);
}

/** Members of a room: they count pushes, and tell how long each took. */
export class Members implements StreamEvents<Conn> {
  received = 0;
  latenciesMs: number[] = [];
  readonly #auth: Uint8Array;
  readonly #streams = new Map<Conn, ClientStream<Conn>>();
  #authenticated = 0;
  #wake = () => {};

  /** @param sentMs Says of a push when it was sent. */
  constructor(room: string, private readonly sentMs = timeOf) {
    this.#auth = encodeAuth({ mid: 0, room, platform: "bench" });
  }

  /** Connects some, and settles when they are in the room. */
  async open(port: number, members: number, isWebSocket = false): Promise<void> {
    const { streams } = await selectPlatform();
    const goal = this.#authenticated + members;
    for (let index = 0; index < members; index++) {
      const conn = await streams.dial({
        hostname: "127.0.0.1",
        port,
        pendingBytesMax: 4096,
        handler: {
          open() {},
          data: (conn, chunk) => this.#streams.get(conn)!.push(chunk),
          drain() {},
          end: (conn) => conn.end(),
          close() {},
        },
      });
      const stream = new ClientStream(conn, isWebSocket, this);
      this.#streams.set(conn, stream);
      stream.begin("localhost");
    }
    await this.until(() => this.#authenticated === goal);
  }

  opened(conn: Conn): void {
    this.#streams.get(conn)!.send(this.#auth);
  }

  write(conn: Conn, bytes: Uint8Array): void {
    conn.write(bytes);
  }

  closing(): void {}

  frame(_conn: Conn, { operation, body }: Frame): void {
    if (operation === Operation.AuthReply) this.#authenticated++;
    else {
      this.received++;
      this.latenciesMs.push(performance.now() - this.sentMs(body));
    }
    this.#wake();
  }

  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.#wake = resolve);
  }

  close(): void {
    for (const conn of this.#streams.keys()) conn.evict();
  }
}
