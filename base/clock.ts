import { setImmediate } from "node:timers";

/** A running timer of a {@linkcode Clock}; opaque to the caller. */
export type TimerHandle = unknown;

/**
 * The only source of time. Production code gets the system's; tests get a
 * {@linkcode ManualClock} and own every tick.
 */
export interface Clock {
  /** Milliseconds since an arbitrary origin; never goes back. */
  monotonicMs(): number;
  /** Milliseconds since the Unix epoch; may jump. */
  wallMs(): number;
  /** Runs `callback` once, `delayMs` milliseconds from now. */
  setTimeout(callback: () => void, delayMs: number): TimerHandle;
  /** Runs `callback` every `periodMs` milliseconds until cancelled. */
  setInterval(callback: () => void, periodMs: number): TimerHandle;
  /** Runs `callback` in the next turn of the event loop, after sockets had their chance. */
  nextTurn(callback: () => void): TimerHandle;
  /** Cancels a timer of any of the three kinds; a timer that is over is ignored. */
  cancel(handle: TimerHandle): void;
}

/**
 * Waits on a clock.
 *
 * @param clock The clock that decides when.
 * @param delayMs How long, in milliseconds.
 */
export function sleep(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => clock.setTimeout(resolve, delayMs));
}

/** Lets the event loop serve everyone else: settles in its next turn. */
export function nextTurn(clock: Pick<Clock, "nextTurn">): Promise<void> {
  return new Promise((resolve) => clock.nextTurn(resolve));
}

/** Settles when every promise that can settle by itself has: for those who own a clock. */
export function promisesSettled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

interface ManualTimer {
  dueMs: number;
  order: number;
  periodMs: number;
  callback: () => void;
}

/** A clock that moves only when told to; for tests and simulation. */
export class ManualClock implements Clock {
  #nowMs: number;
  #order = 0;
  #timers = new Set<ManualTimer>();

  /** @param startMs Where both clocks start, in milliseconds. */
  constructor(startMs = 0) {
    this.#nowMs = startMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#nowMs;
  }

  setTimeout(callback: () => void, delayMs: number): TimerHandle {
    return this.#add(callback, Math.max(0, delayMs), 0);
  }

  setInterval(callback: () => void, periodMs: number): TimerHandle {
    return this.#add(callback, periodMs, periodMs);
  }

  nextTurn(callback: () => void): TimerHandle {
    return this.#add(callback, 0, 0);
  }

  cancel(timer: TimerHandle): void {
    this.#timers.delete(timer as ManualTimer);
  }

  /**
   * Moves time on and runs what falls due, earliest first, each at its own time. What a callback
   * schedules within the span runs too; with a span of 0, only what waited before the call runs,
   * so that a loop of turns can be taken one turn at a time.
   *
   * @param spanMs How far, in milliseconds.
   */
  advance(spanMs: number): void {
    const endMs = this.#nowMs + spanMs;
    const lastOrder = this.#order;
    while (true) {
      let next: ManualTimer | undefined;
      for (const timer of this.#timers) {
        if (timer.dueMs > endMs) continue;
        if (timer.dueMs === endMs && timer.order > lastOrder && spanMs === 0) continue;
        if (
          next === undefined || timer.dueMs < next.dueMs ||
          (timer.dueMs === next.dueMs && timer.order < next.order)
        ) next = timer;
      }
      if (next === undefined) break;
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      if (next.periodMs > 0) next.dueMs = this.#nowMs + next.periodMs;
      else this.#timers.delete(next);
      next.callback();
    }
    this.#nowMs = endMs;
  }

  /**
   * Lets the process stand still: time goes on and nothing runs. What fell due meanwhile runs in the
   * next `advance`, once.
   *
   * @param spanMs How long, in milliseconds.
   */
  stall(spanMs: number): void {
    this.#nowMs += spanMs;
  }

  /** How many timers wait. */
  get pending(): number {
    return this.#timers.size;
  }

  #add(callback: () => void, delayMs: number, periodMs: number): ManualTimer {
    const timer = { dueMs: this.#nowMs + delayMs, order: ++this.#order, periodMs, callback };
    this.#timers.add(timer);
    return timer;
  }
}
