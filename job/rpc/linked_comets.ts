import type { Clock, TimerHandle } from "../../base/clock.ts";
import { WATCH_MS } from "../../protocol/cluster/comet_calls.ts";
import type { CometDirectory } from "../comet_directory.ts";
import { RemoteComet } from "./remote_comet.ts";

/** Comets in other processes. Its owner says who is there and which links there are. */
export class LinkedComets implements CometDirectory {
  readonly #comets = new Map<string, RemoteComet>();
  readonly #clock: Clock;
  #timer: TimerHandle | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Begins to keep what is known of the comets' rooms fresh. */
  start(): void {
    this.#timer = this.#clock.setInterval(() => {
      for (const comet of this.#comets.values()) comet.tick();
    }, WATCH_MS / 4);
  }

  /** Keeps nothing fresh any more. */
  stop(): void {
    if (this.#timer !== undefined) this.#clock.cancel(this.#timer);
  }

  /** Adds a comet that has no link yet. */
  add(server: string): RemoteComet {
    const comet = new RemoteComet(server, this.#clock);
    this.#comets.set(server, comet);
    return comet;
  }

  /** Takes a comet out; one that is not there is ignored. */
  remove(server: string): void {
    this.#comets.delete(server);
  }

  servers(): Iterable<string> {
    return this.#comets.keys();
  }

  get(server: string): RemoteComet | undefined {
    return this.#comets.get(server);
  }

  holds(server: string, room: string): boolean {
    return this.#comets.get(server)!.holds(room);
  }

  current(): Promise<void> | undefined {
    return undefined;
  }
}
