import type { Clock } from "../../base/clock.ts";
import { StoreCounters } from "../store.ts";
import { LocalModeration } from "./local_moderation.ts";
import { memoryBlocks, MemoryMutes } from "./mutes.ts";

/** Moderation in this process: what is in it ends with the process. */
export class MemoryModeration extends LocalModeration {
  constructor(
    clock: Pick<Clock, "monotonicMs" | "wallMs">,
    counters: StoreCounters = new StoreCounters(),
  ) {
    super(clock, counters, new MemoryMutes(clock), memoryBlocks(clock));
  }
}
