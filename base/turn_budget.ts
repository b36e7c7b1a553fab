import { type Clock, nextTurn } from "./clock.ts";

/** Work that has a share of each turn of the event loop, so that much of it at once holds up nobody. */
export class TurnBudget {
  /** How long work took in this turn, in milliseconds. */
  #usedMs = 0;

  /** @param msPerTurn After how many milliseconds more work waits for the next turn. */
  constructor(
    private readonly clock: Pick<Clock, "monotonicMs" | "nextTurn">,
    private readonly msPerTurn: number,
  ) {}

  /** Does some work, in a later turn where this one has had enough. */
  async run<Result>(work: () => Result): Promise<Result> {
    while (this.#usedMs >= this.msPerTurn) {
      await nextTurn(this.clock);
    }
    const startMs = this.clock.monotonicMs();
    try {
      return work();
    } finally {
      const tookMs = this.clock.monotonicMs() - startMs;
      if (this.#usedMs === 0 && tookMs > 0) this.clock.nextTurn(() => this.#usedMs = 0);
      this.#usedMs += tookMs;
    }
  }
}
