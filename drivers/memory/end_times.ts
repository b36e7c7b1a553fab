import type { Clock } from "../../base/clock.ts";
import { ModerationFull } from "../errors.ts";

/** Of things that are over at some time, each by its key: when. */
export interface EndTimes {
  /** When it is over, in wall time; 0 when there is none. One that is over may still be there. */
  endMs(key: string): number;
  /** @throws {ModerationFull} When it cannot be kept. */
  set(key: string, endMs: number): void;
  /** @returns Whether there was one that was not over. */
  delete(key: string): boolean;
}

/** Those of this process. */
export class MemoryEndTimes implements EndTimes {
  readonly #ends = new Map<string, number>();

  /**
   * @param sizeMax Most that are kept at once.
   * @param verb What is done to a user by one, for the error.
   */
  constructor(
    private readonly clock: Pick<Clock, "wallMs">,
    private readonly sizeMax: number,
    private readonly verb: Verb,
  ) {}

  endMs(key: string): number {
    // As good as always nobody is blocked, and every client is looked up.
    return this.#ends.size === 0 ? 0 : this.#ends.get(key) ?? 0;
  }

  set(key: string, endMs: number): void {
    if (this.#ends.size >= this.sizeMax && !this.#ends.has(key)) {
      this.#expire();
      if (this.#ends.size >= this.sizeMax) throw tooMany(this.verb, this.sizeMax);
    }
    this.#ends.set(key, endMs);
  }

  delete(key: string): boolean {
    const endMs = this.#ends.get(key) ?? 0;
    this.#ends.delete(key);
    return endMs > this.clock.wallMs();
  }

  #expire(): void {
    const nowMs = this.clock.wallMs();
    for (const [key, endMs] of this.#ends) if (endMs <= nowMs) this.#ends.delete(key);
  }
}

/** What is done to users for a time. */
export type Verb = "mute" | "block";

/** What one too many gets. */
export function tooMany(verb: Verb, sizeMax: number): ModerationFull {
  return new ModerationFull(`Cannot ${verb}: at most ${sizeMax} ${verb}s are kept at once`);
}
