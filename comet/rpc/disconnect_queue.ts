import type { CancellableDelay } from "../../base/cancellable_delay.ts";
import { isTransient } from "./failures.ts";

/** How long to wait after no logic was told, in milliseconds. */
const RETRY_MS = 1_000;

/** Ended sessions that logic could not be told of yet. */
export class DisconnectQueue<Session> {
  /** Sessions that were given up since too many waited. */
  dropped = 0;
  readonly #sessions: Session[] = [];
  #flushing = false;

  /**
   * @param disconnect Tells a logic.
   * @param delay Cancelled when nobody is to be told any more.
   * @param sessionsMax How many may wait; beyond that they expire by themselves.
   */
  constructor(
    private readonly disconnect: (session: Session) => Promise<void>,
    private readonly delay: CancellableDelay,
    private readonly sessionsMax: number,
  ) {}

  /** How many wait. */
  get length(): number {
    return this.#sessions.length;
  }

  /** Adds a session; logic is told as soon as there is one. */
  queueDisconnect(session: Session): void {
    if (this.#sessions.length >= this.sessionsMax) {
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
