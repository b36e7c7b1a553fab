import type { Clock, TimerHandle } from "../base/clock.ts";
import type { Frame, FrameSink } from "../protocol/frame.ts";
import { plainBuffers } from "../protocol/buffers.ts";
import { FrameSplitter } from "../protocol/splitter.ts";
import type { DataHandler, RpcConn } from "./connection_set.ts";
import { RpcLimits } from "./limits.ts";
import { RpcError } from "../protocol/rpc.ts";

/** What is to become of a connection whose handshake is under way; exactly one of the two comes, once. */
export interface HandshakeOwner {
  /**
   * The first frame has come: gives the connection its next owner, who gets what follows.
   *
   * @param frame Borrowed until the call returns.
   * @throws {Error} When it cannot be right; then `failed` is called.
   */
  completed(conn: RpcConn, frame: Frame): void;
  /** No link comes of this connection, which is still to be closed, if it is not. */
  failed(conn: RpcConn, error: Error): void;
}

/** Waits for the first frame of a connection, which must be short and come in time. */
export class Handshake implements DataHandler {
  readonly #conn: RpcConn;
  readonly #clock: Clock;
  readonly #owner: HandshakeOwner;
  readonly #splitter = new FrameSplitter(plainBuffers, RpcLimits.helloBytesMax);
  readonly #timer: TimerHandle;
  #completed = false;
  #over = false;

  /** Becomes the owner of a connection. */
  constructor(conn: RpcConn, clock: Clock, owner: HandshakeOwner) {
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
      consumed = this.#splitter.push(chunk, this, Handshake.#sink);
    } catch (error) {
      return this.#fail(error as Error);
    }
    if (this.#completed && consumed < chunk.length) {
      this.#conn.context.received(chunk.subarray(consumed));
    }
  }

  peerEnded(): void {
    this.#fail(new RpcError("lost", true, "the peer closed the connection before hello"));
  }

  connClosed(): void {
    this.#fail(new RpcError("lost", true, "the connection was closed before hello"));
  }

  static readonly #sink: FrameSink<Handshake> = {
    frame(handshake, frame) {
      handshake.#owner.completed(handshake.#conn, frame);
      handshake.#completed = true;
      handshake.#finish();
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
