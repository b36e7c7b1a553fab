import type { Clock, TimerHandle } from "../base/clock.ts";
import type { Conn, ConnHandler } from "../platform/port.ts";
import { RpcLimits } from "./limits.ts";

/** Who owns a connection at the moment: its handshake, its link, or who waits for its end. */
export interface DataHandler {
  /** Bytes have come. @param chunk Borrowed until the call returns. */
  received(chunk: Uint8Array): void;
  /** The peer has said end of stream. */
  peerEnded(): void;
  /** The connection is over. */
  connClosed(): void;
}

/** A connection of the RPC. */
export type RpcConn = Conn<DataHandler>;

/** Hands what connections tell to their owners, and knows which connections there are. */
export class ConnectionSet implements ConnHandler<DataHandler> {
  readonly #open = new Set<RpcConn>();
  readonly #opened: (conn: RpcConn) => void;
  #waiting: (() => void)[] = [];

  /** @param opened Gives a new connection its first owner, as its context, or closes it. */
  constructor(opened: (conn: RpcConn) => void) {
    this.#opened = opened;
  }

  /** Settles when no connection is there. */
  none(): Promise<void> {
    if (this.#open.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  open(conn: RpcConn): void {
    this.#open.add(conn);
    this.#opened(conn);
  }

  data(conn: RpcConn, chunk: Uint8Array): void {
    conn.context.received(chunk);
  }

  drain(): void {}

  end(conn: RpcConn): void {
    conn.context.peerEnded();
  }

  close(conn: RpcConn): void {
    this.#open.delete(conn);
    // One that was closed at once never had an owner.
    (conn.context as DataHandler | undefined)?.connClosed();
    if (this.#open.size > 0) return;
    for (const resolve of this.#waiting) resolve();
    this.#waiting = [];
  }
}

/** Takes a connection over and ends it: what is queued is sent, in the little time that there is. */
export function closeGracefully(conn: RpcConn, clock: Clock): void {
  conn.context = new ClosingConnection(
    clock,
    clock.setTimeout(() => conn.evict(), RpcLimits.lingerMs),
  );
  conn.end();
}

/** A connection that was ended, whose peer has not closed it. */
class ClosingConnection implements DataHandler {
  constructor(private readonly clock: Clock, private readonly timer: TimerHandle) {}

  received(): void {}

  peerEnded(): void {}

  connClosed(): void {
    this.clock.cancel(this.timer);
  }
}
