import type { CancellableDelay } from "../../base/cancellable_delay.ts";
import type { ConnectionRef } from "../../protocol/cluster/connection.ts";
import { RpcError } from "../../protocol/rpc.ts";

/** Ended sessions that may wait for a logic; beyond that they expire by themselves. */
const SESSIONS_MAX = 100_000;

/** How long to wait after no logic was told, in milliseconds. */
const RETRY_MS = 1_000;

/** Ended sessions that logic could not be told of yet. */
export class DisconnectQueue {
  /** Sessions that were given up since too many waited. */
  dropped = 0;
  readonly #sessions: ConnectionRef[] = [];
  #flushing = false;

  /**
   * @param disconnect Tells a logic.
   * @param delay Cancelled when nobody is to be told any more.
   */
  constructor(
    private readonly disconnect: (session: ConnectionRef) => Promise<void>,
    private readonly delay: CancellableDelay,
  ) {}

  /** How many wait. */
  get length(): number {
    return this.#sessions.length;
  }

  /** Adds a session; logic is told as soon as there is one. */
  queueDisconnect(session: ConnectionRef): void {
    if (this.#sessions.length >= SESSIONS_MAX) {
      this.dropped++;
      return;
    }
    this.#sessions.push(session);
    if (!this.#flushing) void this.#flushDisconnects();
  }

  async #flushDisconnects(): Promise<void> {
    this.#flushing = true;
    while (this.#sessions.length > 0 && !this.delay.cancelled) {
      const session = this.#sessions.pop()!;
      try {
        await this.disconnect(session);
      } catch (error) {
        if (!isTransient(error)) continue;
        this.#sessions.push(session);
        await this.delay.wait(RETRY_MS);
      }
    }
    this.#flushing = false;
  }
}

/** Whether what failed may succeed when it is tried again. */
export function isTransient(error: unknown): boolean {
  return error instanceof RpcError && error.temporary;
}
