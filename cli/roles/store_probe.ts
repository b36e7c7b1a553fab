import type { Clock } from "../../base/clock.ts";
import { withTimeout } from "../../base/with_timeout.ts";
import type { Drivers } from "../../drivers/open.ts";
import type { StoreProblem } from "../../drivers/store.ts";

/** How old what the store answered to a probe may be, in milliseconds. */
const PROBE_MS = 1_000;

/** How long a probe waits for that, in milliseconds. */
const ANSWER_MS = 1_000;

/** Asks the store, once a second at most, whether it can do what a role needs: for `/readyz`. */
export class StoreProbe {
  #asked: Promise<StoreProblem | undefined> | undefined;
  #askedMs = 0;
  #answered = false;

  /** @param needsRoom Whether a full store cannot do what is needed. */
  constructor(
    private readonly drivers: Pick<Drivers, "problem">,
    private readonly clock: Clock,
    private readonly needsRoom: boolean,
  ) {}

  /** Why it cannot, in words that anybody may read; nothing when it can. */
  async problem(): Promise<string | undefined> {
    const ageMs = this.clock.monotonicMs() - this.#askedMs;
    if (this.#asked === undefined || (this.#answered && ageMs >= PROBE_MS)) this.#ask();
    try {
      const problem = await withTimeout(this.clock, ANSWER_MS, this.#asked!);
      return problem?.kind === "full" && !this.needsRoom ? undefined : problem?.reason;
    } catch {
      return "the store does not answer";
    }
  }

  #ask(): void {
    this.#askedMs = this.clock.monotonicMs();
    this.#answered = false;
    const asked = this.#asked = this.drivers.problem();
    asked.catch(() => {}).finally(() => this.#answered = true);
  }
}
