import type { Clock } from "../base/clock.ts";
import { type Channel, ChannelState } from "./channel.ts";
import type { Channels } from "./channels.ts";
import { type CometOptions, TICK_MS } from "./options.ts";
import { NO_TIMER } from "./timer/timing_wheel.ts";

/** How often each channel is looked at in an interval. */
const LOOKS = 4;

/**
 * A tick that comes late makes up for so many at most: a busy server's clients have their pings in
 * time, and after a stall not all of them at once.
 */
const LATE_TICKS_MAX = 5;

/**
 * Pings WebSocket clients that nothing was written to for a while, so that proxies do not take the
 * connection for a dead one. A walk over the table of channels passes by each of them a few times
 * in an interval: that spreads the pings, and costs a connection no timer.
 */
export class Pings {
  /** Present time in ticks; a write leaves it in its channel. */
  ticks: number;
  #slot = 0;

  /**
   * @param clock Proxies count time in which this process stood still, too.
   * @param options After how long without a write a client has had its ping; 0 for no pings.
   * @param write Writes to a channel.
   */
  constructor(
    private readonly channels: Channels,
    private readonly clock: Clock,
    private readonly options: Pick<CometOptions, "pingMs">,
    private readonly write: (channel: Channel, bytes: Uint8Array) => void,
  ) {
    this.ticks = this.#nowTicks();
  }

  /** Looks at the next share of the channels; to be called every tick. */
  tick(): void {
    const nowTicks = this.#nowTicks();
    const passed = Math.min(nowTicks - this.ticks, LATE_TICKS_MAX);
    this.ticks = nowTicks;
    const intervalTicks = Math.ceil(this.options.pingMs / TICK_MS);
    if (intervalTicks === 0) return;
    const { slots } = this.channels;
    const share = Math.min(slots, Math.ceil(slots * passed * LOOKS / intervalTicks));
    for (let look = 0; look < share; look++) {
      if (this.#slot >= slots) this.#slot = 0;
      const channel = this.channels.at(this.#slot++);
      if (channel === undefined || !this.#isDue(channel, intervalTicks)) continue;
      const { ping } = channel.transport;
      if (ping !== undefined) this.write(channel, ping);
    }
  }

  #nowTicks(): number {
    return Math.floor(this.clock.monotonicMs() / TICK_MS);
  }

  /** Whether a channel's interval would be over before the next look. */
  #isDue(channel: Channel, intervalTicks: number): boolean {
    if (channel.state !== ChannelState.open) return false;
    // Behind what waits for a client that does not read, a ping is of no use.
    if (channel.slowTimer !== NO_TIMER) return false;
    return this.ticks - channel.writtenTick >= intervalTicks * (1 - 1 / LOOKS);
  }
}
