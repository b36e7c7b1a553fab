import { type Clock, nextTurn } from "../base/clock.ts";

/**
 * Whatever writes to many channels, one after the other: batches of pushes, what waited in rooms,
 * and what was missing. The event loop gets a turn after each slice of writes.
 */
export class WriteTurns {
  /** Writes since the event loop last had a turn. */
  writes = 0;
  #last: Promise<unknown> = Promise.resolve();

  /** @param slice Writes before the event loop gets a turn. */
  constructor(readonly clock: Clock, readonly slice: number) {}

  /** Runs a task behind those before it; one that fails does not keep the next from its turn. */
  run<Result>(task: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(task);
    this.#last = result.catch(() => {});
    return result;
  }

  /** Lets the event loop serve everyone else. */
  turn(): Promise<void> {
    this.writes = 0;
    return nextTurn(this.clock);
  }
}
