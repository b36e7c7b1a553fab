import type { Clock } from "../base/clock.ts";
import { WATCH_MS } from "../protocol/cluster/comet_calls.ts";
import type { WatcherApi } from "../protocol/cluster/watcher_calls.ts";
import type { CometCounters } from "./counters.ts";

/** A job that watches the rooms of this comet. */
interface Watcher {
  readonly id: string;
  readonly api: WatcherApi;
  /** When it last asked; {@linkcode WATCH_MS} later it relies on nothing it knows. */
  askedMs: number;
}

/** A room that clients wait to get into. */
interface Pending {
  readonly done: Promise<void>;
  readonly resolve: () => void;
  /** Watchers that do not know of it yet. */
  readonly missing: Set<Watcher>;
}

/** How often watchers are told which rooms have become empty, in milliseconds. */
const REMOVE_MS = 1_000;

/**
 * Tells jobs which rooms have members here, so that they send this comet the pushes to those alone.
 *
 * No push that is sent to a room with a member passes this comet by:
 * - A job leaves a comet out only while it relies on what it knows, which is for `WATCH_MS` after it
 *   last asked, and only for rooms that it does not know of. This comet counts the same span from
 *   when the question came, which is later: it takes no job for expired that relies on anything.
 * - A client gets into a room only when every watcher has confirmed the room, or has expired. Once
 *   confirmed it stays known: the room is `#emptied` until the client is in.
 * - Watchers are told of a room's end only when it has had no members, and nobody on the way in,
 *   from one look to the next ({@linkcode RoomInterest.add} takes it back from `#removing`).
 * - A job that begins anew gets all rooms that are not removed, those on the way in included.
 */
export class RoomInterest {
  readonly #watchers = new Map<string, Watcher>();
  readonly #pending = new Map<string, Pending>();
  /** Rooms that may have become empty since the last look: jobs still know of them. */
  #emptied = new Set<string>();
  /** Those of the look before, which are removed with the next. */
  #removing = new Set<string>();
  /** Rooms that are to be announced in one go. */
  #unannounced: string[] = [];
  #removeMs = 0;
  /** Whether a watcher could not be told something. */
  #retryDue = false;

  /**
   * @param rooms Those that have members.
   * @param counters Where it counts which jobs lose touch.
   * @param own Rooms that no client is in and that jobs are told of all the same.
   */
  constructor(
    private readonly rooms: { get(key: string): object | undefined; keys(): Iterable<string> },
    private readonly clock: Clock,
    private readonly counters: Pick<CometCounters, "watchesExpired">,
    private readonly own: readonly string[] = [],
  ) {}

  /** How many jobs watch. */
  get watchers(): number {
    return this.#watchers.size;
  }

  /**
   * Announces a room that a client is to join.
   *
   * @returns Nothing when a client may get into the room at once, or else a promise of when; it
   * never rejects.
   */
  add(room: string): Promise<void> | undefined {
    if (this.rooms.get(room) !== undefined) return undefined;
    // A client is about to get in: not now.
    if (this.#removing.delete(room)) this.#emptied.add(room);
    if (this.#emptied.has(room)) return undefined;
    if (this.#watchers.size === 0) return undefined;
    let pending = this.#pending.get(room);
    if (pending === undefined) {
      const { promise: done, resolve } = Promise.withResolvers<void>();
      pending = { done, resolve, missing: new Set(this.#watchers.values()) };
      this.#pending.set(room, pending);
      if (this.#unannounced.push(room) === 1) queueMicrotask(() => this.#announce());
    }
    return pending.done;
  }

  /** The last member of a room has left. */
  remove(room: string): void {
    if (this.#watchers.size > 0) this.#emptied.add(room);
  }

  /**
   * Takes a job in, in place of what it was before when it has reconnected.
   *
   * @returns The rooms that have members, or had until just now, or are about to.
   */
  watch(id: string, api: WatcherApi): readonly string[] {
    const earlier = this.#watchers.get(id);
    if (earlier !== undefined) this.#drop(earlier);
    this.#watchers.set(id, { id, api, askedMs: this.clock.monotonicMs() });
    const all = [this.own, this.rooms.keys(), this.#pending.keys(), this.#emptied, this.#removing];
    return [...new Set(all.flatMap((rooms) => [...rooms]))];
  }

  /** @returns Whether the job still watches; otherwise it has to begin anew. */
  renewWatch(id: string, api: WatcherApi): boolean {
    const watcher = this.#watchers.get(id);
    if (watcher?.api !== api || this.#isExpired(watcher)) return false;
    watcher.askedMs = this.clock.monotonicMs();
    return true;
  }

  /** To be called every tick. */
  tick(): void {
    for (const watcher of this.#watchers.values()) {
      if (this.#isExpired(watcher)) this.#drop(watcher);
    }
    if (this.#retryDue) this.#retry();
    const nowMs = this.clock.monotonicMs();
    if (nowMs < this.#removeMs) return;
    this.#removeMs = nowMs + REMOVE_MS;
    if (this.#emptied.size > 0 || this.#removing.size > 0) this.#removeEmpty();
  }

  #isExpired(watcher: Watcher): boolean {
    return this.clock.monotonicMs() - watcher.askedMs > WATCH_MS;
  }

  /** Nobody waits for this watcher any more. */
  #drop(watcher: Watcher): void {
    this.#watchers.delete(watcher.id);
    this.counters.watchesExpired++;
    for (const room of this.#pending.keys()) this.#confirmed(room, watcher);
  }

  #announce(): void {
    const rooms = this.#unannounced;
    this.#unannounced = [];
    for (const watcher of this.#watchers.values()) {
      const missing = rooms.filter((room) => this.#pending.get(room)?.missing.has(watcher));
      if (missing.length > 0) this.#tell(watcher, missing);
    }
  }

  /** Tells watchers again that an earlier call did not reach, while they still rely on us. */
  #retry(): void {
    this.#retryDue = false;
    this.#unannounced = [...this.#pending.keys()];
    this.#announce();
  }

  #tell(watcher: Watcher, rooms: readonly string[]): void {
    watcher.api.add(rooms).then(
      () => {
        for (const room of rooms) this.#confirmed(room, watcher);
      },
      // It is told again, or expires.
      () => {
        this.#retryDue = true;
      },
    );
  }

  #confirmed(room: string, watcher: Watcher): void {
    const pending = this.#pending.get(room);
    if (pending === undefined || !pending.missing.delete(watcher)) return;
    if (pending.missing.size > 0) return;
    this.#pending.delete(room);
    // Until the client is in, and for good when it has gone meanwhile.
    this.#emptied.add(room);
    pending.resolve();
  }

  /**
   * Removes rooms that have had no members for a while. One that came free in this very moment waits
   * for the next look, since the client that waited for it is not in yet.
   */
  #removeEmpty(): void {
    const rooms = [...this.#removing].filter((room) =>
      this.rooms.get(room) === undefined && !this.#emptied.has(room)
    );
    this.#removing = this.#emptied;
    this.#emptied = new Set();
    if (rooms.length === 0) return;
    for (const { api } of this.#watchers.values()) api.remove(rooms).catch(() => {});
  }
}
