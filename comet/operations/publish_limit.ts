import type { Clock } from "../../base/clock.ts";
import type { Channel } from "../channel.ts";

/**
 * Limits the messages of a connection to rooms, by the generic cell rate algorithm: each takes its
 * share of the time, ahead of which a connection may be by a burst. What is refused takes nothing.
 * Time passes while this process stands still, so that who kept to the rate meanwhile may go on;
 * what has piled up counts as coming at once.
 */
export class PublishLimit {
  readonly #messageMs: number;
  readonly #aheadMs: number;

  /**
   * @param perSecond Messages per second, 0 for any number.
   * @param burst How many may come at once after silence.
   */
  constructor(private readonly clock: Clock, perSecond: number, burst: number) {
    this.#messageMs = perSecond === 0 ? 0 : 1_000 / perSecond;
    this.#aheadMs = this.#messageMs * (burst - 1);
  }

  /**
   * Counts a message that is within the limit.
   *
   * @returns 0 when it is, or else when one would be, in milliseconds from now.
   */
  admit(channel: Channel): number {
    if (this.#messageMs === 0) return 0;
    const nowMs = this.clock.monotonicMs();
    const fromMs = Math.max(channel.publishedUntilMs, nowMs);
    const earlyMs = fromMs - nowMs - this.#aheadMs;
    if (earlyMs > 0) return Math.ceil(earlyMs);
    channel.publishedUntilMs = fromMs + this.#messageMs;
    return 0;
  }
}
