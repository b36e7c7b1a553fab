import type { Clock, TimerHandle } from "./clock.ts";

/** How often the clock sees that its process runs, in milliseconds. */
const TICK_MS = 100;

/**
 * A process that was not seen to run for longer than this stood still, in milliseconds: it was
 * stopped, its machine slept, or its event loop was blocked.
 */
export const STALL_MS = 500;

/** What was due during a stall comes so long after it, in milliseconds: sockets are read before. */
export const READ_FIRST_MS = 100;

interface RunningTimer {
  handle: TimerHandle;
  /** What was put off after a stall, of an interval. */
  late: TimerHandle | undefined;
}

/** What a process counts of its own stalls. */
export class StallCounters {
  /** Times that it stood still for longer than {@linkcode STALL_MS}. */
  stalls = 0;
  /** For how long in all beyond that, in milliseconds. */
  stalledMs = 0;
}

/**
 * The time in which this process ran, for deadlines of peers: while the process stands still its
 * peers cannot be heard, so that time does not count against them. A stall of any length adds at
 * most {@linkcode STALL_MS}, and what fell due in it is put off once by {@linkcode READ_FIRST_MS},
 * so that what waits in the sockets is read before a deadline is judged. Leases, which others judge
 * by their own clocks, need the clock beneath.
 */
export class RunningClock implements Clock {
  readonly counters = new StallCounters();
  readonly #clock: Clock;
  readonly #ticks: TimerHandle;
  /** Present time of this clock, and of the clock beneath, at the last tick. */
  #ranMs: number;
  #seenMs: number;

  /** @param clock The clock beneath; it ticks until {@linkcode RunningClock.stop}. */
  constructor(clock: Clock) {
    this.#clock = clock;
    this.#ranMs = this.#seenMs = clock.monotonicMs();
    this.#ticks = clock.setInterval(() => this.#tick(), TICK_MS);
  }

  /** Milliseconds in which the process ran, since an arbitrary origin. */
  monotonicMs(): number {
    return this.#ranMs + Math.min(this.#clock.monotonicMs() - this.#seenMs, STALL_MS);
  }

  wallMs(): number {
    return this.#clock.wallMs();
  }

  setTimeout = (callback: () => void, delayMs: number): TimerHandle => {
    const timer: RunningTimer = { handle: undefined, late: undefined };
    this.#wait(timer, callback, this.monotonicMs() + delayMs, delayMs, false);
    return timer;
  };

  setInterval = (callback: () => void, periodMs: number): TimerHandle => {
    const clock = this.#clock;
    let calledMs = clock.monotonicMs();
    const timer: RunningTimer = { handle: undefined, late: undefined };
    timer.handle = clock.setInterval(() => {
      const nowMs = clock.monotonicMs();
      const isLate = nowMs - calledMs - periodMs > STALL_MS;
      calledMs = nowMs;
      if (!isLate || timer.late !== undefined) return callback();
      timer.late = clock.setTimeout(() => {
        timer.late = undefined;
        callback();
      }, READ_FIRST_MS);
    }, periodMs);
    return timer;
  };

  nextTurn(callback: () => void): TimerHandle {
    return { handle: this.#clock.nextTurn(callback), late: undefined };
  }

  cancel(timer: TimerHandle): void {
    const { handle, late } = timer as RunningTimer;
    this.#clock.cancel(handle);
    if (late !== undefined) this.#clock.cancel(late);
  }

  /** Ends its own ticks: from now on time stands still. */
  stop(): void {
    this.#clock.cancel(this.#ticks);
  }

  #tick(): void {
    const nowMs = this.#clock.monotonicMs();
    const lostMs = nowMs - this.#seenMs - STALL_MS;
    if (lostMs > 0) {
      this.counters.stalls++;
      this.counters.stalledMs += Math.round(lostMs);
    }
    this.#ranMs += Math.min(nowMs - this.#seenMs, STALL_MS);
    this.#seenMs = nowMs;
  }

  /**
   * @param wasPutOff Whether it was due and a stall put it off: the next does not, or it never came.
   */
  #wait(
    timer: RunningTimer,
    callback: () => void,
    dueMs: number,
    delayMs: number,
    wasPutOff: boolean,
  ): void {
    const clock = this.#clock;
    const calledMs = clock.monotonicMs();
    timer.handle = clock.setTimeout(() => {
      const isLate = clock.monotonicMs() - calledMs - delayMs > STALL_MS;
      const leftMs = dueMs - this.monotonicMs();
      if (isLate && !wasPutOff) {
        const putOff = leftMs < READ_FIRST_MS;
        this.#wait(timer, callback, dueMs, putOff ? READ_FIRST_MS : leftMs, putOff);
      } else if (leftMs >= 1) {
        // The process stood still in between.
        this.#wait(timer, callback, dueMs, leftMs, wasPutOff);
      } else callback();
    }, delayMs);
  }
}
