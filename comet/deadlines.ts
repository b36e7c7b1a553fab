import type { Clock } from "../base/clock.ts";
import type { Channel } from "./channel.ts";
import type { Channels } from "./channels.ts";
import { TICK_MS } from "./options.ts";
import { expires } from "./permissions.ts";
import { NO_TIMER, TimingWheel } from "./timer/timing_wheel.ts";

/** What a timer of the wheel is for; the rest of its data is the channel's slot. */
const MAIN_TIMER = 0;
const SLOW_TIMER = 1;

/** What is done with a channel whose deadline has passed. */
export interface Overdue {
  /** Its handshake, its heartbeat, its expiry or its close. */
  main(channel: Channel): void;
  /** Its reading of what waits for it. */
  slow(channel: Channel): void;
}

/** The two deadlines of every channel, in one wheel. */
export class Deadlines {
  readonly #wheel: TimingWheel;
  /** By how much the time in which this process ran is behind, when channels were last looked at. */
  #behindMs: number;
  readonly #expired = (data: number) => this.#expire(data);

  /**
   * @param running The time in which this process ran, by which clients are judged.
   * @param clock The time by which what they were let in with expires.
   */
  constructor(
    private readonly channels: Channels,
    private readonly running: Clock,
    private readonly clock: Clock,
    private readonly overdue: Overdue,
  ) {
    this.#wheel = new TimingWheel({ tickMs: TICK_MS, nowMs: running.monotonicMs() });
    this.#behindMs = this.#behind();
  }

  /** Deadlines that run. */
  get size(): number {
    return this.#wheel.size;
  }

  /** How long it is to the next tick, in whole milliseconds, since timers know no others. */
  get untilTickMs(): number {
    return Math.max(1, Math.ceil(this.#wheel.nextTickMs - this.running.monotonicMs()));
  }

  /** Fires the deadlines that have passed; to be called every tick. */
  tick(): void {
    if (this.#behind() > this.#behindMs) this.#stoodStill();
    this.#wheel.advance(this.running.monotonicMs(), this.#expired);
  }

  /**
   * Gives a channel its next handshake, heartbeat or close deadline, in place of the one before. It
   * comes no later than the channel expires.
   */
  set(channel: Channel, delayMs: number): void {
    const deadlineMs = this.running.monotonicMs() + Math.min(delayMs, this.#leftMs(channel));
    if (channel.timer !== NO_TIMER) this.#wheel.refresh(channel.timer, deadlineMs);
    else channel.timer = this.#wheel.add(deadlineMs, channel.slot * 2 + MAIN_TIMER);
  }

  /** Whether what a channel was let in with has expired. */
  hasExpired(channel: Channel): boolean {
    return this.#leftMs(channel) <= 0;
  }

  /** Gives a channel a deadline to read by, unless it has one. */
  watchReading(channel: Channel, delayMs: number): void {
    if (channel.slowTimer !== NO_TIMER) return;
    const deadlineMs = this.running.monotonicMs() + delayMs;
    channel.slowTimer = this.#wheel.add(deadlineMs, channel.slot * 2 + SLOW_TIMER);
  }

  /** It has read. */
  cancelReading(channel: Channel): void {
    if (channel.slowTimer === NO_TIMER) return;
    this.#wheel.cancel(channel.slowTimer);
    channel.slowTimer = NO_TIMER;
  }

  /** Forgets a channel. */
  cancel(channel: Channel): void {
    this.cancelReading(channel);
    if (channel.timer !== NO_TIMER) this.#wheel.cancel(channel.timer);
    channel.timer = NO_TIMER;
  }

  #leftMs({ permissions }: Channel): number {
    return permissions === null ? Infinity : permissions.expiresMs - this.clock.monotonicMs();
  }

  #behind(): number {
    return this.clock.monotonicMs() - this.running.monotonicMs();
  }

  /** While this process stood still what clients were let in with came closer to its end. */
  #stoodStill(): void {
    this.#behindMs = this.#behind();
    const nowMs = this.running.monotonicMs();
    this.channels.forEach((channel) => {
      if (channel.timer === NO_TIMER || !expires(channel)) return;
      this.#wheel.hasten(channel.timer, nowMs + this.#leftMs(channel));
    });
  }

  #expire(data: number): void {
    const channel = this.channels.at(data >> 1)!;
    if ((data & 1) === SLOW_TIMER) {
      channel.slowTimer = NO_TIMER;
      return this.overdue.slow(channel);
    }
    channel.timer = NO_TIMER;
    this.overdue.main(channel);
  }
}
