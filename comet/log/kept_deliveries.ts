import { EMPTY } from "../../protocol/frame.ts";
import type { RoomDelivery } from "../../protocol/cluster/delivery.ts";
import type { LogMemory } from "./log_memory.ts";
import { KEPT_OVERHEAD_BYTES } from "./ring.ts";

/** What a room's log takes of a delivery. */
export type LogDelivery = Pick<RoomDelivery, "epoch" | "head" | "frames">;

/**
 * Deliveries to a room that wait until the store has been read, in their order. Of those that find
 * no room it is only kept how far they go, since the store has what was in them.
 */
export class KeptDeliveries {
  #deliveries: LogDelivery[] = [];
  #bytes = 0;
  /** How many the store was asked about last. */
  #asked = 0;

  constructor(private readonly memory: LogMemory) {}

  get length(): number {
    return this.#deliveries.length;
  }

  /**
   * Notes that the store is asked about all that are here: what comes from now on, its answer may
   * not have.
   *
   * @returns How many there are.
   */
  ask(): number {
    return this.#asked = this.length;
  }

  /** Epochs of the first of them. */
  epochs(count = this.length): Set<string> {
    return new Set(this.#deliveries.slice(0, count).map(({ epoch }) => epoch));
  }

  add(delivery: LogDelivery): void {
    const { epoch, head, frames } = delivery;
    const bytes = frames.length + KEPT_OVERHEAD_BYTES;
    if (frames.length > 0 && this.memory.mayKeep(this.#bytes, bytes)) {
      this.#bytes += bytes;
      this.memory.keptBytes += bytes;
      this.#deliveries.push(delivery);
      return;
    }
    const last = this.length > this.#asked ? this.#deliveries.at(-1) : undefined;
    if (last?.epoch === epoch && last.frames.length === 0) this.#deliveries.pop();
    this.#deliveries.push({ epoch, head, frames: EMPTY });
  }

  /** Takes all of them. */
  take(): LogDelivery[] {
    const deliveries = this.#deliveries;
    this.memory.keptBytes -= this.#bytes;
    this.#deliveries = [];
    this.#bytes = 0;
    this.#asked = 0;
    return deliveries;
  }
}
