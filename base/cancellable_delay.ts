import type { Clock, TimerHandle } from "./clock.ts";

/** Waits on a clock that can be cut short, all of them at once. */
export class CancellableDelay {
  readonly #waits = new Map<TimerHandle, () => void>();
  #cancelled = false;

  constructor(private readonly clock: Clock) {}

  /** Whether every wait is over, those to come as well. */
  get cancelled(): boolean {
    return this.#cancelled;
  }

  /** @param delayMs How long to wait, in milliseconds; not at all once cancelled. */
  wait(delayMs: number): Promise<void> {
    if (this.#cancelled) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = this.clock.setTimeout(() => {
        this.#waits.delete(timer);
        resolve();
      }, delayMs);
      this.#waits.set(timer, resolve);
    });
  }

  /** Ends the waits under way, and every later one at once. */
  cancel(): void {
    this.#cancelled = true;
    for (const [timer, resolve] of this.#waits) {
      this.clock.cancel(timer);
      resolve();
    }
    this.#waits.clear();
  }
}
