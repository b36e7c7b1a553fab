import { getLogger } from "@logtape/logtape";
import type { Clock } from "../../base/clock.ts";

const log = getLogger(["halley", "redis"]);

/** Within how long trouble that comes again is the same trouble, in milliseconds. */
const SAME_MS = 60_000;

/** How long it must not be met until it counts as over, in milliseconds: the least and the most. */
const QUIET_MS_MIN = 1_000;
const QUIET_MS_MAX = 60_000;

/**
 * Trouble with Redis: it is said once when it begins and once when it is over, however often it is
 * met. One that comes and goes has to stay away twice as long each time.
 */
export class Trouble {
  readonly #clock: Clock;
  readonly #begins: string;
  readonly #ends: string;
  #isThere = false;
  #metMs = 0;
  #overMs = -Infinity;
  #quietMs = QUIET_MS_MIN;

  /**
   * @param begins What is said, with the reason, when it begins.
   * @param ends What is said when it is over.
   */
  constructor(clock: Clock, begins: string, ends: string) {
    this.#clock = clock;
    this.#begins = begins;
    this.#ends = ends;
  }

  get isThere(): boolean {
    return this.#isThere;
  }

  /** A call has met it. */
  met(reason: string): void {
    this.#metMs = this.#clock.monotonicMs();
    if (this.#isThere) return;
    this.#isThere = true;
    const again = this.#metMs - this.#overMs < SAME_MS;
    this.#quietMs = again ? Math.min(2 * this.#quietMs, QUIET_MS_MAX) : QUIET_MS_MIN;
    log.warn(`${this.#begins}: {reason}`, { reason });
  }

  /** A call that would have met it went well. */
  notMet(): void {
    const nowMs = this.#clock.monotonicMs();
    if (!this.#isThere || nowMs - this.#metMs < this.#quietMs) return;
    this.#isThere = false;
    this.#overMs = nowMs;
    log.info(this.#ends);
  }
}
