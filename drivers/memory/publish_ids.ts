import type { Clock } from "../../base/clock.ts";
import type { StoreCounters } from "../store.ts";
import { type Appended, PUBLISH_ID_MS } from "../push_log.ts";

/** Most publish ids that are known at once: 3,333 new ones a second. */
const PUBLISH_IDS_MAX = 1_000_000;

/** What pushes with an id were answered, for as long as the ids are known. */
export class PublishIds {
  /** Oldest first, which run out in that order. */
  readonly #known = new Map<string, { readonly appended: Appended; readonly endMs: number }>();

  constructor(
    private readonly clock: Pick<Clock, "monotonicMs">,
    private readonly counters: Pick<StoreCounters, "publishIdsDropped">,
    private readonly idsMax: number = PUBLISH_IDS_MAX,
  ) {}

  get size(): number {
    return this.#known.size;
  }

  /** @param key Of the id, by `publishKey`. */
  get(key: string): Appended | undefined {
    this.#expire();
    return this.#known.get(key)?.appended;
  }

  set(key: string, appended: Appended): void {
    this.#known.set(key, { appended, endMs: this.clock.monotonicMs() + PUBLISH_ID_MS });
    if (this.#known.size <= this.idsMax) return;
    this.#known.delete(this.#known.keys().next().value!);
    this.counters.publishIdsDropped++;
  }

  #expire(): void {
    const nowMs = this.clock.monotonicMs();
    for (const [key, { endMs }] of this.#known) {
      if (endMs > nowMs) return;
      this.#known.delete(key);
    }
  }
}
