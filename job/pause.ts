import type { Clock, TimerHandle } from "../base/clock.ts";

/** Waits, one at a time, that can be cut short. */
export class Pause {
  #timer: TimerHandle | undefined;
  #resolve: (() => void) | undefined;
  #ended = false;

  constructor(private readonly clock: Clock) {}

  /** @param delayMs How long to wait, in milliseconds; not at all once ended. */
  wait(delayMs: number): Promise<void> {
    if (this.#ended) return Promise.resolve();
    return new Promise((resolve) => {
      this.#resolve = resolve;
      this.#timer = this.clock.setTimeout(resolve, delayMs);
    });
  }

  /** Whether no wait is left to be waited. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Ends the present wait, and every later one at once. */
  end(): void {
    this.#ended = true;
    if (this.#timer !== undefined) this.clock.cancel(this.#timer);
    this.#resolve?.();
  }
}
