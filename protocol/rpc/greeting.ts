import type { Clock, TimerHandle } from "../../base/clock.ts";
import type { Frame, FrameSink } from "../frame.ts";
import { plainBuffers } from "../buffers.ts";
import { FrameSplitter } from "../splitter.ts";
import type { Receiver, RpcConn } from "./conns.ts";
import { RpcLimits } from "./limits.ts";
import { RpcError } from "./rpc_error.ts";

/** What is to become of a connection that is being greeted; exactly one of the two comes, once. */
export interface GreetingOwner {
  /**
   * The first frame has come: gives the connection its next owner, who gets what follows.
   *
   * @param frame Borrowed until the call returns.
   * @throws {Error} When it cannot be right; then `failed` is called.
   */
  greeted(conn: RpcConn, frame: Frame): void;
  /** No link comes of this connection, which is still to be closed, if it is not. */
  failed(conn: RpcConn, error: Error): void;
}

/** Waits for the first frame of a connection, which must be short and come in time. */
export class Greeting implements Receiver {
  readonly #conn: RpcConn;
  readonly #clock: Clock;
  readonly #owner: GreetingOwner;
  readonly #splitter = new FrameSplitter(plainBuffers, RpcLimits.helloBytesMax);
  readonly #timer: TimerHandle;
  #greeted = false;
  #over = false;

  /** Becomes the owner of a connection. */
  constructor(conn: RpcConn, clock: Clock, owner: GreetingOwner) {
    this.#conn = conn;
    this.#clock = clock;
    this.#owner = owner;
    conn.context = this;
    this.#timer = clock.setTimeout(
      () => this.#fail(new RpcError("timeout", true, "no hello came in time")),
      RpcLimits.helloMs,
    );
  }

  received(chunk: Uint8Array): void {
    if (this.#over) return;
    let consumed: number;
    try {
      consumed = this.#splitter.push(chunk, this, Greeting.#sink);
    } catch (error) {
      return this.#fail(error as Error);
    }
    if (this.#greeted && consumed < chunk.length) {
      this.#conn.context.received(chunk.subarray(consumed));
    }
  }

  peerEnded(): void {
    this.#fail(new RpcError("lost", true, "the peer closed the connection before hello"));
  }

  connClosed(): void {
    this.#fail(new RpcError("lost", true, "the connection was closed before hello"));
  }

  static readonly #sink: FrameSink<Greeting> = {
    frame(greeting, frame) {
      greeting.#owner.greeted(greeting.#conn, frame);
      greeting.#greeted = true;
      greeting.#finish();
      return false;
    },
  };

  #fail(error: Error): void {
    if (this.#over) return;
    this.#finish();
    this.#owner.failed(this.#conn, error);
  }

  #finish(): void {
    this.#over = true;
    this.#clock.cancel(this.#timer);
    this.#splitter.close();
  }
}
