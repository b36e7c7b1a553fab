import type { Clock, TimerHandle } from "../base/clock.ts";
import type { DataHandler, RpcConn } from "./connection_set.ts";
import { RpcLimits } from "./limits.ts";

/** Ends a connection: what is queued is sent, but the peer does not get long to take it. */
export class Farewell implements DataHandler {
  readonly #clock: Clock;
  readonly #timer: TimerHandle;

  private constructor(conn: RpcConn, clock: Clock) {
    this.#clock = clock;
    this.#timer = clock.setTimeout(() => conn.evict(), RpcLimits.lingerMs);
  }

  /** Takes a connection over and ends it. */
  static say(conn: RpcConn, clock: Clock): void {
    conn.context = new Farewell(conn, clock);
    conn.end();
  }

  received(): void {}

  peerEnded(): void {}

  connClosed(): void {
    this.#clock.cancel(this.#timer);
  }
}
