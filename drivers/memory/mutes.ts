import type { Clock } from "../../base/clock.ts";
import { BLOCKS_MAX, MUTES_MAX } from "../moderation.ts";
import { type EndTimes, MemoryEndTimes } from "./end_times.ts";
import type { Mutes } from "./local_moderation.ts";

/** Mutes in this process. */
export class MemoryMutes implements Mutes {
  readonly #ends: EndTimes;

  constructor(clock: Pick<Clock, "wallMs">, mutesMax: number = MUTES_MAX) {
    this.#ends = new MemoryEndTimes(clock, mutesMax, "mute");
  }

  endMs(mid: bigint, room: string): number {
    return Math.max(this.#ends.endMs(keyOf(mid, room)), this.#ends.endMs(keyOf(mid, "")));
  }

  set(mid: bigint, room: string, endMs: number): void {
    this.#ends.set(keyOf(mid, room), endMs);
  }

  delete(mid: bigint, room: string): boolean {
    return this.#ends.delete(keyOf(mid, room));
  }
}

/** Blocks in this process. */
export function memoryBlocks(clock: Pick<Clock, "wallMs">, blocksMax = BLOCKS_MAX): EndTimes {
  return new MemoryEndTimes(clock, blocksMax, "block");
}

function keyOf(mid: bigint, room: string): string {
  return `${mid}:${room}`;
}
