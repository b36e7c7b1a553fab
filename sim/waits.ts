import type { Clock } from "../base/clock.ts";

/** Waits that end at once when there is nothing more to wait for. */
export class Waits {
  /** Why there is not. */
  failure: Error | undefined;
  readonly #waiting = new Set<(error: Error) => void>();

  constructor(private readonly clock: Clock) {}

  /** @throws {Error} What {@linkcode break} is told, now or meanwhile. */
  wait(spanMs: number): Promise<void> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    return new Promise((resolve, reject) => {
      const timer = this.clock.setTimeout(() => {
        this.#waiting.delete(end);
        resolve();
      }, spanMs);
      const end = (error: Error) => {
        this.clock.cancel(timer);
        reject(error);
      };
      this.#waiting.add(end);
    });
  }

  /** Ends all waits, those to come as well; the first reason counts. */
  break(error: Error): void {
    this.failure ??= error;
    for (const end of this.#waiting) end(this.failure);
    this.#waiting.clear();
  }
}
