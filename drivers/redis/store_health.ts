import type { Clock } from "../../base/clock.ts";
import { StoreCounters } from "../counters.ts";
import type { Hindrance } from "./hindrance.ts";
import type { Script } from "./store.ts";
import { Trouble } from "./trouble.ts";

/** How a way to Redis is doing: what it counts, and says in the log. */
export class StoreHealth {
  readonly counters = new StoreCounters();
  readonly #away: Trouble;
  readonly #refuses: Trouble;
  /** Scripts that were refused since it last took one of them. */
  readonly #refused = new Set<string>();

  constructor(clock: Clock) {
    this.#away = new Trouble(clock, "Redis is away", "Redis is back");
    this.#refuses = new Trouble(clock, "Redis refuses to write", "Redis writes again");
  }

  /** Redis was not reached, did not answer or cannot serve yet. */
  failed(reason: string): void {
    this.counters.interruptions++;
    this.#away.met(reason);
  }

  /** Redis answered that it does not write now. */
  refused({ name, needsRoom = false }: Script, hindrance: Hindrance, reason: string): void {
    this.counters.refusals++;
    // Without new pushes all goes on; without anything else silence says nothing of who is silent.
    if (hindrance !== "full" || !needsRoom) this.counters.interruptions++;
    this.#refused.add(name);
    this.#refuses.met(reason);
  }

  /** A script was run. */
  wentWell({ name }: Script): void {
    if (this.#away.isThere) this.#away.notMet();
    // Scripts that only read go well all the time.
    if (!this.#refused.has(name)) return;
    this.#refuses.notMet();
    if (!this.#refuses.isThere) this.#refused.clear();
  }
}
