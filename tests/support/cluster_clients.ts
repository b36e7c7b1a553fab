import { Buffer } from "node:buffer";
import { type Prng, randomBelow } from "../../base/prng.ts";
import type { ConnectionRecord } from "./push_checker.ts";
import { RawClient, type RawFrame, rawFrame, readRawFrames, token } from "./raw_client.ts";
import { PUSH_OPERATION } from "./room_pusher.ts";
import { WebSocketClient } from "./web_socket_client.ts";

/** Where clients reach a comet. */
export interface ClientPorts {
  readonly tcp: number;
  readonly ws: number;
}

/** What a client talks over. */
interface Wire {
  send(op: number, seq: number, body?: string): void;
  /** The frames that came next; fails when the connection ended. */
  next(deadlineMs?: number): Promise<readonly RawFrame[]>;
  close(): void;
}

/** Longer than any test, in milliseconds. */
const EVER_MS = 600_000;

/** How often a client says that it is there, in milliseconds. */
const HEARTBEAT_MS = 2_000;

/** Waits before a client whose connection ended comes back: up to this, in milliseconds. */
const COME_BACK_MS_MAX = 200;

async function tcpWire(port: number): Promise<Wire> {
  const client = await RawClient.connect(port);
  return {
    send: (op, seq, body) => client.send(op, seq, body),
    next: async (deadlineMs) => [await client.next(deadlineMs)],
    close: () => client.close(),
  };
}

async function webSocketWire(port: number): Promise<Wire> {
  const client = await WebSocketClient.connect(port);
  return {
    send: (op, seq, body) => client.socket.send(rawFrame(op, seq, body)),
    async next(deadlineMs) {
      const { data } = await client.next(deadlineMs);
      const [outer] = readRawFrames(data).frames;
      return outer.op === 9 ? readRawFrames(Buffer.from(outer.body)).frames : [outer];
    },
    close: () => client.close(),
  };
}

/** What a client is told to be. */
export interface MemberOptions {
  readonly name: string;
  readonly mid: number;
  readonly room: string;
  readonly isWebSocket: boolean;
  /** The comet that it begins with. */
  readonly home: number;
  /** All comets, by index. */
  readonly comets: readonly ClientPorts[];
  readonly prng: Prng;
  /** Where each of its connections is noted down. */
  readonly connections: ConnectionRecord[];
}

/**
 * A client that is a member of one room and notes down every push. When its connection ends it
 * comes back to the next comet, until it is stopped.
 */
export class Member {
  readonly name: string;
  readonly mid: number;
  readonly room: string;
  /** What it has received by key or mid. */
  readonly received: string[] = [];
  /** How many are online in its room, as the last heartbeat was answered. */
  online = 0;
  /** When the last heartbeat was answered, in milliseconds. */
  beatenMs = 0;
  /** The comet that it is, or was last, connected to. */
  comet: number;
  /** The connection that it has; undefined while it has none. */
  connection: ConnectionRecord | undefined;
  readonly #options: MemberOptions;
  #wire: Wire | undefined;
  #stopped = false;
  /** The comet that it is to go to when its connection ends; the next one when undefined. */
  #next: number | undefined;
  #stays = false;
  #done: Promise<void> = Promise.resolve();

  constructor(options: MemberOptions) {
    this.#options = options;
    this.name = options.name;
    this.mid = options.mid;
    this.room = options.room;
    this.comet = options.home;
  }

  /** Begins to connect, and to stay connected. */
  start(): void {
    this.#done = this.#run();
  }

  /** Tries the comet that it is on again when its connection ends, until that lets it in. */
  stay(): void {
    this.#stays = true;
  }

  /** The comet that it began with. */
  get home(): number {
    return this.#options.home;
  }

  /** Leaves for another comet. */
  move(comet: number): void {
    this.#next = comet;
    this.#wire?.close();
  }

  /** Goes for good. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#wire?.close();
    await this.#done;
  }

  async #run(): Promise<void> {
    const { comets, prng } = this.#options;
    while (!this.#stopped) {
      try {
        await this.#connect();
      } catch {
        // It ended, or was never there.
      }
      this.#wire?.close();
      this.#wire = undefined;
      if (this.#stopped) return;
      if (!this.#stays) this.comet = this.#next ?? (this.comet + 1) % comets.length;
      this.#next = undefined;
      const waitMs = randomBelow(prng, COME_BACK_MS_MAX);
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  }

  async #connect(): Promise<void> {
    const { comets, isWebSocket, mid, name, room, connections } = this.#options;
    const ports = comets[this.comet];
    const wire = await (isWebSocket ? webSocketWire(ports.ws) : tcpWire(ports.tcp));
    this.#wire = wire;
    if (this.#stopped) return;
    wire.send(7, 1, token({ mid, key: name, room_id: room, accepts: [PUSH_OPERATION] }));
    const [reply, ...others] = await wire.next();
    if (reply.op !== 8) throw new Error(`auth was answered with operation ${reply.op}`);
    const connection: ConnectionRecord = {
      client: `${name} on comet ${this.comet}`,
      room,
      openMs: performance.now(),
      closedMs: undefined,
      arrivals: [],
    };
    connections.push(connection);
    this.#stays = false;
    this.connection = connection;
    const beat = () => wire.send(2, 0);
    beat();
    const heartbeat = setInterval(beat, HEARTBEAT_MS);
    try {
      for (const frame of others) this.#note(frame, connection);
      while (true) {
        for (const frame of await wire.next(EVER_MS)) this.#note(frame, connection);
      }
    } finally {
      clearInterval(heartbeat);
      connection.closedMs = performance.now();
      this.connection = undefined;
    }
  }

  #note(frame: RawFrame, connection: ConnectionRecord): void {
    if (frame.op === 3) {
      this.online = frame.body.readInt32BE(0);
      this.beatenMs = performance.now();
    }
    if (frame.op !== PUSH_OPERATION) return;
    const text = frame.body.toString();
    const number = Number(text);
    if (Number.isNaN(number)) this.received.push(text);
    else connection.arrivals.push({ number, atMs: performance.now() });
  }
}
