import { Operation } from "../protocol/operations.ts";
import type { Connection, TextFrame } from "./connection.ts";
import { Connector, type ConnectorOwner } from "./connector.ts";
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
} from "./types.ts";

const ROOM_KEY_CHARS_MAX = 256;

/** Up to how many unanswered requests rooms ask to be let in: a server keeps 64 KiB of them. */
const UNANSWERED_MAX = 24;

/** The client of an application: one connection after the other, and what outlives them. */
export class ReconnectingClient extends Emitter<ClientEvents>
  implements Client, ConnectorOwner, RoomOwner {
  readonly #rooms = new Map<string, RoomMember>();
  readonly #connector: Connector;
  readonly #requests: Requests;
  readonly #idPrefix: string;
  #ids = 0;

  constructor(
    private readonly environment: Environment,
    urls: string | readonly string[],
    options: ClientOptions,
  ) {
    super();
    this.#requests = new Requests(environment, options.publishTimeoutMs);
    this.#idPrefix = environment.random().toString(36).slice(2);
    this.#connector = new Connector(environment, this, [urls].flat(), options, this.#idPrefix);
    this.#connector.connect();
  }

  get state(): ClientState {
    return this.#connector.state;
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
    this.#connector.close({ state: "closed" });
  }

  opened(connection: Connection): void {
    this.#requests.use(connection);
    this.answered();
  }

  pushed(frame: TextFrame): void {
    const { op, room } = frame;
    if (room !== undefined) return this.#rooms.get(room)?.pushed(frame);
    this.emit("message", { op, body: contentOf(frame) });
  }

  answered(): void {
    const { open: connection } = this.#connector;
    if (!connection) return;
    for (const room of this.#rooms.values()) {
      if (connection.asked >= UNANSWERED_MAX) break;
      room.join(connection);
    }
    this.#requests.flush();
  }

  noticed(notice: Notice): void {
    const { type, room, rooms = {} } = notice;
    if (room !== undefined) this.#rooms.get(room)?.noticed(notice);
    else if (type === "gap") this.emit("gap", {});
    for (const key in rooms) this.#rooms.get(key)?.setOnline(rooms[key]);
  }

  dropped(): void {
    for (const room of this.#rooms.values()) room.setState({ state: "joining" });
  }

  changed(event: ClientStateEvent): void {
    this.emit("state", event);
    if (event.state !== "closed") return;
    for (const room of this.#rooms.values()) this.out(room);
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
      const left = JSON.stringify({ room: room.key });
      this.#connector.open?.ask(Operation.Leave, left, () => {});
    }
    room.setState(code === undefined ? { state: "left" } : { state: "refused", code, message });
    this.#requests.fail(code ?? LocalCode.ended, message, room);
  }

  later(retryMs = 0, attempt: number, callback: () => void): number {
    const delayMs = retryMs + this.#connector.backoffMs(attempt);
    this.environment.after(delayMs, () => {
      callback();
      this.answered();
    });
    return delayMs;
  }
}
