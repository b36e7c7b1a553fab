import { type Clock, sleep } from "../../base/clock.ts";
import type { RedisCommands } from "./clients.ts";
import { withTimeout } from "../../base/with_timeout.ts";

/** Limits of a wait for an entry. */
const EntryWaitLimits = {
  /** Longest wait that Redis is asked for, in milliseconds. */
  waitMsMax: 2_000,
  /** How long its answer may take, in milliseconds. */
  answerMsMax: 5_000,
  /** Pause after a wait that failed, in milliseconds: who waits asks again at once. */
  failedMs: 100,
} as const;

/** Waits for entries of streams, each on a connection of its own, since a wait takes it whole. */
export class EntryWaits {
  readonly #connections = new Map<string, Promise<RedisCommands>>();
  #closed = false;

  constructor(
    private readonly clock: Clock,
    private readonly connect: () => Promise<RedisCommands>,
  ) {}

  /** Waits until there may be an entry after an id; a wait that fails is over as well. */
  async wait(stream: string, afterId: string, waitMs: number): Promise<void> {
    if (this.#closed) return;
    const { waitMsMax, answerMsMax, failedMs } = EntryWaitLimits;
    let connecting = this.#connections.get(stream);
    if (connecting === undefined) {
      connecting = this.connect();
      this.#connections.set(stream, connecting);
    }
    try {
      const commands = await connecting;
      const entry = commands.waitForEntry(stream, afterId, Math.min(waitMs, waitMsMax));
      await withTimeout(this.clock, answerMsMax, entry);
    } catch {
      // It was ended.
      if (this.#connections.get(stream) !== connecting) return;
      this.#connections.delete(stream);
      connecting.then((commands) => commands.destroy(), () => {});
      await sleep(this.clock, failedMs);
    }
  }

  /** Ends the waits that are under way, with their connections; those to come have new ones. */
  async end(): Promise<void> {
    const ends = [...this.#connections.values()].map((connecting) =>
      connecting.then((commands) => commands.destroy())
    );
    this.#connections.clear();
    await Promise.allSettled(ends);
  }

  /** Ends every wait, those to come included. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.end();
  }
}
