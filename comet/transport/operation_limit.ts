import type { Clock } from "../../base/clock.ts";
import type { Channel } from "../channel.ts";
import { BURST_MS, type CometOptions } from "../options.ts";

/**
 * Limits the operations of a connection over time, by the generic cell rate algorithm: each
 * operation moves the time up to which the connection has used its rate, the only state there is.
 */
export class OperationLimit {
  /** @param connections Whose options say how many. */
  constructor(
    private readonly clock: Clock,
    private readonly connections: { readonly options: Pick<CometOptions, "operationsMax"> },
  ) {}

  /** Counts one operation and returns whether it is still within the limit. */
  admit(channel: Channel): boolean {
    const { operationsMax } = this.connections.options;
    if (operationsMax === 0) return true;
    const nowMs = this.clock.monotonicMs();
    channel.usedUntilMs = Math.max(channel.usedUntilMs, nowMs) + 1_000 / operationsMax;
    return channel.usedUntilMs - nowMs <= BURST_MS;
  }
}
