import { Operation } from "../protocol/operations.ts";
import type { Environment } from "./environment.ts";
import type { Answer, AuthAnswer, Notice } from "./rooms.ts";

/** How long a connection may take until it is authenticated, in milliseconds. */
const OPEN_MS_MAX = 10_000;

/**
 * How long the server may be silent after a heartbeat, in two halves: a process that stood still
 * reads what has come meanwhile before the second is over.
 */
const SILENCE_MS_MAX = 10_000;

/** How often a client says that it is there, where nothing shorter is asked for, in milliseconds. */
const HEARTBEAT_MS = 30_000;

/** After which part of its time a connection authenticates afresh at the latest. */
const RENEWAL_SHARE = 0.8;

/** After how long it tries again when the token or the answer does not come, in milliseconds. */
const RENEWAL_MS_MAX = 10_000;

/** Longest delay of a timer, in milliseconds. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** A frame of goim's text mode that a server has sent. */
export interface TextFrame {
  readonly op: number;
  readonly seq: number;
  /** Key of the further room that it was pushed to. */
  readonly room?: string;
  readonly body: unknown;
  readonly encoding?: string;
}

/** Who has a connection. */
export interface ConnectionOwner {
  opened(connection: Connection): void;
  pushed(frame: TextFrame): void;
  noticed(notice: Notice): void;
  /** A request was answered, and there is room for another. */
  answered(): void;
  /** A fresh token as JSON text; undefined where there is but one. */
  freshToken(): Promise<string> | undefined;
  /** How long to wait before another attempt, in milliseconds. */
  backoffMs(attempt: number): number;
  /** It is over; not called when the owner ends it. */
  ended(connection: Connection, code?: number, reason?: string): void;
}

/** One connection, from its beginning to its end. */
export class Connection {
  /** Whether the server has let it in. */
  isOpen = false;
  /** Who waits for an answer, by its operation and sequence: the sequence of a push is its offset. */
  readonly #answers = new Map<string, (answer: never) => void>();
  readonly #socket: WebSocket;
  #sequence = 0;
  /** Ends the wait for the auth's answer, or for a sign of life, where it waits for one. */
  #cancelDeadline: (() => void) | undefined;
  #cancelHeartbeat = () => {};
  #cancelRenewal = () => {};

  /** @param token JSON text. */
  constructor(
    private readonly environment: Environment,
    private readonly owner: ConnectionOwner,
    url: string,
    token: string,
    private readonly heartbeatMs = HEARTBEAT_MS,
  ) {
    const socket = this.#socket = environment.open(url);
    socket.onopen = () =>
      this.ask<AuthAnswer>(Operation.Auth, token, (answer) => this.#authenticated(answer));
    socket.onmessage = ({ data }) => {
      try {
        this.#message(JSON.parse(data));
      } catch (error) {
        console.error(error);
        this.#end();
      }
    };
    socket.onclose = ({ code, reason }) => this.#end(code, reason);
    socket.onerror = () => this.#end();
    this.#cancelDeadline = environment.after(OPEN_MS_MAX, () => this.#end());
  }

  /** Requests that are not answered. */
  get asked(): number {
    return this.#answers.size;
  }

  /**
   * Sends a request.
   *
   * @param body JSON text.
   * @param answered Called unless the connection ends before.
   */
  ask<T extends Answer>(operation: number, body: string, answered: (answer: T) => void): void {
    this.#answers.set(`${operation + 1}/${++this.#sequence}`, answered);
    this.#send(operation, body, this.#sequence);
  }

  /** Finds out whether the server is there. */
  probe(): void {
    if (!this.isOpen) return;
    this.#send(Operation.Heartbeat, '""', 0);
    const half = SILENCE_MS_MAX / 2;
    const { after } = this.environment;
    this.#cancelDeadline ??= after(half, () => {
      this.#cancelDeadline = after(half, () => this.#end());
    });
  }

  /** Ends it without a word to the owner. */
  close(): void {
    this.isOpen = false;
    this.#isAlive();
    this.#cancelHeartbeat();
    this.#cancelRenewal();
    const socket = this.#socket;
    socket.onopen =
      socket.onmessage =
      socket.onclose =
      socket.onerror =
        null;
    socket.close();
  }

  #end(code?: number, reason?: string): void {
    this.close();
    this.owner.ended(this, code, reason);
  }

  #isAlive(): void {
    this.#cancelDeadline?.();
    this.#cancelDeadline = undefined;
  }

  #send(operation: number, body: string, sequence: number): void {
    this.#socket.send(`{"ver":1,"op":${operation},"seq":${sequence},"body":${body}}`);
  }

  #authenticated({ code, heartbeat_ms, expires_ms }: AuthAnswer): void {
    this.#isAlive();
    if (code !== 0) {
      return this.#end(1002, "the token names no rooms and notices; a JWT is given as { token }");
    }
    this.#expiresIn(expires_ms);
    this.isOpen = true;
    const everyMs = Math.min(this.heartbeatMs, heartbeat_ms);
    const beat = () => {
      this.probe();
      this.#cancelHeartbeat = this.environment.after(everyMs, beat);
    };
    this.#cancelHeartbeat = this.environment.after(everyMs, beat);
    this.owner.opened(this);
  }

  /** @param delayMs Until the server closes it, if it will, in milliseconds. */
  #expiresIn(delayMs?: number): void {
    this.#cancelRenewal();
    if (!delayMs) return;
    // Those that came together do not return so.
    const share = RENEWAL_SHARE - this.environment.random() / 10;
    this.#renewIn(Math.min(delayMs * share, TIMER_MS_MAX), 0);
  }

  /** Authenticates afresh in a while, and tries again until the server has taken a token. */
  #renewIn(delayMs: number, attempt: number): void {
    this.#cancelRenewal();
    this.#cancelRenewal = this.environment.after(delayMs, async () => {
      const again = (waitMs = this.owner.backoffMs(attempt)) => {
        if (this.isOpen) this.#renewIn(waitMs, attempt + 1);
      };
      again(RENEWAL_MS_MAX);
      try {
        const token = await this.owner.freshToken();
        if (token === undefined) return this.#cancelRenewal();
        if (!this.isOpen) return;
        this.ask<AuthAnswer>(
          Operation.Auth,
          token,
          ({ code, expires_ms }) => code === 0 ? this.#expiresIn(expires_ms) : again(),
        );
      } catch {
        again();
      }
    });
  }

  #message(frame: TextFrame): void {
    if (this.isOpen) this.#isAlive();
    const { op, seq, body } = frame;
    const question = `${op}/${seq}`;
    const answered = this.#answers.get(question);
    if (frame.room !== undefined) this.owner.pushed(frame);
    else if (op === Operation.Notice) this.owner.noticed(body as Notice);
    else if (answered) {
      this.#answers.delete(question);
      answered(body as never);
      this.owner.answered();
    } else if (op !== Operation.HeartbeatReply) this.owner.pushed(frame);
  }
}
