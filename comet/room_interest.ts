import type { Clock } from "../base/clock.ts";
import { WATCH_MS, type WatcherApi } from "../protocol/cluster/contract.ts";

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

/** How often watchers are told which rooms are no longer held, in milliseconds. */
const RELEASE_MS = 1_000;

/**
 * Sees to it that jobs know which rooms this comet holds, so that it is sent the pushes for those
 * alone. A client gets into a room that was not held before when every job that relies on what it
 * knows of this comet has said that it knows of the room: no push after that can miss it.
 */
export class RoomInterest {
  /** How often a job that watched has lost touch with this comet. */
  watchesExpired = 0;
  readonly #watchers = new Map<string, Watcher>();
  readonly #pending = new Map<string, Pending>();
  /** Rooms that may have become empty since the last look: jobs still count them as held. */
  #left = new Set<string>();
  /** Those of the look before, which are given up with the next. */
  #leaving = new Set<string>();
  /** Rooms that are to be made known in one go. */
  #fresh: string[] = [];
  #releaseMs = 0;
  /** Whether a watcher could not be told something. */
  #retryDue = false;

  /** @param rooms Those that have members. */
  constructor(
    private readonly rooms: { get(key: string): object | undefined; keys(): Iterable<string> },
    private readonly clock: Clock,
  ) {}

  /** How many jobs watch. */
  get watchers(): number {
    return this.#watchers.size;
  }

  /**
   * Holds a room.
   *
   * @returns Nothing when a client may get into the room at once, or else a promise of when; it
   * never rejects.
   */
  add(room: string): Promise<void> | undefined {
    if (this.rooms.get(room) !== undefined) return undefined;
    // A client is about to get in: not now.
    if (this.#leaving.delete(room)) this.#left.add(room);
    if (this.#left.has(room)) return undefined;
    if (this.#watchers.size === 0) return undefined;
    let pending = this.#pending.get(room);
    if (pending === undefined) {
      const { promise: done, resolve } = Promise.withResolvers<void>();
      pending = { done, resolve, missing: new Set(this.#watchers.values()) };
      this.#pending.set(room, pending);
      if (this.#fresh.push(room) === 1) queueMicrotask(() => this.#announce());
    }
    return pending.done;
  }

  /** The last member of a room has left. */
  remove(room: string): void {
    if (this.#watchers.size > 0) this.#left.add(room);
  }

  /**
   * Takes a job in, in place of what it was before when it has reconnected.
   *
   * @returns The rooms that are held.
   */
  watch(id: string, api: WatcherApi): readonly string[] {
    const earlier = this.#watchers.get(id);
    if (earlier !== undefined) this.#drop(earlier);
    this.#watchers.set(id, { id, api, askedMs: this.clock.monotonicMs() });
    const held = [this.rooms.keys(), this.#pending.keys(), this.#left, this.#leaving];
    return [...new Set(held.flatMap((rooms) => [...rooms]))];
  }

  /** @returns Whether the job still watches; otherwise it has to begin anew. */
  renewWatch(id: string, api: WatcherApi): boolean {
    const watcher = this.#watchers.get(id);
    if (watcher?.api !== api || this.#lapsed(watcher)) return false;
    watcher.askedMs = this.clock.monotonicMs();
    return true;
  }

  /** To be called every tick. */
  tick(): void {
    for (const watcher of this.#watchers.values()) {
      if (this.#lapsed(watcher)) this.#drop(watcher);
    }
    if (this.#retryDue) this.#retry();
    const nowMs = this.clock.monotonicMs();
    if (nowMs < this.#releaseMs) return;
    this.#releaseMs = nowMs + RELEASE_MS;
    if (this.#left.size > 0 || this.#leaving.size > 0) this.#release();
  }

  #lapsed(watcher: Watcher): boolean {
    return this.clock.monotonicMs() - watcher.askedMs > WATCH_MS;
  }

  /** Nobody waits for this watcher any more. */
  #drop(watcher: Watcher): void {
    this.#watchers.delete(watcher.id);
    this.watchesExpired++;
    for (const room of this.#pending.keys()) this.#known(room, watcher);
  }

  #announce(): void {
    const rooms = this.#fresh;
    this.#fresh = [];
    for (const watcher of this.#watchers.values()) {
      const missing = rooms.filter((room) => this.#pending.get(room)?.missing.has(watcher));
      if (missing.length > 0) this.#tell(watcher, missing);
    }
  }

  /** Tells watchers again that an earlier call did not reach, while they still rely on us. */
  #retry(): void {
    this.#retryDue = false;
    this.#fresh = [...this.#pending.keys()];
    this.#announce();
  }

  #tell(watcher: Watcher, rooms: readonly string[]): void {
    watcher.api.add(rooms).then(
      () => {
        for (const room of rooms) this.#known(room, watcher);
      },
      // It is told again, or watchesExpired.
      () => {
        this.#retryDue = true;
      },
    );
  }

  #known(room: string, watcher: Watcher): void {
    const pending = this.#pending.get(room);
    if (pending === undefined || !pending.missing.delete(watcher)) return;
    if (pending.missing.size > 0) return;
    this.#pending.delete(room);
    // Until the client is in, and for good when it has gone meanwhile.
    this.#left.add(room);
    pending.resolve();
  }

  /**
   * Gives up rooms that have had no members for a while. One that came free in this very moment waits
   * for the next look, since the client that waited for it is not in yet.
   */
  #release(): void {
    const rooms = [...this.#leaving].filter((room) =>
      this.rooms.get(room) === undefined && !this.#left.has(room)
    );
    this.#leaving = this.#left;
    this.#left = new Set();
    if (rooms.length === 0) return;
    for (const { api } of this.#watchers.values()) api.remove(rooms).catch(() => {});
  }
}
