/**
 * The RPC: calls in both directions over one connection between two processes. `dialer.ts` and
 * `listener.ts` make links, whose ends greet each other (`handshake.ts`, `frames.ts`) and agree on a
 * version. A link sends frames (`outbox.ts`), waits for answers (`pending_calls.ts`), answers calls
 * (`served_calls.ts`) and watches its peer (`liveness.ts`). What is called, and what bodies say, is
 * not known here: see `protocol/cluster/`.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import { assert } from "../base/assert.ts";
import type { Clock, TimerHandle } from "../base/clock.ts";
import { plainBuffers } from "../protocol/buffers.ts";
import { CloseCodes, ProtocolError } from "../protocol/close_codes.ts";
import { EMPTY, type Frame, type FrameSink } from "../protocol/frame.ts";
import { FrameSplitter } from "../protocol/splitter.ts";
import { type Caller, RpcError } from "../protocol/rpc.ts";
import { closeGracefully, type DataHandler, type RpcConn } from "./connection_set.ts";
import type { RpcCounters } from "./counters.ts";
import { decodeFailure, type Greeted, RpcOperation, type RpcPeer } from "./frames.ts";
import { Liveness } from "./liveness.ts";
import { RpcLimits } from "./limits.ts";
import { Outbox } from "./outbox.ts";
import { PendingCalls } from "./pending_calls.ts";
import { type Serve, ServedCalls } from "./served_calls.ts";

const log = getLogger(["halley", "rpc"]);

/** Answers the calls of peers. */
export interface RpcHandler {
  /**
   * Answers a call; what it throws, or rejects with, is thrown where the call was made.
   *
   * @param body Borrowed until the call returns its promise.
   * @returns The answer, which must never change afterwards.
   */
  call(link: RpcLink, method: number, body: Uint8Array): Uint8Array | Promise<Uint8Array>;
  /** A link is there: calls may be made over it. */
  opened?(link: RpcLink): void;
  /** A link is over; exactly once, before the `close` that led to it returns. */
  closed?(link: RpcLink): void;
}

/** What a link is made of. */
export interface RpcLinkDependencies extends Greeted {
  readonly conn: RpcConn;
  readonly clock: Clock;
  readonly handler: RpcHandler;
  /**
   * How long the peer may give no sign of life, in milliseconds; `Infinity` where the system tells
   * of its end, as on one machine. As in `RpcLimits` where nothing is said.
   */
  readonly silentMs?: number;
  readonly counters: RpcCounters;
  /** Told once that the link is over, and why. */
  readonly onClosed: (link: RpcLink, reason: string) => void;
}

/** Calls in both directions over one connection, whose ends know each other. */
export class RpcLink implements Caller, DataHandler {
  /** The owner's own. */
  context: unknown = undefined;
  /** Who the other end is. */
  readonly peer: RpcPeer;
  /** The version of frames and messages that both ends speak: whoever sends something newer asks. */
  readonly version: number;
  readonly #parts: RpcLinkDependencies;
  readonly #splitter = new FrameSplitter(plainBuffers, RpcLimits.bodyBytesMax);
  readonly #outbox: Outbox;
  readonly #calls = new PendingCalls();
  readonly #served: ServedCalls;
  readonly #liveness: Liveness;
  readonly #ticks: TimerHandle;
  #open = true;

  /** Becomes the owner of the connection. */
  constructor(parts: RpcLinkDependencies) {
    const { conn, peer, clock, handler, counters } = parts;
    this.#parts = parts;
    this.peer = peer;
    this.version = parts.version;
    this.#liveness = new Liveness(parts.silentMs);
    this.#outbox = new Outbox(conn, () => this.#lose("it does not read"));
    const serve: Serve = (method, body) => handler.call(this, method, body);
    this.#served = new ServedCalls(serve, this.#outbox, counters, clock);
    this.#ticks = clock.setInterval(() => this.#tick(), RpcLimits.tickMs);
    conn.context = this;
    counters.links++;
  }

  /** Whether calls can be made. */
  get open(): boolean {
    return this.#open;
  }

  /** Calls of this end that are under way. */
  get callsUnderWay(): number {
    return this.#calls.size;
  }

  /** Calls of the peer that are being answered. */
  get callsServed(): number {
    return this.#served.size;
  }

  call(
    method: number,
    body: Uint8Array,
    deadlineMs: number = RpcLimits.callMs,
  ): Promise<Uint8Array> {
    assert(method > 0, "a method's number is above 0");
    const { clock, counters } = this.#parts;
    const refusal = this.#refusal(method, body.length);
    if (refusal !== undefined) return Promise.reject(refusal);
    counters.calls++;
    const sequence = this.#calls.next();
    const answer = this.#calls.add(
      sequence,
      method,
      body.length,
      clock.monotonicMs() + deadlineMs,
    );
    this.#outbox.frame(method, sequence, body);
    return answer;
  }

  /**
   * Ends the link: calls under way fail at once, what was handed over is still sent. Nothing
   * happens when it is over already.
   */
  close(): void {
    this.#finish("closed by this end", false);
  }

  /** Tells the handler that the link is there. */
  start(): void {
    try {
      this.#parts.handler.opened?.(this);
    } catch (error) {
      log.error("the handler of a new link failed: {error}", { error });
      this.#finish("its handler failed", false);
    }
  }

  received(chunk: Uint8Array): void {
    try {
      this.#liveness.bytesCame();
      this.#served.turn();
      this.#splitter.push(chunk, this, RpcLink.#sink);
    } catch (error) {
      this.#lose((error as Error).message);
    }
  }

  peerEnded(): void {
    this.#finish("closed by the other end", true);
  }

  connClosed(): void {
    this.#finish("the connection was lost", true);
  }

  static readonly #sink: FrameSink<RpcLink> = {
    frame(link, frame) {
      link.#take(frame);
      return true;
    },
  };

  /** Why a call cannot be made. */
  #refusal(method: number, bytes: number): RpcError | undefined {
    const cannot = `Cannot call method ${method}`;
    if (!this.#open) return new RpcError("lost", true, `${cannot}: the link is closed`);
    if (bytes > RpcLimits.bodyBytesMax) {
      const must = `body must be at most ${RpcLimits.bodyBytesMax} bytes`;
      return new RpcError("bad-request", false, `${cannot}: ${must}, current length is ${bytes}`);
    }
    if (!this.#calls.isFull(bytes)) return undefined;
    this.#parts.counters.callsOverloaded++;
    return new RpcError("overloaded", true, `${cannot}: too many calls are under way`);
  }

  #take({ operation, sequence, body }: Frame): void {
    this.#liveness.frameCame(operation);
    if (operation > 0) return this.#served.serve(operation, sequence, body);
    switch (operation) {
      case RpcOperation.ok:
        // The body is borrowed, and the caller gets to it in a later microtask.
        return this.#answered(this.#calls.resolve(sequence, body.slice()));
      case RpcOperation.failure:
        return this.#answered(this.#calls.reject(sequence, decodeFailure(body)));
      case RpcOperation.ping:
        return this.#outbox.frame(RpcOperation.pong, sequence, EMPTY);
      case RpcOperation.pong:
        return;
    }
    throw new ProtocolError(
      CloseCodes.protocolError,
      `Cannot read frame: the operation is not known, current value is ${operation}`,
    );
  }

  #answered(wasUnderWay: boolean): void {
    if (!wasUnderWay) this.#parts.counters.lateAnswers++;
  }

  #tick(): void {
    const { clock, conn, counters } = this.#parts;
    counters.timeouts += this.#calls.expire(clock.monotonicMs());
    const verdict = this.#liveness.tick(this.#outbox.takenBytes, conn.pendingBytes);
    if (verdict === "silent") this.#lose("it gives no sign of life");
    else if (verdict === "ask") this.#outbox.frame(RpcOperation.ping, 0, EMPTY);
  }

  /** Gives the peer up for what it does. */
  #lose(reason: string): void {
    if (!this.#open) return;
    const { role, id } = this.peer;
    log.warn("closes its link to {role} {id}: {reason}", { role, id, reason });
    this.#finish(reason, true);
  }

  #finish(reason: string, atOnce: boolean): void {
    if (!this.#open) return;
    this.#open = false;
    // What the peer asked before it went is still done.
    if (atOnce) this.#served.finish();
    else this.#served.drop();
    const { conn, clock, handler, counters, onClosed } = this.#parts;
    counters.linksClosed++;
    clock.cancel(this.#ticks);
    this.#splitter.close();
    if (!atOnce) this.#outbox.flush();
    this.#outbox.close();
    if (atOnce) conn.evict();
    else closeGracefully(conn, clock);
    this.#calls.lose(reason);
    try {
      handler.closed?.(this);
    } catch (error) {
      log.error("the handler of a closed link failed: {error}", { error });
    }
    onClosed(this, reason);
  }
}
