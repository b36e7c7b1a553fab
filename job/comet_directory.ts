import type { CometApi } from "../protocol/cluster/comet_calls.ts";

/** The comets that are alive. */
export interface CometDirectory {
  /** Ids of all of them. */
  servers(): Iterable<string>;
  /** One of them: the same object for as long as it lives, another one when it has come back. */
  get(server: string): CometApi | undefined;
  /** Whether a comet has members of a room, or may have, as far as is known at present. */
  holds(server: string, room: string): boolean;
  /**
   * Whether every comet that has clients is listed.
   *
   * @returns Nothing when it is so, or else a promise of when; it rejects when that cannot be told.
   */
  current(): Promise<void> | undefined;
}

/** A directory whose owner says who is there. */
export class StaticCometDirectory implements CometDirectory {
  readonly #comets = new Map<string, CometApi>();

  /** Adds a comet, in place of an earlier one with the same id. */
  add(server: string, comet: CometApi): void {
    this.#comets.set(server, comet);
  }

  /** Takes a comet out; one that is not there is ignored. */
  remove(server: string): void {
    this.#comets.delete(server);
  }

  servers(): Iterable<string> {
    return this.#comets.keys();
  }

  get(server: string): CometApi | undefined {
    return this.#comets.get(server);
  }

  /** Always: the comet passes over rooms that nobody is in. */
  holds(): boolean {
    return true;
  }

  current(): undefined {
    return undefined;
  }
}
