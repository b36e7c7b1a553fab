/** Looks how long nothing ran in this process at most. */
export class Standstill {
  /** In milliseconds. */
  longestMs = 0;
  #tickedMs: number;

  /** @param periodMs How often it ticks. */
  constructor(private readonly periodMs: number, nowMs: number) {
    this.#tickedMs = nowMs;
  }

  tick(nowMs: number): void {
    this.longestMs = Math.max(this.longestMs, nowMs - this.#tickedMs - this.periodMs);
    this.#tickedMs = nowMs;
  }
}
