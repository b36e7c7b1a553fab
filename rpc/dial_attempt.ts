import type { Clock, TimerHandle } from "../base/clock.ts";
import type { Address, Streams } from "../platform/port.ts";
import { encodeFrame, type Frame } from "../protocol/frame.ts";
import { ConnectionSet, type RpcConn } from "./connection_set.ts";
import type { RpcCounters } from "./counters.ts";
import { decodeFailure, decodeHello, RpcOperation, type RpcPeer } from "./frames.ts";
import { Handshake, type HandshakeOwner } from "./handshake.ts";
import { RpcLimits } from "./limits.ts";
import { type RpcHandler, RpcLink } from "./link.ts";
import { RpcError } from "../protocol/rpc.ts";

/** What a try needs. */
export interface DialAttemptDependencies {
  readonly streams: Streams;
  readonly address: Address;
  readonly clock: Clock;
  readonly handler: RpcHandler;
  /** As for {@linkcode RpcLinkDependencies}. */
  readonly silentMs?: number;
  readonly counters: RpcCounters;
  /** Who this end is. */
  readonly self: RpcPeer;
  /** Body of the first frame. */
  readonly hello: Uint8Array;
  /** The link is there, before its handler learns of it. */
  readonly onLink: (link: RpcLink) => void;
  /** Told once that no link comes of it, or that its link is over, and why. */
  readonly onOver: (error: Error) => void;
}

/** One try at a link: dials, says hello and waits for the answer, all within one deadline. */
export class DialAttempt implements HandshakeOwner {
  readonly #parts: DialAttemptDependencies;
  readonly #conns = new ConnectionSet((conn) => this.#opened(conn));
  readonly #timer: TimerHandle;
  #link: RpcLink | undefined;
  #conn: RpcConn | undefined;
  #over = false;

  constructor(parts: DialAttemptDependencies) {
    this.#parts = parts;
    const { clock, streams, address } = parts;
    const timeout = new RpcError("timeout", true, "nobody answers");
    this.#timer = clock.setTimeout(() => this.#finish(timeout), RpcLimits.helloMs);
    streams.dial({
      ...address,
      pendingBytesMax: RpcLimits.pendingBytesMax,
      handler: this.#conns,
    }).catch((error) => this.#finish(error));
  }

  /** Gives up; the connection, if there is one, sends what was handed over. */
  cancel(): void {
    if (this.#link !== undefined) this.#link.close();
    else this.#finish(new RpcError("lost", true, "given up"));
  }

  /** Settles when its connection is gone. */
  gone(): Promise<void> {
    return this.#conns.none();
  }

  completed(conn: RpcConn, { operation, body }: Frame): void {
    if (operation === RpcOperation.failure) throw decodeFailure(body);
    if (operation !== RpcOperation.ok) {
      throw new RpcError("bad-request", false, "the first frame does not answer the hello");
    }
    const { clock, handler, silentMs, counters, onLink, self } = this.#parts;
    const greeted = decodeHello(body, self, "");
    const onClosed = (_: RpcLink, reason: string) => {
      this.#finish(new RpcError("lost", true, reason));
    };
    clock.cancel(this.#timer);
    this.#link = new RpcLink({ conn, ...greeted, clock, handler, silentMs, counters, onClosed });
    onLink(this.#link);
    this.#link.start();
  }

  failed(_: RpcConn, error: Error): void {
    this.#finish(error);
  }

  #opened(conn: RpcConn): void {
    // Too late: nobody waits for it any more.
    if (this.#over) return conn.evict();
    this.#conn = conn;
    new Handshake(conn, this.#parts.clock, this);
    conn.write(encodeFrame(RpcOperation.hello, 0, this.#parts.hello));
  }

  #finish(error: Error): void {
    if (this.#over) return;
    this.#over = true;
    this.#parts.clock.cancel(this.#timer);
    if (this.#link === undefined) this.#conn?.evict();
    this.#parts.onOver(error);
  }
}
