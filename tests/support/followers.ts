import { encodeAuth, encodeHeartbeat } from "../../client/codec.ts";
import {
  type AuthAnswer,
  decodeBody,
  encodeJoin,
  type JoinAnswer,
  type Notice,
} from "../../client/rooms.ts";
import { ClientStream, type StreamEvents } from "../../client/stream.ts";
import type { Conn, ConnHandler } from "../../platform/port.ts";
import { selectPlatform } from "../../platform/select.ts";
import type { StreamPosition } from "../../protocol/history.ts";
import type { Frame } from "../../protocol/frame.ts";
import { Operation } from "../../protocol/operations.ts";
import type { JoinAsk } from "../../sim/checkers/cursor.ts";
import type { RoomCursors } from "../../sim/checkers/room_cursors.ts";
import { type ClientPorts } from "./cluster_clients.ts";
import { until } from "./until.ts";
import { PUSH_OPERATION } from "./room_pusher.ts";

/** How long a client waits before it tries the next comet, in milliseconds. */
const COME_BACK_MS = 50;

/** How long a client may take to get into its rooms, in milliseconds; then it tries again. */
const JOIN_MS = 10_000;

/** How often clients say that they are there, in milliseconds. */
const HEARTBEAT_MS = 2_000;

const { streams } = await selectPlatform();

/** Where followers are to be, and how many. */
export interface FollowersOptions {
  /** Comets to try, one after the other, beginning with the first. */
  readonly comets: readonly ClientPorts[];
  readonly clients: number;
  /** Keys of the rooms of each: that of its auth, and those that it joins then. */
  readonly rooms: readonly string[];
  /** Where each is in the log of each room. */
  readonly cursors: RoomCursors;
  /** How many stay with a server that sends them elsewhere. */
  readonly stayPut?: number;
}

/** A client that comes back to its rooms with its cursors. */
class Follower {
  conn: Conn<Follower> | undefined;
  stream: ClientStream<Follower> | undefined;
  /** Rooms that it is in by its connection. */
  joined = 0;
  /** How fast it reads at most. */
  bytesPerSecond = Infinity;
  /** What it asked for of each room. */
  readonly asks: JoinAsk[] = [];
  /** The connection is over. */
  over = () => {};

  constructor(readonly index: number) {}
}

/** Clients over TCP and WebSocket in turn, who come back to their rooms with their cursors. */
export class Followers implements ConnHandler<Follower>, StreamEvents<Follower> {
  /** Connections that ended. */
  losses = 0;
  readonly #options: FollowersOptions;
  readonly #all: readonly Follower[];
  #stopped = false;
  #running: readonly Promise<void>[] = [];
  #heartbeats: ReturnType<typeof setInterval> | undefined;

  constructor(options: FollowersOptions) {
    this.#options = options;
    this.#all = Array.from({ length: options.clients }, (_, index) => new Follower(index));
  }

  /** Connects all of them, and settles when they are in their rooms. */
  async start(): Promise<void> {
    this.#running = this.#all.map((follower) => this.#run(follower));
    this.#heartbeats = setInterval(() => {
      for (const { joined, stream } of this.#all) if (joined > 0) stream!.send(encodeHeartbeat());
    }, HEARTBEAT_MS);
    await this.joined();
  }

  /** Settles when all are in their rooms. */
  joined(): Promise<void> {
    const { rooms } = this.#options;
    return until(
      "all clients in their rooms",
      () => this.#all.every(({ joined }) => joined === rooms.length),
    );
  }

  /** Clients that have not got as far as a place of a room's log, or are at another log. */
  behind(room: number, { epoch, offset }: StreamPosition): string[] {
    const { cursors } = this.#options;
    return this.#all.flatMap(({ index }) => {
      const at = cursors.since(index, room);
      if (at?.epoch === epoch && at.offset >= offset) return [];
      return `client ${index} is at ${at?.epoch} ${at?.offset} of room ${room}`;
    });
  }

  /** Lets a client read no more than so many bytes a second from now on. */
  slow(index: number, bytesPerSecond: number): void {
    this.#all[index].bytesPerSecond = bytesPerSecond;
  }

  /** Ends all of them. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#heartbeats);
    for (const { conn } of this.#all) conn?.evict();
    await Promise.all(this.#running);
  }

  open(): void {}

  data(conn: Conn<Follower>, chunk: Uint8Array): void {
    const follower = conn.context;
    if (follower === undefined) return;
    follower.stream?.push(chunk);
    if (follower.bytesPerSecond === Infinity) return;
    conn.pause();
    setTimeout(() => conn.resume(), chunk.length * 1_000 / follower.bytesPerSecond);
  }

  drain(): void {}

  end(conn: Conn<Follower>): void {
    conn.end();
  }

  close(conn: Conn<Follower>): void {
    conn.context?.over();
  }

  opened(follower: Follower): void {
    const { stream, index: mid } = follower;
    const features = ["rooms", "notices"];
    const ask = this.#ask(follower, 0);
    stream!.send(encodeAuth({ mid, room: this.#options.rooms[0], accepts: [], features, ...ask }));
  }

  write({ conn }: Follower, bytes: Uint8Array): void {
    conn?.write(bytes);
  }

  closing({ conn }: Follower): void {
    conn?.end();
  }

  frame(follower: Follower, { operation, sequence, body }: Frame, key: string): void {
    const { rooms, cursors } = this.#options;
    switch (operation) {
      case PUSH_OPERATION: {
        const room = key === "" ? 0 : rooms.indexOf(key);
        cursors.received(follower.index, { room, offset: sequence, body });
        return;
      }
      case Operation.Notice:
        return this.#noticed(follower, decodeBody<Notice>(body));
      case Operation.AuthReply:
        this.#joined(follower, decodeBody<AuthAnswer>(body));
        return rooms.slice(1).forEach((room, at) =>
          follower.stream?.send(encodeJoin({ room, ...this.#ask(follower, at + 1) }))
        );
      case Operation.JoinReply:
        return this.#joined(follower, decodeBody<JoinAnswer>(body));
    }
  }

  #ask(follower: Follower, room: number): JoinAsk {
    return follower.asks[room] = { since: this.#options.cursors.since(follower.index, room) };
  }

  #joined(follower: Follower, answer: JoinAnswer): void {
    // The room's log could not be read: it tries once more.
    if (answer.code !== 0) return follower.conn?.evict();
    const { rooms, cursors } = this.#options;
    const room = rooms.indexOf(answer.room);
    cursors.joined(follower.index, room, answer, follower.asks[room]);
    follower.joined++;
  }

  #noticed({ index }: Follower, notice: Notice): void {
    const { rooms, cursors } = this.#options;
    const { type, epoch = "", offset = 0, from = 0, to = 0, count = 0 } = notice;
    if (type === "moving") this.#move(index, notice);
    const room = rooms.indexOf(notice.room ?? "");
    if (type === "gap") cursors.gap(index, room, { epoch, from, to, count });
    if (type === "epoch") cursors.epochChanged(index, room, { epoch, offset });
  }

  #move(index: number, { delay_ms }: Notice): void {
    const { conn } = this.#all[index];
    const { stayPut = 0 } = this.#options;
    if (index >= stayPut) setTimeout(() => conn?.evict(), delay_ms);
  }

  async #run(follower: Follower): Promise<void> {
    const { comets } = this.#options;
    for (let turn = 0; !this.#stopped; turn++) {
      const { tcp, ws } = comets[turn % comets.length];
      const isWebSocket = follower.index % 2 === 1;
      try {
        await this.#connect(follower, isWebSocket, isWebSocket ? ws : tcp);
      } catch {
        // Nobody listens there for now.
      }
      if (!this.#stopped) await new Promise((resolve) => setTimeout(resolve, COME_BACK_MS));
    }
  }

  /** One connection from its beginning to its end. */
  async #connect(follower: Follower, isWebSocket: boolean, port: number): Promise<void> {
    const { rooms, cursors } = this.#options;
    const address = { hostname: "127.0.0.1", port };
    const options = { ...address, pendingBytesMax: 64 * 1024, handler: this };
    const conn = await streams.dial<Follower>(options);
    const over = new Promise<void>((resolve) => follower.over = resolve);
    const giveUp = () => {
      conn.evict();
      follower.over();
    };
    follower.conn = conn;
    conn.context = follower;
    follower.stream = new ClientStream(follower, isWebSocket, this);
    follower.stream.begin(`${address.hostname}:${port}`);
    if (this.#stopped) giveUp();
    const late = setTimeout(() => follower.joined < rooms.length && giveUp(), JOIN_MS);
    await over;
    clearTimeout(late);
    follower.conn = follower.stream = undefined;
    follower.joined = 0;
    cursors.cut(follower.index);
    this.losses++;
  }
}
