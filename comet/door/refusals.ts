import type { Clock } from "../../base/clock.ts";
import type { Conn } from "../../platform/port.ts";
import { Limits } from "../../protocol/limits.ts";
import type { CometCounters } from "../counters.ts";
import type { CometOptions } from "../options.ts";

/** How long whoever is turned away has to read why, in milliseconds. */
export const REFUSAL_MS = 2_000;

/** How many are told, and as many closed, in a turn of the event loop: some 2 ms of one core each. */
export const TURN_REFUSALS_MAX = 64;

/** How many may be told at once depends on who is in. */
interface Connections {
  readonly options: Pick<CometOptions, "refusalsMax" | "connectionsMax">;
  readonly channels: { readonly size: number };
}

/**
 * Connections that are turned away, while they are told why. A socket that is closed with something
 * unread in it is reset, and its peer may never see the last words; so each is only ended, and what
 * it still sends is dropped until it has ended its side, for a while. A crowd is told a few in each
 * turn of the event loop, so that those who are in do not wait for it.
 */
export class Refusals<Context> {
  /** Until when each may take, on the monotonic clock; the oldest first. */
  readonly #told = new Map<Conn<Context>, number>();
  /** What encodes the words of each that is told in a later turn; the oldest first. */
  readonly #waiting = new Map<Conn<Context>, () => Uint8Array>();
  /** How many were told in this turn. */
  #spoken = 0;
  /** Whether some of those that have had their time wait for a later turn. */
  #isClosing = false;

  constructor(
    private readonly connections: Connections,
    private readonly clock: Clock,
    private readonly counters: CometCounters,
  ) {}

  /** Connections that are being told. */
  get size(): number {
    return this.#told.size + this.#waiting.size;
  }

  /** Of these, how many are in places that are free for connections: three quarters of them at most. */
  get placesTaken(): number {
    return Math.max(0, this.size - this.connections.options.refusalsMax);
  }

  /**
   * Ends a connection that has no channel.
   *
   * @param words Encodes what it is told.
   */
  tell(conn: Conn<Context>, words: () => Uint8Array): void {
    const { options: { refusalsMax, connectionsMax }, channels } = this.connections;
    const free = Math.max(0, connectionsMax - channels.size);
    if (this.size >= refusalsMax + free - (free >> 2)) {
      this.counters.refusedUntold++;
      return conn.evict();
    }
    if (this.#spoken >= TURN_REFUSALS_MAX) this.#waiting.set(conn, words);
    else this.#say(conn, words);
  }

  /** Something has come from a connection that has no channel; nobody sends that much before auth. */
  received(conn: Conn<Context>, chunk: Uint8Array): void {
    if (chunk.length > Limits.upgradeHeadBytesMax) conn.evict();
  }

  /** A connection that had no channel is over. */
  closed(conn: Conn<Context>): void {
    this.#told.delete(conn);
    this.#waiting.delete(conn);
  }

  /** Closes those that have had their time, a few in each turn; to be called every tick. */
  tick(): void {
    if (!this.#isClosing) this.#closeLate();
  }

  #say(conn: Conn<Context>, words: () => Uint8Array): void {
    if (this.#spoken++ === 0) this.clock.nextTurn(this.#turn);
    this.#told.set(conn, this.clock.monotonicMs() + REFUSAL_MS);
    conn.write(words());
    conn.end();
  }

  #closeLate = (): void => {
    const nowMs = this.clock.monotonicMs();
    let closed = 0;
    this.#isClosing = false;
    for (const [conn, untilMs] of this.#told) {
      if (untilMs > nowMs) return;
      if (closed++ === TURN_REFUSALS_MAX) {
        this.#isClosing = true;
        this.clock.nextTurn(this.#closeLate);
        return;
      }
      conn.evict();
    }
  };

  #turn = (): void => {
    this.#spoken = 0;
    for (const [conn, words] of this.#waiting) {
      if (this.#spoken === TURN_REFUSALS_MAX) return;
      this.#waiting.delete(conn);
      this.#say(conn, words);
    }
  };
}
