import { getLogger } from "@logtape/logtape";
import type { Clock } from "../../base/clock.ts";
import type { Conn, ConnHandler } from "../../platform/port.ts";
import { CONTINUE, encodeAnswer, encodeRefusal, HttpDate } from "./answer.ts";
import { HttpConnection, HttpState } from "./connection.ts";
import { HttpConnections } from "./connections.ts";
import { HttpCounters } from "./counters.ts";
import { HttpLimits } from "./limits.ts";
import { type HttpFetch, HttpRequest } from "./request.ts";
import type { ParsedRequest } from "./request_parser.ts";
import { HttpError } from "./status.ts";

const log = getLogger(["halley", "http"]);

type ServerConn = Conn<HttpConnection>;

/** How requests are taken and answered. */
export interface ExchangeOptions {
  /** What connections' deadlines are judged by: the time in which this process ran. */
  readonly clock: Clock;
  readonly fetch: HttpFetch;
  /** Most connections at once. */
  readonly connectionsMax: number;
  /** The longest body of a request, in bytes. */
  readonly bodyBytesMax: number;
  /** Where to count. */
  readonly counters?: HttpCounters;
}

/** Requests and their answers, one after the other on each connection. */
export class Exchanges implements ConnHandler<HttpConnection> {
  readonly connections: HttpConnections;
  readonly counters: HttpCounters;
  readonly #options: ExchangeOptions;
  readonly #clock: Clock;
  readonly #date: HttpDate;
  /** Requests that the handler has. */
  #handling = 0;
  #isStopping = false;
  #isQuiescing = false;

  constructor(options: ExchangeOptions) {
    const { clock, connectionsMax, counters = new HttpCounters() } = options;
    this.#options = options;
    this.counters = counters;
    this.#clock = clock;
    this.#date = new HttpDate(clock);
    const late = new HttpError(408, "request must arrive in time");
    this.connections = new HttpConnections(
      connectionsMax,
      clock,
      counters,
      (connection) => this.#refuse(connection, late),
    );
  }

  open(conn: ServerConn): void {
    const nowMs = this.#clock.monotonicMs();
    const connection = new HttpConnection(conn, nowMs, this.#options.bodyBytesMax);
    conn.context = connection;
    const hasRoom = this.connections.add(connection);
    if (this.#isStopping) return connection.finish(nowMs);
    if (hasRoom) return;
    this.counters.refusedFull++;
    this.#refuse(connection, new HttpError(503, "too many connections"));
  }

  data({ context: connection }: ServerConn, chunk: Uint8Array): void {
    if (connection.state >= HttpState.closing) return;
    const mustWait = connection.state === HttpState.handling || connection.rest !== null ||
      connection.isBlocked;
    if (mustWait) return this.#keep(connection, chunk);
    const taken = this.#parse(connection, chunk);
    if (taken < 0) return;
    if (taken < chunk.length) connection.keep(chunk.subarray(taken));
    this.#take(connection);
  }

  drain({ context: connection }: ServerConn): void {
    const { state } = connection;
    if (state !== HttpState.idle && state !== HttpState.closing) return;
    connection.sinceMs = this.#clock.monotonicMs();
    if (state === HttpState.idle) this.#goOn(connection);
  }

  end({ context: connection }: ServerConn): void {
    connection.peerEnded = true;
    if (connection.state >= HttpState.handling || connection.rest !== null) return;
    connection.finish(this.#clock.monotonicMs());
  }

  close({ context: connection }: ServerConn): void {
    this.connections.remove(connection);
  }

  /** See {@linkcode HttpServer.quiesce}. */
  quiesce(): Promise<void> {
    this.#isQuiescing = true;
    return this.connections.until(() => this.#handling === 0);
  }

  /** Ends every connection, and settles when they are gone. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    const nowMs = this.#clock.monotonicMs();
    for (const connection of this.connections) {
      if (connection.state > HttpState.head) continue;
      const hasRead = !connection.isUnread && nowMs - connection.sinceMs > HttpLimits.closeMsMax;
      connection.finish(nowMs);
      if (hasRead) connection.conn.evict();
    }
    await this.connections.until(() => this.connections.size === 0);
    for (const { conn } of this.connections) conn.evict();
  }

  /** Keeps what comes too early, unless there is too much of that. */
  #keep(connection: HttpConnection, bytes: Uint8Array): void {
    connection.keep(bytes);
    if (this.connections.hold(connection, connection.heldBytes + bytes.length)) return;
    this.counters.refusedLong++;
    // Whatever is said now would be taken for the answer to the request under way.
    connection.conn.evict();
  }

  /** @returns How many of the bytes were taken; -1 when the connection ends for them. */
  #parse(connection: HttpConnection, bytes: Uint8Array): number {
    try {
      return connection.parser.push(bytes);
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      this.counters.malformed++;
      this.#refuse(connection, error);
      return -1;
    }
  }

  /** Hands the request over, or waits for what is missing. */
  #take(connection: HttpConnection): void {
    const { parser } = connection;
    if (!this.connections.hold(connection, connection.unhandledBytes)) {
      this.counters.refusedLong++;
      return this.#refuse(connection, new HttpError(503, "too many long requests at once"));
    }
    if (parser.isComplete) void this.#handle(connection, parser.take());
    else this.#wait(connection);
  }

  /** A request is not whole yet. */
  #wait(connection: HttpConnection): void {
    const { head, isBetween } = connection.parser;
    const nowMs = this.#clock.monotonicMs();
    if (connection.peerEnded) return connection.finish(nowMs);
    if (head !== undefined) {
      if (connection.state === HttpState.body) return;
      connection.enter(HttpState.body, nowMs);
      if (head.expectsContinue) connection.conn.write(CONTINUE);
    } else if (connection.state === HttpState.idle && !isBetween) {
      connection.enter(HttpState.head, nowMs);
    }
  }

  async #handle(connection: HttpConnection, request: ParsedRequest): Promise<void> {
    this.counters.requests++;
    if (this.#isQuiescing) {
      this.counters.refusedStopping++;
      return this.#refuse(connection, new HttpError(503, "server stops"));
    }
    connection.state = HttpState.handling;
    this.#handling++;
    const { remoteAddress } = connection.conn;
    let response: Response, body: ArrayBuffer;
    try {
      // It has what handlers use.
      const fetched = new HttpRequest(request) as unknown as Request;
      response = await this.#options.fetch(fetched, { remoteAddress });
      body = await response.arrayBuffer();
    } catch (error) {
      this.#fault(request, error);
      response = Response.json({ code: -500, message: "server fault" }, { status: 500 });
      body = await response.arrayBuffer();
    }
    this.#handling--;
    if (connection.state === HttpState.handling) this.#answer(connection, request, response, body);
    this.connections.look();
  }

  #answer(
    connection: HttpConnection,
    { head }: ParsedRequest,
    response: Response,
    body: ArrayBuffer,
  ): void {
    this.connections.hold(connection, connection.unhandledBytes);
    const isLast = head.isLast || this.#isStopping ||
      response.headers.get("connection") === "close" ||
      (connection.peerEnded && connection.rest === null);
    const isHead = head.method === "HEAD";
    const answer = encodeAnswer(response, body, isHead, isLast, this.#date.text);
    for (const part of answer) connection.conn.write(part);
    const nowMs = this.#clock.monotonicMs();
    if (isLast) return connection.finish(nowMs);
    connection.enter(HttpState.idle, nowMs);
    this.#goOn(connection);
  }

  /** Looks at what came meanwhile, unless the peer has first to read. */
  #goOn(connection: HttpConnection): void {
    if (connection.rest === null || connection.isBlocked) return;
    const taken = this.#parse(connection, connection.rest);
    if (taken < 0) return;
    connection.dropRest(taken);
    this.#take(connection);
  }

  #refuse(connection: HttpConnection, error: HttpError): void {
    this.connections.hold(connection, 0);
    connection.conn.write(encodeRefusal(error, this.#date.text));
    connection.finish(this.#clock.monotonicMs());
  }

  #fault({ head: { method, target } }: ParsedRequest, error: unknown): void {
    this.counters.faults++;
    // The query may hold a key.
    const [path] = target.split("?", 1);
    log.error("{method} {path} failed: {error}", { method, path, error: String(error) });
  }
}
