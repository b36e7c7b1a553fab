import { backoffMs, type BackoffOptions } from "../../base/backoff.ts";
import type { Prng } from "../../base/prng.ts";

/** What the system lacks when it cannot accept anybody: trying at once would fail at once. */
const shortages: ReadonlySet<string | undefined> = new Set([
  "EMFILE",
  "ENFILE",
  "ENOBUFS",
  "ENOMEM",
]);

/** Waits during a shortage. */
const shortageBackoff: BackoffOptions = { baseMs: 75, maxMs: 1000, factor: 2, jitter: 0.33 };

/** Failures in a row, of other kinds, after which the event loop gets a rest. */
export const failuresAtOnceMax = 64;

/** That rest, in milliseconds. */
export const restMs = 5;

/**
 * Connections that are accepted one after the other before everything else gets a turn of the event
 * loop; the system's queue holds the rest of a crowd. Deno by itself takes 128.
 */
export const acceptsPerTurn = 16;

/**
 * When to accept again, after a connection and after a failure. Most failures are of the one connection that is taken from
 * the queue, such as a reset before it was accepted, and must hold nobody else up.
 */
export class AcceptRetry {
  #shortages = 0;
  #inARow = 0;
  #accepted = 0;

  /** @param prng Jitter of the waits during a shortage. */
  constructor(private readonly prng: Prng) {}

  /** @returns Whether the next one may come in this turn of the event loop. */
  accepted(): boolean {
    this.#shortages = 0;
    this.#inARow = 0;
    return ++this.#accepted % acceptsPerTurn !== 0;
  }

  /** @returns How long to wait, in milliseconds; 0 to accept again at once. */
  failed(error: unknown): number {
    if (shortages.has((error as { code?: string }).code)) {
      return backoffMs(this.#shortages++, shortageBackoff, this.prng);
    }
    this.#shortages = 0;
    return ++this.#inARow % failuresAtOnceMax === 0 ? restMs : 0;
  }
}
