import type { Clock } from "../../base/clock.ts";
import type { Conn, ConnHandler, Streams } from "../../platform/port.ts";
import { plainBuffers } from "../../protocol/buffers.ts";
import { EMPTY, encodeFrame, type Frame } from "../../protocol/frame.ts";
import { Operation } from "../../protocol/operations.ts";
import { FrameSplitter } from "../../protocol/splitter.ts";

/** A connection that has said who it is. */
export class ScriptedClient {
  /** When it beat, in milliseconds. */
  readonly beatsMs: number[] = [];
  /** What it asked for in JSON, operation by operation, its auth first. */
  readonly asked: { readonly op: number; readonly [member: string]: unknown }[] = [];
  isOpen = true;

  constructor(
    readonly key: string,
    readonly mid: number,
    public room: string,
    readonly enteredMs: number,
    private readonly conn: Conn<ScriptedClient | undefined>,
  ) {}

  send(operation: number, body: Uint8Array = EMPTY, sequence = 0): void {
    this.conn.write(encodeFrame(operation, sequence, body));
  }

  /** Sends a body of JSON. */
  sendJson(operation: number, body: unknown, sequence = 0): void {
    this.send(operation, new TextEncoder().encode(JSON.stringify(body)), sequence);
  }

  /** Closes its connection. */
  close(): void {
    this.conn.end();
  }
}

/** A server of goim's TCP protocol that does as a test says, and knows nothing of rooms. */
export class ScriptedServer {
  /** Every connection that has said who it is, in that order. */
  readonly clients: ScriptedClient[] = [];
  /** Connections that are open. */
  open = 0;
  /** Whether it lets the next client in; otherwise it closes the connection. */
  letsIn: () => boolean = () => true;
  /** What it says to those that it does not let in. */
  refusal: object | undefined;
  answersBeats = true;
  answersRooms = true;
  /** What it says to a client that knows of logs, and comes into its room. */
  joinAnswer: (since: unknown) => object = () => (
    { code: 0, epoch: "e", offset: 0, recovered: true, missed: 0 }
  );
  port = 0;

  constructor(private readonly clock: Clock) {}

  /** Listens on some port. */
  async listen(streams: Streams): Promise<void> {
    const options = { hostname: "127.0.0.1", port: 0, pendingBytesMax: 1 << 20 };
    const listener = await streams.listen({ ...options, handler: this.#handler });
    this.port = listener.address.port;
  }

  /** The open connection of a client. */
  client(key: string): ScriptedClient {
    const found = this.clients.findLast((one) => one.key === key && one.isOpen);
    if (found === undefined) throw new Error(`${key} is not there`);
    return found;
  }

  #handler: ConnHandler<ScriptedClient | undefined> = {
    open: (conn) => {
      this.open++;
      this.#splitters.set(conn, new FrameSplitter(plainBuffers));
    },
    data: (conn, chunk) => {
      this.#splitters.get(conn)!.push(chunk, conn, {
        frame: (_, frame) => this.#frame(conn, frame),
      });
    },
    drain() {},
    end: (conn) => conn.end(),
    close: (conn) => {
      this.open--;
      if (conn.context !== undefined) conn.context.isOpen = false;
    },
  };
  readonly #splitters = new Map<Conn<ScriptedClient | undefined>, FrameSplitter>();

  #frame(conn: Conn<ScriptedClient | undefined>, { operation, sequence, body }: Frame): boolean {
    const text = () => new TextDecoder().decode(body);
    const client = conn.context;
    if (operation === Operation.Auth) {
      if (!this.letsIn()) this.#refuse(conn);
      else this.#enter(conn, text());
    } else if (operation === Operation.Heartbeat) {
      client!.beatsMs.push(this.clock.monotonicMs());
      if (this.answersBeats) client!.send(Operation.HeartbeatReply, EMPTY, sequence);
    } else if (operation === Operation.Join || operation === Operation.Leave) {
      client!.asked.push({ op: operation, ...JSON.parse(text()) });
    } else if (operation === Operation.Publish) {
      client!.asked.push({ op: operation, seq: sequence, request: JSON.parse(text()) });
    } else if (operation === Operation.ChangeRoom) {
      client!.room = text();
      if (this.answersRooms) client!.send(Operation.ChangeRoomReply, body.slice(), sequence);
    }
    return true;
  }

  #refuse(conn: Conn<ScriptedClient | undefined>): void {
    if (this.refusal !== undefined) {
      const body = new TextEncoder().encode(JSON.stringify(this.refusal));
      conn.write(encodeFrame(Operation.DisconnectReply, 0, body));
    }
    conn.end();
  }

  #enter(conn: Conn<ScriptedClient | undefined>, token: string): void {
    const { key, mid, room_id, since, last, features } = JSON.parse(token);
    const client = conn.context = new ScriptedClient(
      key,
      mid,
      room_id,
      this.clock.monotonicMs(),
      conn,
    );
    this.clients.push(client);
    if (features === undefined) return client.send(Operation.AuthReply);
    client.asked.push({ op: Operation.Auth, room: room_id, since, last });
    client.sendJson(Operation.AuthReply, { room: room_id, ...this.joinAnswer(since) });
  }
}
