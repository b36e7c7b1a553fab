import type { Conn } from "../../platform/port.ts";
import { HttpLimits } from "./limits.ts";
import { RequestParser } from "./request_parser.ts";

/** What a connection is doing. */
export const HttpState = {
  /** Nothing of a next request has come. */
  idle: 0,
  /** A head is on its way, or the first one is awaited. */
  head: 1,
  /** A body is on its way. */
  body: 2,
  /** The handler has a request. */
  handling: 3,
  /** The last answer is out; the peer is to end its side. */
  closing: 4,
  closed: 5,
} as const;
export type HttpState = typeof HttpState[keyof typeof HttpState];

/** One connection of an HTTP server. Plain fields: a request changes several of them. */
export class HttpConnection {
  readonly parser: RequestParser;
  state: HttpState = HttpState.head;
  /** What came behind a request that is not answered yet; nothing is read meanwhile. */
  rest: Uint8Array | null = null;
  /** Bytes of requests that are held, as they are counted over all connections. */
  heldBytes = 0;
  /** Whether the peer has ended its side: what it has sent is still answered. */
  peerEnded = false;

  /**
   * @param sinceMs When the state began, on a monotonic clock.
   * @param bodyBytesMax The longest body, in bytes.
   */
  constructor(readonly conn: Conn<HttpConnection>, public sinceMs: number, bodyBytesMax: number) {
    this.parser = new RequestParser(bodyBytesMax);
  }

  /** Whether answers wait for the peer to read them. */
  get isUnread(): boolean {
    return this.conn.pendingBytes > 0;
  }

  /** Whether so much waits that the next request is not looked at; the connection's drain comes. */
  get isBlocked(): boolean {
    return this.conn.pendingBytes > HttpLimits.unreadBytesMax;
  }

  /** Bytes of requests that no handler has yet. */
  get unhandledBytes(): number {
    return this.parser.heldBytes + (this.rest === null ? 0 : this.rest.length);
  }

  enter(state: HttpState, nowMs: number): void {
    this.state = state;
    this.sinceMs = nowMs;
  }

  /** Keeps a copy of bytes for later, and has the kernel hold back what follows. */
  keep(bytes: Uint8Array): void {
    const { rest } = this;
    if (rest === null) {
      this.rest = bytes.slice();
      this.conn.pause();
      return;
    }
    this.rest = new Uint8Array(rest.length + bytes.length);
    this.rest.set(rest);
    this.rest.set(bytes, rest.length);
  }

  /** Drops the first bytes of what was kept; when nothing is left, more is read. */
  dropRest(count: number): void {
    if (this.rest === null) return;
    if (count < this.rest.length) {
      this.rest = this.rest.subarray(count);
    } else {
      this.rest = null;
      this.conn.resume();
    }
  }

  /** Says end of stream; what still comes is dropped until the peer ends, too. */
  finish(nowMs: number): void {
    this.enter(HttpState.closing, nowMs);
    this.parser.close();
    this.conn.end();
    this.dropRest(Infinity);
  }
}
