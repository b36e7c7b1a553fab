import { Addresses } from "./addresses.ts";
import { Connection, type ConnectionOwner, type TextFrame } from "./connection.ts";
import type { Environment } from "./environment.ts";
import type { Notice } from "./rooms.ts";
import type { ClientOptions, ClientState, ClientStateEvent, Token } from "./types.ts";

/** Codes of a close after which another try meets the same answer; the application's own are beyond 4099. */
const finalCodes = /^(1000|1002|1007|1009|4001|4004|4005|4008|4010|4014|4[1-9]..)$/;

const AUTH_FAILED = 4001;
const REPLACED = 4004;

/** How long the token and the address may take together, in milliseconds. */
const PREPARE_MS_MAX = 10_000;

/** After how long a connection has not failed, in milliseconds. */
const STABLE_MS = 2_000;

/** Who has one connection after the other. */
export interface ConnectorOwner extends Pick<ConnectionOwner, "pushed" | "answered"> {
  /** The server has let the client in, over another connection than before. */
  opened(connection: Connection): void;
  noticed(notice: Notice): void;
  /** There is no connection any more, or not yet the next. */
  dropped(): void;
  changed(event: ClientStateEvent): void;
}

/** Connects, comes back, and goes from one server to the next. */
export class Connector implements ConnectionOwner {
  state: ClientState = "connecting";
  readonly #addresses: Addresses;
  #connection: Connection | undefined;
  /** What is to take its place, whose server goes; until it is open both are there. */
  #successor: Connection | undefined;
  /** Ends what was begun for a connection that is not wanted any more. */
  #attempt = new AbortController();
  /** How many failed one after the other. */
  #failures = 0;
  /** How many failed to take the place of the present one. */
  #moves = 0;
  /** Whether nobody else has the latest token's key. */
  #isKeyOwn = false;
  /** Whether the server has refused the latest token. */
  #refused = false;
  /** What the server said of the close that follows. */
  #closing: Notice | undefined;
  #cancelTimer = () => {};

  /**
   * @param ownKey Of a token that names nobody.
   * @throws {TypeError} When a URL is none, or there is none.
   */
  constructor(
    private readonly environment: Environment,
    private readonly owner: ConnectorOwner,
    urls: readonly string[],
    private readonly options: ClientOptions,
    private readonly ownKey: string,
  ) {
    this.#addresses = new Addresses(environment, urls);
    environment.onNetwork((isOnline) => {
      if (!isOnline) this.#connection?.probe();
      else if (this.state === "waiting" || this.#connection) this.connect();
    });
  }

  /** The one that the server has let in. */
  get open(): Connection | undefined {
    return this.#connection?.isOpen ? this.#connection : undefined;
  }

  /** Begins a connection, in place of what there is. */
  async connect(): Promise<void> {
    this.#drop();
    if (this.state === "closed") return;
    this.#say({ state: "connecting" });
    await this.#dial(
      (connection) => this.#connection = connection,
      (reason) => this.#wait(undefined, reason),
    );
  }

  /** Ends it for good. */
  close(event: ClientStateEvent): void {
    if (this.state === "closed") return;
    this.#connection?.close();
    this.#say(event);
    this.#drop();
    this.environment.close();
  }

  opened(connection: Connection): void {
    if (connection === this.#successor) this.#succeed();
    if (this.state === "closed") return;
    this.#refused = false;
    this.#moves = 0;
    this.#after(STABLE_MS, () => this.#failures = 0);
    this.owner.opened(connection);
    // Now: whoever hears it may join rooms.
    this.#say({ state: "connected" });
  }

  pushed(frame: TextFrame): void {
    this.owner.pushed(frame);
  }

  answered(): void {
    this.owner.answered();
  }

  freshToken(): Promise<string> | undefined {
    return typeof this.options.token === "function" ? this.#token() : undefined;
  }

  noticed(notice: Notice): void {
    const { type, delay_ms = 0 } = notice;
    if (type === "closing") this.#closing = notice;
    else if (type === "moving") this.#move(delay_ms);
    else this.owner.noticed(notice);
  }

  ended(connection: Connection, code?: number, reason?: string): void {
    const isFinal = finalCodes.test(`${code}`);
    if (connection === this.#successor) {
      this.#successor = undefined;
      // There may be room for it once the present one has gone.
      return isFinal ? void this.connect() : this.#move();
    }
    if (code === AUTH_FAILED && typeof this.options.token === "function" && !this.#refused) {
      this.#refused = true;
      return void this.connect();
    }
    // What replaced it is then a connection of its own: one that came late, or its successor.
    const isOwn = this.#isKeyOwn || this.#successor !== undefined;
    const reconnect = !isFinal || (code === REPLACED && isOwn);
    const closing = this.#closing ?? { code, reason, reconnect };
    if (this.#successor && closing.reconnect) return this.#succeed();
    if (closing.reconnect) this.#wait(closing.code, closing.reason);
    else this.close({ state: "closed", code: closing.code, reason: closing.reason });
  }

  /** How long to wait, in milliseconds: all of it is chance, so that those who fail together do not return so. */
  backoffMs(attempt: number): number {
    const { baseMs = 500, maxMs = 20_000 } = this.options.backoff ?? {};
    return this.environment.random() * Math.min(maxMs, baseMs * 2 ** Math.min(attempt, 30));
  }

  /** @param use Takes the connection, unless another attempt is made before there is one. */
  async #dial(use: (begun: Connection) => void, failed: (reason: string) => void): Promise<void> {
    const { signal } = this.#attempt = new AbortController();
    this.#after(PREPARE_MS_MAX, () => failed("no token or no address in time"));
    try {
      const token = await this.#token();
      const url = await this.#addresses.next(signal, this.#failures + this.#moves);
      if (signal.aborted) return;
      this.#cancelTimer();
      use(new Connection(this.environment, this, url, token, this.options.heartbeatMs));
    } catch (error) {
      if (!signal.aborted) failed(`${error}`);
    }
  }

  /**
   * Goes to another server, and stays with the present one until it is in there.
   *
   * @param delayMs Before it begins; a while where the last try failed.
   */
  #move(delayMs = this.backoffMs(++this.#moves)): void {
    this.#attempt.abort();
    this.#failures = 0;
    this.#after(delayMs, () => {
      this.#successor?.close();
      void this.#dial((connection) => this.#successor = connection, () => this.#move());
    });
  }

  /** The successor takes the place of the connection, whose last words do not count. */
  #succeed(): void {
    const successor = this.#successor!;
    this.#successor = undefined;
    this.#drop();
    if (this.state === "closed") return successor.close();
    this.#connection = successor;
    if (!successor.isOpen) this.#say({ state: "connecting" });
  }

  /** JSON text of what the server is told. */
  async #token(): Promise<string> {
    const { token: given = {} } = this.options;
    const token: Token = typeof given === "function"
      ? await given({ refused: this.#refused })
      : given;
    if (typeof token === "string") return JSON.stringify(token);
    // Every room is joined by its key; that of a signed token would come without one before.
    const room_id = token.token === undefined ? undefined : "";
    // Where there is no mid the server knows by the key who says something again.
    this.#isKeyOwn = Number(token.mid ?? 0) === 0 && !token.key && !token.token;
    const key = this.#isKeyOwn ? this.ownKey : token.key;
    return JSON.stringify(
      { room_id, ...token, key, features: ["rooms", "notices"] },
      // JSON has no bigint; the server takes digits.
      (_, value) => typeof value === "bigint" ? `${value}` : value,
    );
  }

  #wait(code?: number, reason?: string): void {
    this.#drop();
    if (this.state === "closed") return;
    const retryMs = this.backoffMs(this.#failures++);
    this.#after(retryMs, () => this.connect());
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
    this.#successor?.close();
    this.#connection = this.#successor = undefined;
    this.owner.dropped();
  }

  #say(event: ClientStateEvent): void {
    if (event.state === this.state) return;
    this.state = event.state;
    this.owner.changed(event);
  }
}
