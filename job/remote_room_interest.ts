import type { Clock } from "../base/clock.ts";
import { type RoomInterestApi, WATCH_MS } from "../protocol/cluster/comet_calls.ts";
import type { WatcherApi } from "../protocol/cluster/watcher_calls.ts";

/**
 * The rooms that a comet holds, as a job knows them. What it knows is good for a while after it
 * asked; then, and until the comet has told everything anew, the comet may hold any room.
 */
export class RemoteRoomInterest implements WatcherApi {
  #rooms = new Set<string>();
  #knownUntilMs = -Infinity;
  /** Whether the comet tells us what changes. */
  #watching = false;
  #asking = false;
  /** Counts the links, so that an answer of one that is gone is known for what it is. */
  #link = 0;
  #up = false;

  /** @param comet Whose rooms; asked over the present link. */
  constructor(private readonly comet: RoomInterestApi, private readonly clock: Clock) {}

  /** How many rooms the comet is known to hold; undefined while it may hold any. */
  get size(): number | undefined {
    return this.#known ? this.#rooms.size : undefined;
  }

  /** Whether the comet holds a room, or may. */
  has(room: string): boolean {
    return !this.#known || this.#rooms.has(room);
  }

  /** The link to the comet is there. */
  up(): void {
    this.#link++;
    this.#up = true;
    this.#asking = false;
    this.tick();
  }

  /** The link is lost: nothing is known until there is another. */
  down(): void {
    this.#up = false;
    this.#watching = false;
    this.#knownUntilMs = -Infinity;
    this.#rooms = new Set();
  }

  /** Asks the comet again; to be called several times within {@linkcode WATCH_MS}. */
  tick(): void {
    if (!this.#up || this.#asking) return;
    this.#asking = true;
    void this.#ask(this.#link, this.clock.monotonicMs());
  }

  async add(rooms: readonly string[]): Promise<void> {
    // What the comet is about to tell would overwrite this: it is to say it again.
    if (!this.#watching) throw new Error("Cannot hold rooms: all of them are being asked for");
    for (const room of rooms) this.#rooms.add(room);
  }

  async remove(rooms: readonly string[]): Promise<void> {
    for (const room of rooms) this.#rooms.delete(room);
  }

  get #known(): boolean {
    return this.clock.monotonicMs() < this.#knownUntilMs;
  }

  async #ask(link: number, askedMs: number): Promise<void> {
    try {
      if (this.#watching) await this.comet.renewWatch();
      else await this.#watch(link);
      if (link === this.#link && this.#up) this.#knownUntilMs = askedMs + WATCH_MS;
    } catch {
      if (link === this.#link) this.#watching = false;
    }
    if (link === this.#link) this.#asking = false;
  }

  async #watch(link: number): Promise<void> {
    const rooms = await this.comet.watch();
    if (link !== this.#link || !this.#up) return;
    this.#rooms = new Set(rooms);
    this.#watching = true;
  }
}
