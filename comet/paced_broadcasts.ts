import { getLogger } from "@logtape/logtape";
import { type Clock, nextTurn, type TimerHandle } from "../base/clock.ts";
import type { Channel } from "./channel.ts";
import type { Channels } from "./channels.ts";
import type { CometCounters } from "./counters.ts";
import { FANOUT_SLICE, PACED_BYTES_MAX, PACED_FINISH_MS } from "./options.ts";
import type { EncodedPush } from "./format/encoded_push.ts";

const log = getLogger(["halley", "comet"]);

/** How often a share of the connections is served, in milliseconds. */
const STEP_MS = 10;

interface PacedBroadcast {
  readonly operation: number;
  readonly push: EncodedPush;
  /** Connections per second. */
  readonly speed: number;
}

/** Writes to one channel, if it accepts the operation. */
type Write = (channel: Channel, operation: number, push: EncodedPush) => void;

/**
 * Broadcasts with a speed: one after the other, each over the slots of the table, so many
 * connections a second, and no more in one step than a slice of any fan-out. Whoever connects behind
 * the walk's place does not get it any more.
 */
export class PacedBroadcasts {
  readonly #waiting: PacedBroadcast[] = [];
  #bytes = 0;
  #slot = 0;
  /** Connections that may be served now; fractions carry over. */
  #credit = 0;
  #timer: TimerHandle | undefined;

  constructor(
    private readonly channels: Channels,
    private readonly clock: Clock,
    private readonly counters: CometCounters,
    private readonly write: Write,
  ) {}

  /** Queues a broadcast; one that finds too much waiting is dropped and counted. */
  add(operation: number, push: EncodedPush, speed: number): void {
    if (this.#bytes + push.frames.length > PACED_BYTES_MAX) {
      this.counters.broadcastsDropped++;
      log.warn("dropped a paced broadcast: {bytes} bytes of others wait", { bytes: this.#bytes });
      return;
    }
    this.#bytes += push.frames.length;
    this.#waiting.push({ operation, push, speed });
    this.#timer ??= this.clock.setInterval(() => this.#step(this.#share()), STEP_MS);
  }

  /**
   * Sends all that waits as fast as any fan-out, since the comet is to stop. What is left after
   * `PACED_FINISH_MS` is dropped and counted.
   */
  async finish(): Promise<void> {
    this.#endSteps();
    const deadlineMs = this.clock.monotonicMs() + PACED_FINISH_MS;
    while (this.#waiting.length > 0 && this.clock.monotonicMs() < deadlineMs) {
      this.#step(FANOUT_SLICE);
      await nextTurn(this.clock);
    }
    const left = this.#waiting.length;
    this.stop();
    if (left === 0) return;
    this.counters.broadcastsDropped += left;
    log.warn("dropped {left} paced broadcasts: the comet stops", { left });
  }

  /** Drops all. */
  stop(): void {
    this.#endSteps();
    this.#waiting.length = 0;
    this.#bytes = 0;
  }

  #endSteps(): void {
    if (this.#timer !== undefined) this.clock.cancel(this.#timer);
    this.#timer = undefined;
  }

  /** What the speed of the first broadcast allows in one step. */
  #share(): number {
    return this.#waiting[0].speed * STEP_MS / 1000;
  }

  #step(share: number): void {
    const { operation, push } = this.#waiting[0];
    this.#credit = Math.min(this.#credit + share, FANOUT_SLICE);
    while (this.#credit >= 1 && this.#slot < this.channels.slots) {
      const channel = this.channels.at(this.#slot++);
      if (channel === undefined) continue;
      this.#credit--;
      this.write(channel, operation, push);
    }
    if (this.#slot >= this.channels.slots) this.#next();
  }

  #next(): void {
    this.#bytes -= this.#waiting.shift()!.push.frames.length;
    this.#slot = 0;
    this.#credit = 0;
    if (this.#waiting.length === 0) this.stop();
  }
}
