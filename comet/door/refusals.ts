import type { Clock } from "../../base/clock.ts";
import type { Conn } from "../../platform/port.ts";
import { Limits } from "../../protocol/limits.ts";
import type { CometCounters } from "../counters.ts";
import type { CometOptions } from "../options.ts";

/** How long whoever is turned away has to read why, in milliseconds. */
export const REFUSAL_MS = 2_000;

/**
 * Connections that are turned away, while they are told why. A socket that is closed with something
 * unread in it is reset, and its peer may never see the last words; so each is only ended, and what
 * it still sends is dropped until it has ended its side, for a while, and so many at a time.
 */
export class Refusals<Context> {
  /** Until when each may take, on the monotonic clock; the oldest first. */
  readonly #told = new Map<Conn<Context>, number>();

  constructor(
    private readonly connections: { readonly options: Pick<CometOptions, "refusalsMax"> },
    private readonly clock: Clock,
    private readonly counters: CometCounters,
  ) {}

  /** Connections that are being told. */
  get size(): number {
    return this.#told.size;
  }

  /**
   * Ends a connection that has no channel.
   *
   * @param words Encodes what it is told.
   */
  tell(conn: Conn<Context>, words: () => Uint8Array): void {
    if (this.#told.size >= this.connections.options.refusalsMax) {
      this.counters.refusedUntold++;
      return conn.evict();
    }
    this.#told.set(conn, this.clock.monotonicMs() + REFUSAL_MS);
    conn.write(words());
    conn.end();
  }

  /** Something has come from a connection that has no channel; nobody sends that much before auth. */
  received(conn: Conn<Context>, chunk: Uint8Array): void {
    if (chunk.length > Limits.upgradeHeadBytesMax) conn.evict();
  }

  /** A connection that had no channel is over. */
  closed(conn: Conn<Context>): void {
    this.#told.delete(conn);
  }

  /** Closes those that have had their time; to be called every tick. */
  tick(): void {
    const nowMs = this.clock.monotonicMs();
    for (const [conn, untilMs] of this.#told) {
      if (untilMs > nowMs) return;
      conn.evict();
    }
  }

  /** Closes all. */
  close(): void {
    for (const conn of this.#told.keys()) conn.evict();
  }
}
