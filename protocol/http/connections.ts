import type { Clock, TimerHandle } from "../../base/clock.ts";
import { type HttpConnection, HttpState } from "./connection.ts";
import type { HttpCounters } from "./counters.ts";
import { HttpLimits } from "./limits.ts";

/**
 * Which connections make room for a new one, those with the least rank first; none that the handler
 * has a request of.
 */
function rank({ state, sinceMs }: HttpConnection, nowMs: number): number {
  switch (state) {
    case HttpState.closing:
    case HttpState.idle:
      return nowMs - sinceMs >= HttpLimits.reuseMs ? 0 : 3;
    case HttpState.head:
      return 1;
    case HttpState.body:
      return 2;
    default:
      return Infinity;
  }
}

/** The connections of an HTTP server: how many there may be, and how long each may take. */
export class HttpConnections {
  readonly #all = new Set<HttpConnection>();
  /** Each looks whether what someone waits for is so. */
  readonly #looks = new Set<() => void>();
  /** Bytes of requests that are held. */
  #heldBytes = 0;
  #sweeps: TimerHandle | undefined;

  /**
   * @param connectionsMax Most connections at once.
   * @param refuse Answers 408 to a request that did not come in time, and ends its connection.
   */
  constructor(
    public connectionsMax: number,
    private readonly clock: Clock,
    private readonly counters: HttpCounters,
    private readonly refuse: (connection: HttpConnection) => void,
  ) {}

  get size(): number {
    return this.#all.size;
  }

  [Symbol.iterator](): Iterator<HttpConnection> {
    return this.#all.values();
  }

  /**
   * Takes a connection in. When there are too many, the one that has waited longest for its peer
   * makes room.
   *
   * @returns Whether there was room: otherwise all the others have a request under way.
   */
  add(connection: HttpConnection): boolean {
    const hasRoom = this.#all.size < this.connectionsMax || this.#makeRoom();
    this.#all.add(connection);
    this.counters.accepted++;
    this.#sweeps ??= this.clock.setInterval(this.#sweep, HttpLimits.sweepMs);
    return hasRoom;
  }

  /** The connection is over, whoever ended it. */
  remove(connection: HttpConnection): void {
    connection.state = HttpState.closed;
    this.hold(connection, 0);
    this.#all.delete(connection);
    if (this.#all.size === 0) {
      this.clock.cancel(this.#sweeps);
      this.#sweeps = undefined;
    }
    this.look();
  }

  /**
   * Counts the bytes of requests that a connection holds now.
   *
   * @returns Whether it may: long ones may not while all together are at their limit.
   */
  hold(connection: HttpConnection, bytes: number): boolean {
    this.#heldBytes += bytes - connection.heldBytes;
    connection.heldBytes = bytes;
    return this.#heldBytes <= HttpLimits.requestsBytesMax || bytes <= HttpLimits.shortRequestBytes;
  }

  /** Settles when something is so, at the latest after `HttpLimits.closeMsMax`. */
  async until(isSo: () => boolean): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const late = this.clock.setTimeout(resolve, HttpLimits.closeMsMax);
    const look = () => {
      if (isSo()) resolve();
    };
    this.#looks.add(look);
    look();
    await promise;
    this.#looks.delete(look);
    this.clock.cancel(late);
  }

  /** Something may be as someone waits for it. */
  look(): void {
    for (const look of this.#looks) look();
  }

  #makeRoom(): boolean {
    const nowMs = this.clock.monotonicMs();
    let least: HttpConnection | undefined;
    let leastRank = Infinity;
    for (const connection of this.#all) {
      const its = rank(connection, nowMs);
      if (its > leastRank || its === Infinity) continue;
      if (its === leastRank && connection.sinceMs >= least!.sinceMs) continue;
      least = connection;
      leastRank = its;
    }
    if (least === undefined) return false;
    this.counters.madeRoom++;
    least.conn.evict();
    return true;
  }

  /** Ends what is overdue. */
  #sweep = (): void => {
    const nowMs = this.clock.monotonicMs();
    for (const connection of this.#all) this.#check(connection, nowMs);
  };

  #check(connection: HttpConnection, nowMs: number): void {
    const { counters } = this;
    const ageMs = nowMs - connection.sinceMs;
    switch (connection.state) {
      case HttpState.idle:
        if (connection.isUnread) return this.#checkUnread(connection, ageMs);
        if (ageMs < HttpLimits.idleMsMax) return;
        counters.idleTimeouts++;
        return connection.finish(nowMs);
      case HttpState.head:
        if (ageMs < HttpLimits.headMsMax) return;
        counters.headTimeouts++;
        if (connection.parser.isBetween) return connection.finish(nowMs);
        return this.refuse(connection);
      case HttpState.body:
        if (ageMs < HttpLimits.bodyMsMax) return;
        counters.bodyTimeouts++;
        return this.refuse(connection);
      case HttpState.closing:
        if (connection.isUnread) return this.#checkUnread(connection, ageMs);
        if (ageMs >= HttpLimits.closeMsMax) connection.conn.evict();
    }
  }

  #checkUnread(connection: HttpConnection, ageMs: number): void {
    if (ageMs < HttpLimits.answerMsMax) return;
    this.counters.answerTimeouts++;
    connection.conn.evict();
  }
}
