import type { Clock } from "../../base/clock.ts";
import { MutesFull } from "../errors.ts";
import { MUTES_MAX } from "../moderation.ts";
import type { Mutes } from "./local_moderation.ts";

/** Mutes in this process. */
export class MemoryMutes implements Mutes {
  /** When each ends, by mid and room. */
  readonly #ends = new Map<string, number>();

  constructor(
    private readonly clock: Pick<Clock, "wallMs">,
    private readonly mutesMax: number = MUTES_MAX,
  ) {}

  endMs(mid: bigint, room: string): number {
    return Math.max(
      this.#ends.get(keyOf(mid, room)) ?? 0,
      this.#ends.get(keyOf(mid, "")) ?? 0,
    );
  }

  set(mid: bigint, room: string, endMs: number): void {
    const key = keyOf(mid, room);
    if (this.#ends.size >= this.mutesMax && !this.#ends.has(key)) {
      this.#expire();
      if (this.#ends.size >= this.mutesMax) throw tooManyMutes(this.mutesMax);
    }
    this.#ends.set(key, endMs);
  }

  delete(mid: bigint, room: string): boolean {
    const key = keyOf(mid, room);
    const endMs = this.#ends.get(key) ?? 0;
    this.#ends.delete(key);
    return endMs > this.clock.wallMs();
  }

  #expire(): void {
    const nowMs = this.clock.wallMs();
    for (const [key, endMs] of this.#ends) if (endMs <= nowMs) this.#ends.delete(key);
  }
}

/** What a mute gets that would be one too many. */
export function tooManyMutes(mutesMax: number): MutesFull {
  return new MutesFull(`Cannot mute: at most ${mutesMax} mutes are kept at once`);
}

function keyOf(mid: bigint, room: string): string {
  return `${mid}:${room}`;
}
