import type { Clock } from "../../base/clock.ts";
import type { StoreCounters } from "../store.ts";
import { ExpiringMap } from "./expiring_map.ts";
import { type Appended, PUBLISH_ID_MS } from "../push_log.ts";

/** Most publish ids that are known at once: 3,333 new ones a second. */
const PUBLISH_IDS_MAX = 1_000_000;

/** What pushes with an id were answered, for as long as the ids are known. */
export class PublishIds {
  readonly #known: ExpiringMap<Appended>;

  constructor(
    private readonly clock: Pick<Clock, "monotonicMs">,
    counters: Pick<StoreCounters, "publishIdsDropped">,
    idsMax: number = PUBLISH_IDS_MAX,
  ) {
    this.#known = new ExpiringMap(idsMax, () => counters.publishIdsDropped++);
  }

  get size(): number {
    return this.#known.size;
  }

  /** @param key Of the id, by `publishKey`. */
  get(key: string): Appended | undefined {
    return this.#known.get(key, this.clock.monotonicMs());
  }

  set(key: string, appended: Appended): void {
    const nowMs = this.clock.monotonicMs();
    this.#known.set(key, appended, nowMs + PUBLISH_ID_MS, nowMs);
  }
}
