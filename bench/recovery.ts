import { encodeAuth } from "../client/codec.ts";
import { ClientStream, type StreamEvents } from "../client/stream.ts";
import type { Conn } from "../platform/port.ts";
import { selectPlatform } from "../platform/select.ts";
import type { Frame } from "../protocol/frame.ts";
import { Operation } from "../protocol/operations.ts";
import { roomDefaults } from "../protocol/room_options.ts";
import { Child } from "./child.ts";
import { cell, median, percentile99, printTable, scaled } from "./measure.ts";
import { pushToRoom } from "./room_client.ts";
import type { ServerPorts } from "./whole_server.ts";

const KEPT = 1_000;
const BODY_BYTES = 100;
const JOINS = 300;
/** Rooms that nobody has joined before, for each transport. */
const FRESH_ROOMS = 30;
/** Pushes under way at once. */
const CALLERS = 16;

/** A client that asks for the room's latest messages, and says when it has them all. */
class Joiner implements StreamEvents<Conn> {
  /** When the answer came, and the last message, in milliseconds after it asked. */
  answeredMs = 0;
  receivedMs = 0;
  readonly received = Promise.withResolvers<void>();
  #askedMs = 0;
  #messages = 0;
  #expected = Infinity;
  #stream: ClientStream<Conn> | undefined;
  conn: Conn | undefined;

  /** @param last How many messages it wants; none when left out. */
  constructor(private readonly room: string, private readonly last?: number) {}

  async join(port: number, isWebSocket: boolean): Promise<void> {
    const { streams } = await selectPlatform();
    this.conn = await streams.dial({
      hostname: "127.0.0.1",
      port,
      pendingBytesMax: 4096,
      handler: {
        open() {},
        data: (_, chunk) => this.#stream!.push(chunk),
        drain() {},
        end: (conn) => conn.end(),
        close: () => this.received.reject(new Error("the server closed the connection")),
      },
    });
    this.#stream = new ClientStream(this.conn, isWebSocket, this);
    this.#stream.begin("localhost");
    await this.received.promise;
  }

  opened(): void {
    this.#askedMs = performance.now();
    const { room, last } = this;
    const features = ["notices"];
    this.#stream!.send(encodeAuth({ mid: 0, room, platform: "bench", last, features }));
  }

  write(conn: Conn, bytes: Uint8Array): void {
    conn.write(bytes);
  }

  closing(conn: Conn): void {
    conn.end();
  }

  frame(_: Conn, { operation, body }: Frame): void {
    if (operation === Operation.AuthReply) {
      this.answeredMs = performance.now() - this.#askedMs;
      this.#expected = JSON.parse(new TextDecoder().decode(body)).missed;
    } else this.#messages++;
    if (this.#messages < this.#expected) return;
    this.receivedMs = performance.now() - this.#askedMs;
    this.received.resolve();
  }
}

/** Pushes messages into a room. */
async function fill(http: number, room: string, pushes: number): Promise<void> {
  const body = new Uint8Array(BODY_BYTES);
  let left = pushes;
  await Promise.all(Array.from({ length: CALLERS }, async () => {
    while (left-- > 0) await pushToRoom(http, room, body);
  }));
}

/** Has clients join rooms one after the other, each for all that is kept. */
async function measure(
  { tcp, ws }: ServerPorts,
  isWebSocket: boolean,
  rooms: readonly string[],
  kept: number,
): Promise<string[]> {
  const answered: number[] = [];
  const received: number[] = [];
  for (const room of rooms) {
    const joiner = new Joiner(room, kept);
    await joiner.join(isWebSocket ? ws : tcp, isWebSocket);
    joiner.conn!.evict();
    answered.push(joiner.answeredMs);
    received.push(joiner.receivedMs);
  }
  return [median(answered), median(received), percentile99(received)].map(cell);
}

/**
 * Clients that join a room with 1,000 kept messages, one after the other, and get all of them: from
 * their auth until the last message, where the room has a member already, and where it has to be
 * read from the store. One process, history in memory.
 */
export async function run(scale: number): Promise<void> {
  const kept = scaled(KEPT, Math.min(1, scale), 10);
  const busy = new Array<string>(scaled(JOINS, scale, 10)).fill("kept://busy");
  const freshRooms = scaled(FRESH_ROOMS, scale, 2);
  const fresh = Array.from({ length: 2 * freshRooms }, (_, index) => `kept://${index}`);
  await using server = new Child("./whole_server.ts");
  const rooms = [{ ...roomDefaults, type: "kept", historySize: KEPT }];
  const ports = await server.call<ServerPorts>("start", { rooms });
  for (const room of [busy[0], ...fresh]) await fill(ports.http, room, kept);
  const member = new Joiner(busy[0]);
  await member.join(ports.tcp, false);
  // The first ones are to warm up.
  for (const isWebSocket of [false, true]) await measure(ports, isWebSocket, busy, kept);
  const rows: string[][] = [];
  for (const isWebSocket of [false, true]) {
    const name = isWebSocket ? "WebSocket" : "TCP";
    const ofName = fresh.filter((_, index) => index % 2 === Number(isWebSocket));
    rows.push([
      `${name}, with members`,
      ...await measure(ports, isWebSocket, busy, kept),
    ], [
      `${name}, nobody before`,
      ...await measure(ports, isWebSocket, ofName, kept),
    ]);
  }
  member.conn!.evict();
  printTable(
    `From an auth to the last of ${kept} kept messages of ${BODY_BYTES} bytes`,
    ["room", "answer, median ms", "last message, median ms", "p99 ms"],
    rows,
  );
}
