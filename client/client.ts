import { Operation } from "../protocol/operations.ts";
import { Addresses } from "./addresses.ts";
import { Connection, type ConnectionOwner, type TextFrame } from "./connection.ts";
import type { Environment } from "./environment.ts";
import { Emitter } from "./events.ts";
import { LocalCode } from "./request_error.ts";
import { Requests } from "./requests.ts";
import { contentOf, RoomMember, type RoomOwner } from "./room_member.ts";
import type { Answer, Notice } from "./rooms.ts";
import type {
  Client,
  ClientEvents,
  ClientOptions,
  ClientState,
  ClientStateEvent,
  JoinOptions,
  Room,
  Token,
} from "./types.ts";

/** Codes of a close after which another try meets the same answer; the application's own are beyond 4099. */
const finalCodes = /^(1000|1002|1007|1009|4001|4004|4005|4008|4010|4014|4[1-9]..)$/;

const AUTH_FAILED = 4001;
const REPLACED = 4004;

/** How long the token and the address may take together, in milliseconds. */
const PREPARE_MS_MAX = 10_000;

/** After how long a connection has not failed, in milliseconds. */
const STABLE_MS = 2_000;

const ROOM_KEY_CHARS_MAX = 256;

/** Up to how many unanswered requests rooms ask to be let in: a server keeps 64 KiB of them. */
const UNANSWERED_MAX = 24;

/** The client of an application: one connection after the other, and what outlives them. */
export class ReconnectingClient extends Emitter<ClientEvents>
  implements Client, ConnectionOwner, RoomOwner {
  state: ClientState = "connecting";
  readonly #rooms = new Map<string, RoomMember>();
  readonly #addresses: Addresses;
  readonly #requests: Requests;
  readonly #idPrefix: string;
  #ids = 0;
  #connection: Connection | undefined;
  /** Ends what was begun for a connection that is not wanted any more. */
  #attempt = new AbortController();
  /** How many failed one after the other. */
  #failures = 0;
  /** Whether nobody else has the latest token's key. */
  #isKeyOwn = false;
  /** Whether the server has refused the latest token. */
  #refused = false;
  /** What the server said of the close that follows. */
  #closing: Notice | undefined;
  #cancelTimer = () => {};

  constructor(
    private readonly environment: Environment,
    urls: string | readonly string[],
    private readonly options: ClientOptions,
  ) {
    super();
    this.#addresses = new Addresses(environment, [urls].flat());
    this.#requests = new Requests(environment, options.publishTimeoutMs);
    this.#idPrefix = environment.random().toString(36).slice(2);
    environment.onNetwork((isOnline) => {
      if (!isOnline) this.#connection?.probe();
      else if (this.state === "waiting" || this.#connection) this.#connect();
    });
    this.#connect();
  }

  join(key: string, options: JoinOptions = {}): Room {
    if (this.state === "closed") throw new Error("the client is closed");
    if (key.length > ROOM_KEY_CHARS_MAX) throw new Error(`"${key}" is too long for a room`);
    let room = this.#rooms.get(key);
    if (!room) {
      this.#rooms.set(key, room = new RoomMember(this, key, options));
      this.answered();
    }
    return room;
  }

  close(): void {
    this.#close({ state: "closed" });
  }

  opened(): void {
    const connection = this.#connection!;
    this.#refused = false;
    this.#after(STABLE_MS, () => this.#failures = 0);
    this.#requests.use(connection);
    this.answered();
    // Now: whoever hears it may join rooms.
    this.#say({ state: "connected" });
  }

  pushed(frame: TextFrame): void {
    const { op, room } = frame;
    if (room !== undefined) return this.#rooms.get(room)?.pushed(frame);
    this.emit("message", { op, body: contentOf(frame) });
  }

  answered(): void {
    const connection = this.#connection;
    if (!connection?.isOpen) return;
    for (const room of this.#rooms.values()) {
      if (connection.asked >= UNANSWERED_MAX) break;
      room.join(connection);
    }
    this.#requests.flush();
  }

  noticed(notice: Notice): void {
    const { type, room, rooms = {}, delay_ms = 0 } = notice;
    if (room !== undefined) this.#rooms.get(room)?.noticed(notice);
    else if (type === "gap") this.emit("gap", {});
    else if (type === "closing") this.#closing = notice;
    else if (type === "moving") this.#after(delay_ms, () => this.#connect());
    for (const key in rooms) this.#rooms.get(key)?.setOnline(rooms[key]);
  }

  ended(code?: number, reason?: string): void {
    if (code === AUTH_FAILED && typeof this.options.token === "function" && !this.#refused) {
      this.#refused = true;
      return void this.#connect();
    }
    // What replaced it is then an earlier connection of its own, which came late.
    const reconnect = !finalCodes.test(`${code}`) || (code === REPLACED && this.#isKeyOwn);
    const closing = this.#closing ?? { code, reason, reconnect };
    if (closing.reconnect) this.#wait(closing.code, closing.reason);
    else this.#close({ state: "closed", code: closing.code, reason: closing.reason });
  }

  ask<T>(room: RoomMember, operation: number, members: object): Promise<T> {
    return this.#requests.ask<Answer & T>(room, operation, members);
  }

  newId(): string {
    return `${this.#idPrefix}-${++this.#ids}`;
  }

  out(room: RoomMember, code?: number, message = "the room was left"): void {
    if (this.#rooms.get(room.key) === room && code === undefined) {
      this.#rooms.delete(room.key);
      const connection = this.#connection;
      if (connection?.isOpen) {
        connection.ask(Operation.Leave, JSON.stringify({ room: room.key }), () => {});
      }
    }
    room.setState(code === undefined ? { state: "left" } : { state: "refused", code, message });
    this.#requests.fail(code ?? LocalCode.ended, message, room);
  }

  later(retryMs = 0, attempt: number, callback: () => void): number {
    const delayMs = retryMs + this.#backoffMs(attempt);
    this.environment.after(delayMs, () => {
      callback();
      this.answered();
    });
    return delayMs;
  }

  /** How long to wait: all of it is chance, so that those who fail together do not return so. */
  #backoffMs(attempt: number): number {
    const { baseMs = 500, maxMs = 20_000 } = this.options.backoff ?? {};
    return this.environment.random() * Math.min(maxMs, baseMs * 2 ** Math.min(attempt, 30));
  }

  async #connect(): Promise<void> {
    this.#drop();
    if (this.state === "closed") return;
    const { signal } = this.#attempt = new AbortController();
    this.#after(PREPARE_MS_MAX, () => this.#wait(undefined, "no token or no address in time"));
    this.#say({ state: "connecting" });
    try {
      const token = await this.#token();
      const url = await this.#addresses.next(signal);
      if (signal.aborted) return;
      this.#cancelTimer();
      const { heartbeatMs } = this.options;
      this.#connection = new Connection(this.environment, this, url, token, heartbeatMs);
    } catch (error) {
      if (!signal.aborted) this.#wait(undefined, `${error}`);
    }
  }

  /** JSON text of what the server is told. */
  async #token(): Promise<string> {
    const { token: given = {} } = this.options;
    const token: Token = typeof given === "function"
      ? await given({ refused: this.#refused })
      : given;
    if (typeof token === "string") return JSON.stringify(token);
    // Where there is no mid the server knows by the key who says something again.
    this.#isKeyOwn = Number(token.mid ?? 0) === 0 && !token.key;
    const key = this.#isKeyOwn ? this.#idPrefix : token.key;
    return JSON.stringify(
      { ...token, key, features: ["rooms", "notices"] },
      // JSON has no bigint; the server takes digits.
      (_, value) => typeof value === "bigint" ? `${value}` : value,
    );
  }

  #wait(code?: number, reason?: string): void {
    this.#drop();
    if (this.state === "closed") return;
    const retryMs = this.#backoffMs(this.#failures++);
    this.#after(retryMs, () => this.#connect());
    this.#say({ state: "waiting", code, reason, retryMs });
  }

  /** Sets its one timer, in place of the one before. */
  #after(delayMs: number, callback: () => void): void {
    this.#cancelTimer();
    this.#cancelTimer = this.environment.after(delayMs, callback);
  }

  /** Gives the connection up. Who hears of it may close the client. */
  #drop(): void {
    this.#attempt.abort();
    this.#cancelTimer();
    this.#closing = undefined;
    this.#connection?.close();
    this.#connection = undefined;
    for (const room of this.#rooms.values()) room.setState({ state: "joining" });
  }

  #close(event: ClientStateEvent): void {
    if (this.state === "closed") return;
    this.#connection?.close();
    this.#say(event);
    for (const room of this.#rooms.values()) this.out(room);
    this.#drop();
    this.environment.close();
  }

  #say(event: ClientStateEvent): void {
    if (event.state === this.state) return;
    this.state = event.state;
    this.emit("state", event);
  }
}
