import { CancellableDelay } from "../../base/cancellable_delay.ts";
import type { Clock } from "../../base/clock.ts";
import { type Act, actsOf, type ShowPlan } from "../show/show.ts";

/** A show that begins at some moment. */
export interface Performance extends ShowPlan {
  /** When it begins, in milliseconds since the Unix epoch. */
  readonly startMs: number;
}

/** Does at its time what those viewers do that are clients of this process. */
export class Performer {
  readonly #delay: CancellableDelay;
  #stopped = false;

  /**
   * @param perform Does an act of one of this process's clients; others are none of its business.
   */
  constructor(
    private readonly clock: Clock,
    private readonly isMine: (client: number) => boolean,
    private readonly perform: (act: Act, dueMs: number) => void,
  ) {
    this.#delay = new CancellableDelay(clock);
  }

  /** Settles when the show is over, or was broken off. */
  async run(performance: Performance): Promise<void> {
    for (const act of actsOf(performance)) {
      if (this.#stopped) return;
      if (!this.isMine(act.client)) continue;
      const dueMs = performance.startMs + act.atMs;
      const waitMs = dueMs - this.clock.wallMs();
      // Bun cuts fractions of a millisecond off: nothing must be done before it is due.
      if (waitMs > 0) await this.#delay.wait(Math.ceil(waitMs));
      if (!this.#stopped) this.perform(act, dueMs);
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#delay.cancel();
  }
}
