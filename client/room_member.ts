import { Operation } from "../protocol/operations.ts";
import type { RoomPosition } from "./codec.ts";
import type { Connection, TextFrame } from "./connection.ts";
import { Emitter } from "./events.ts";
import type { HistoryAnswer, JoinAnswer, Notice, PublishAnswer } from "./rooms.ts";
import type {
  HistoryOptions,
  HistoryPage,
  JoinOptions,
  Published,
  PublishOptions,
  Room,
  RoomEvents,
  RoomGap,
  RoomState,
  RoomStateEvent,
} from "./types.ts";

/** What rooms need of their client. */
export interface RoomOwner {
  /** Asks the server, over as many connections as it takes. */
  ask<T>(room: RoomMember, operation: number, members: object): Promise<T>;
  /** Names a publish. */
  newId(): string;
  /** @param code Why it may not be in it, or that it was left. */
  out(room: RoomMember, code?: number, message?: string): void;
  /**
   * Calls back after a while, since a server is not asked again at once by all, and has it join.
   *
   * @returns After how long, in milliseconds.
   */
  later(retryMs: number | undefined, attempt: number, callback: () => void): number;
}

/** What was pushed: JSON or text, or bytes where it is neither. */
export function contentOf({ body, encoding }: TextFrame): unknown {
  return encoding === "base64" ? bytesOf(body as string) : body;
}

function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
}

/**
 * A room and how far it has come in the room's log. Whatever it did not get is told as a gap: behind
 * its position comes the next message, or a gap that begins there.
 */
export class RoomMember extends Emitter<RoomEvents> implements Room {
  state: RoomState = "joining";
  position: RoomPosition | undefined;
  online = 0;
  /** The latest message that was there when it joined. */
  #head = 0;
  #refusals = 0;
  /** Where it has asked to be let in. */
  #askedOver: Connection | undefined;

  constructor(
    private readonly owner: RoomOwner,
    readonly key: string,
    private readonly options: JoinOptions,
  ) {
    super();
    this.position = options.since;
  }

  async publish(body: unknown, options: PublishOptions = {}): Promise<Published> {
    const { op, mediaMs: media_ms, id = this.owner.newId() } = options;
    const content = body instanceof Uint8Array
      ? { body_base64: btoa(Array.from(body, (byte) => String.fromCharCode(byte)).join("")) }
      : { body };
    const answer = await this.owner.ask<PublishAnswer>(this, Operation.Publish, {
      op,
      media_ms,
      id,
      ...content,
    });
    const { epoch, offset, reply, reply_base64 } = answer;
    return { epoch, offset, reply: reply_base64 === undefined ? reply : bytesOf(reply_base64) };
  }

  async history(options: HistoryOptions = {}): Promise<HistoryPage> {
    const { last, after, limit, fromMs: from_ms, toMs: to_ms } = options;
    const page = await this.owner.ask<HistoryAnswer>(this, Operation.History, {
      last,
      after,
      limit,
      from_ms,
      to_ms,
    });
    const messages = page.messages.map(({ offset, op, mid, ...rest }) => ({
      offset,
      op,
      timeMs: rest.time_ms,
      mediaMs: rest.media_ms,
      mid,
      body: rest.body_base64 === undefined ? rest.body : bytesOf(rest.body_base64),
    }));
    return { epoch: page.epoch, first: page.first, last: page.last, messages, more: page.more };
  }

  leave(): void {
    this.owner.out(this);
  }

  /** Asks to be let in, unless it has; it goes on where the connection before has brought it. */
  join(connection: Connection): void {
    if (this.state !== "joining" || this.#askedOver === connection) return;
    this.#askedOver = connection;
    const { key, position: since } = this;
    const last = since ? undefined : this.options.last;
    connection.ask<JoinAnswer>(
      Operation.Join,
      JSON.stringify({ room: key, since, last }),
      (answer) => {
        if (this.state !== "joining") return;
        const { code, message, retry_ms } = answer;
        if (code === 0) this.#joined(answer, since);
        else if (code === -500 || retry_ms !== undefined) {
          const retryMs = this.owner.later(retry_ms, this.#refusals++, () => {
            if (this.#askedOver === connection) this.#askedOver = undefined;
          });
          this.emit("state", { state: "joining", code, message, retryMs });
        } else this.owner.out(this, code, message);
      },
    );
  }

  /** A push to the room. */
  pushed(frame: TextFrame): void {
    const { op, seq } = frame;
    // Before the answer to its join it is what an earlier member of the same key still gets.
    if (this.state !== "joined") return;
    if (seq > 0) {
      const { epoch, offset } = this.position!;
      if (seq <= offset) return;
      if (seq > offset + 1) {
        this.position = { epoch, offset: seq - 1 };
        this.#gap("skipped", offset + 1, seq - 1);
        if (this.state !== "joined") return;
      }
      this.position = { epoch, offset: seq };
    }
    const recovered = seq > 0 && seq <= this.#head;
    this.emit("message", { op, body: contentOf(frame), offset: seq, recovered });
  }

  /** The server says that something is missing, or that the log begins. */
  noticed({ type, epoch = "", to, offset = 0, recovered }: Notice): void {
    if (this.state !== "joined") return;
    if (type === "gap" && to === undefined) this.#gap("unknown");
    if (type === "gap" && to! > this.position!.offset) {
      const from = this.position!.offset + 1;
      this.position = { epoch, offset: to! };
      this.#gap("skipped", from, to);
    }
    if (type === "epoch") {
      this.position = { epoch, offset };
      this.#head = offset;
      if (!recovered) this.#gap("epoch");
    }
  }

  setOnline(online: number): void {
    if (online === this.online) return;
    this.online = online;
    this.emit("online", online);
  }

  setState(event: RoomStateEvent): void {
    if (event.state === this.state) return;
    this.state = event.state;
    this.emit("state", event);
  }

  #joined(
    { epoch, offset, missed, recovered, online = 0 }: JoinAnswer,
    since?: RoomPosition,
  ): void {
    const start = offset - missed;
    this.position = { epoch, offset: start };
    this.#head = offset;
    this.#refusals = 0;
    this.setState({ state: "joined" });
    if (since && recovered) this.emit("recovered", { missed });
    if (since && !recovered) this.#missed(since, { epoch, offset: start });
    this.setOnline(online);
  }

  /** It goes on at a place that does not follow on the one where it was. */
  #missed(since: RoomPosition, start: RoomPosition): void {
    if (start.epoch === "" && since.epoch === "") return this.#gap("unknown");
    const isSameLog = since.epoch === start.epoch || since.epoch === "";
    if (isSameLog && start.offset > since.offset) {
      return this.#gap("expired", since.offset + 1, start.offset);
    }
    this.#gap("epoch");
  }

  #gap(reason: RoomGap["reason"], from?: number, to?: number): void {
    const count = from === undefined || to === undefined ? undefined : to - from + 1;
    this.emit("gap", { from, to, count, reason });
  }
}
