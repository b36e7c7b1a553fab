import type { Clock } from "../../base/clock.ts";
import type { Channel } from "../channel.ts";

/**
 * How far a client may run ahead of its rate, in milliseconds: after silence it may send at once
 * what the rate allows in so long. Covers what a client sends when it connects, and what a network
 * that stood still brings all at once.
 */
export const OPERATIONS_BURST_MS = 10_000;

/**
 * Limits the operations of a connection over time, by the generic cell rate algorithm: each
 * operation moves the time up to which the connection has used its rate, the only state there is.
 */
export class OperationLimit {
  readonly #operationMs: number;

  /** @param perSecondMax Operations per second, 0 for any number. */
  constructor(private readonly clock: Clock, perSecondMax: number) {
    this.#operationMs = perSecondMax === 0 ? 0 : 1_000 / perSecondMax;
  }

  /** Counts one operation and returns whether it is still within the limit. */
  admit(channel: Channel): boolean {
    if (this.#operationMs === 0) return true;
    const nowMs = this.clock.monotonicMs();
    channel.usedUntilMs = Math.max(channel.usedUntilMs, nowMs) + this.#operationMs;
    return channel.usedUntilMs - nowMs <= OPERATIONS_BURST_MS;
  }
}
