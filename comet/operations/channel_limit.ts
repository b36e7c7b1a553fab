import type { Clock } from "../../base/clock.ts";
import { type Rate, used, waitMs } from "../../base/rate.ts";
import { RequestCode } from "../../protocol/request_codes.ts";
import type { Channel } from "../channel.ts";
import { RequestRefused } from "./request.ts";

/** What is limited. */
interface Limited {
  /** In words, of which there are too many. */
  readonly what: string;
  /** Where a channel keeps up to when its rate is used. */
  readonly used: "publishedUntilMs" | "joinedUntilMs";
  /** What holds now. */
  rate(): Rate;
  /** Called for each that is refused. */
  refused(): void;
}

/**
 * Limits what each connection may do over time. Time passes while this process stands still, so
 * that who kept to the rate meanwhile may go on; what has piled up counts as coming at once.
 */
export class ChannelLimit {
  constructor(private readonly clock: Clock, private readonly limited: Limited) {}

  /**
   * Counts one that is within the limit.
   *
   * @returns 0 when it is, or else when one would be, in milliseconds from now.
   */
  admit(channel: Channel): number {
    const { limited } = this;
    const nowMs = this.clock.monotonicMs();
    const rate = limited.rate();
    const usedUntilMs = channel[limited.used];
    const retryMs = waitMs(rate, usedUntilMs, nowMs);
    if (retryMs === 0) channel[limited.used] = used(rate, usedUntilMs, nowMs);
    else limited.refused();
    return retryMs;
  }

  /**
   * As `admit`, for an operation whose answer has a code.
   *
   * @throws {RequestRefused} When it is beyond the limit.
   */
  demand(channel: Channel): void {
    const retryMs = this.admit(channel);
    if (retryMs === 0) return;
    const message = `too many ${this.limited.what} of this connection`;
    throw new RequestRefused(RequestCode.limit, message, retryMs);
  }
}
