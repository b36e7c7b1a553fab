import { Fifo } from "../../base/fifo.ts";
import type { Clock } from "../../base/clock.ts";

/** Writes that may be under way at a time. */
export const writesMax = 16;

/** Writes from the line after which everything else gets a turn of the event loop. */
export const grantsPerTurn = 512;

/** A write under way for this long waits for its peer and not for Deno, in milliseconds. */
const stalledMs = 20;

/** One that wants to write. */
export interface Writer {
  /** When its write began, by the monotonic clock. */
  readonly writingSinceMs: number;
  /** Its turn has come; one with nothing to write any more releases it at once. */
  writeQueued(): void;
}

/**
 * Who may write when. Deno answers writes that were just begun before those that were begun long
 * ago: with thousands under way and more being begun, some are not answered for as long as that
 * goes on, and neither is anything else, such as HTTP. So few are under way at a time, the others
 * stand in a line, and now and then the event loop gets a turn. What is pushed to one in the line
 * meanwhile leaves with the rest in one write. A write that meets a full socket gives its place up
 * after a moment, so that those who do not read hold up nobody.
 */
export class WriteScheduler {
  /** Those who write, in the order in which they began. */
  readonly #writing = new Set<Writer>();
  readonly #queue = new Fifo<Writer>();
  #watching = false;
  #granting = false;
  /** Writes from the line since the event loop had a turn. */
  #granted = 0;
  #yielding = false;

  constructor(private readonly clock: Clock) {}

  /** How many wait for their turn. */
  get waiting(): number {
    return this.#queue.length;
  }

  /**
   * Asks for a turn.
   *
   * @returns Whether it is now; if not, `writeQueued` is called when it is.
   */
  acquire(writer: Writer): boolean {
    if (this.#writing.size < writesMax && this.waiting === 0) {
      this.#writing.add(writer);
      return true;
    }
    this.#queue.push(writer);
    this.#watch();
    return false;
  }

  /** Ends a turn; one that had given up its place, or had none, is ignored. */
  release(writer: Writer): void {
    if (this.#writing.delete(writer)) this.#grant();
  }

  #grant(): void {
    // One who has nothing to write any more ends its turn within it.
    if (this.#granting || this.#yielding) return;
    this.#granting = true;
    while (this.#writing.size < writesMax && this.waiting > 0) {
      if (this.#granted === grantsPerTurn) {
        this.#yield();
        break;
      }
      this.#granted++;
      const writer = this.#queue.shift();
      this.#writing.add(writer);
      writer.writeQueued();
    }
    this.#granting = false;
  }

  #yield(): void {
    this.#yielding = true;
    this.clock.nextTurn(() => {
      this.#yielding = false;
      this.#granted = 0;
      this.#grant();
    });
  }

  /** While some wait, takes the places of those who are held up. */
  #watch(): void {
    if (this.#watching) return;
    this.#watching = true;
    this.clock.setTimeout(() => {
      this.#watching = false;
      const latestMs = this.clock.monotonicMs() - stalledMs;
      for (const writer of this.#writing) {
        if (writer.writingSinceMs > latestMs) break;
        this.#writing.delete(writer);
      }
      this.#grant();
      if (this.waiting > 0) this.#watch();
    }, stalledMs);
  }
}
