import type { CometCounters } from "../counters.ts";
import type { CometOptions } from "../options.ts";

/** Pages that are kept for those who come with the same cursor: as many as are written in a turn. */
export const PAGES_MAX = 64;

/** What of a log can be let go of, since the store has it. */
export interface Evictable {
  /**
   * Lets go of its oldest frames.
   *
   * @returns Whether it had any.
   */
  evict(): boolean;
  /** Lets go of its last page. */
  forgetPage(): void;
}

/** How much memory the logs of all rooms take. */
export class LogMemory {
  /** What frames take that were fanned out and are kept for those who are behind, in bytes. */
  ringBytes = 0;
  /** What deliveries take that wait for a read of the store, in bytes. */
  keptBytes = 0;
  /** Those that have frames, the least recently used first. */
  readonly #logs = new Set<Evictable>();
  /** Those that have a page, which is not counted, the least recently cut first. */
  readonly #paged = new Set<Evictable>();

  /** @param options `ringsMax` bounds all deliveries that wait as well. */
  constructor(
    private readonly options: Pick<CometOptions, "ringMax" | "ringsMax">,
    private readonly counters: Pick<CometCounters, "ringEvictions">,
  ) {}

  /** Most bytes of one room's ring. */
  get ringMax(): number {
    return this.options.ringMax;
  }

  /** A log has grown: it is the most recently used, and others make room. */
  grown(log: Evictable, bytes: number): void {
    this.ringBytes += bytes;
    this.#logs.delete(log);
    this.#logs.add(log);
    while (this.ringBytes > this.options.ringsMax) {
      const [oldest] = this.#logs;
      if (oldest === undefined) return;
      this.counters.ringEvictions++;
      if (!oldest.evict()) this.#logs.delete(oldest);
    }
  }

  /** A log has let go of something. */
  shrunk(bytes: number): void {
    this.ringBytes -= bytes;
  }

  /** A log has cut a page. */
  paged(log: Evictable): void {
    this.#paged.delete(log);
    this.#paged.add(log);
    if (this.#paged.size <= PAGES_MAX) return;
    const [oldest] = this.#paged;
    oldest.forgetPage();
  }

  /** A log has let go of its page. */
  unpaged(log: Evictable): void {
    this.#paged.delete(log);
  }

  /** A log is no more. */
  remove(log: Evictable): void {
    this.#logs.delete(log);
  }

  /** Whether a log that keeps so many bytes of deliveries may keep some more. */
  mayKeep(keptBytes: number, bytes: number): boolean {
    return keptBytes + bytes <= this.ringMax && this.keptBytes + bytes <= this.options.ringsMax;
  }
}
