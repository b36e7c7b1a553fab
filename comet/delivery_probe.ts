import type { Clock } from "../base/clock.ts";
import { withTimeout } from "../base/with_timeout.ts";
import { isUnknownMethod } from "../protocol/cluster/calls.ts";
import type { LogicApi } from "../protocol/cluster/logic_calls.ts";
import { PROBE_AGE_MS_MAX, probeRoom, sentMsOf } from "../protocol/cluster/probe.ts";
import type { CometCounters } from "./counters.ts";

/** How long a probe may be on its way before its partition is probed once more, in milliseconds. */
const SUSPECT_MS = 4_000;

/** How long logic may take to answer, in milliseconds; the others hear nothing meanwhile. */
const ANSWER_MS = 3_000;

/** Dependencies of a delivery probe. */
export interface DeliveryProbeDependencies {
  /** This run of the comet. */
  readonly server: string;
  readonly logic: Pick<LogicApi, "probe">;
  readonly clock: Clock;
  /** The time in which this process ran: while it stood still, it could hear no answer. */
  readonly running: Clock;
  readonly counters: Pick<CometCounters, "probesSent" | "probesReturned" | "probesFailed">;
  /** Whether the cluster has given this comet up, so that jobs send it nothing. */
  readonly isGivenUp: () => boolean;
}

/**
 * Finds out whether pushes get here: has logic push to a room of this comet's own, in one partition
 * of the push log after the other, and sees what comes back.
 */
export class DeliveryProbe {
  /** What it watches. */
  readonly room: string;
  readonly #startMs: number;
  /** When the latest push that has come back was asked for. */
  #returnedMs: number | undefined;
  /** By partition: when the oldest push was asked for that the store has and that is not back. */
  readonly #stored = new Map<number, number>();
  #partitions = 1;
  #turn = 0;
  #askedMs = -Infinity;
  #isUnderWay = false;
  /** Why the last question led to nothing. */
  #failure: "logic" | "store" | undefined;
  /** Whether logic knows of no probes, since it is of the version before. */
  #isUnknown = false;
  /** Whether logics are to hear at once that pushes come back. */
  #tellDue = false;

  constructor(private readonly parts: DeliveryProbeDependencies) {
    this.#startMs = this.#nowMs;
    this.room = probeRoom(parts.server);
  }

  /**
   * How long ago the latest push that has come back was asked for, in milliseconds; before the first,
   * how long there has been none.
   */
  get ageMs(): number {
    return this.#nowMs - (this.#returnedMs ?? this.#startMs);
  }

  /**
   * Why pushes do not get here, as far as is known; nothing when they do.
   *
   * @param isAlone Whether store and job are in this same process: as it starts, they are there.
   */
  problem(isAlone = false): string | undefined {
    if (this.#isUnknown) return undefined;
    if (this.parts.isGivenUp()) {
      return "shut: the cluster has given this comet up, and it is on its way back";
    }
    const oldestMs = Math.min(...this.#stored.values());
    const isStuck = this.#nowMs - oldestMs > PROBE_AGE_MS_MAX;
    const isFresh = isAlone ? this.ageMs <= PROBE_AGE_MS_MAX : this.#isFresh;
    if (!isStuck && isFresh) return undefined;
    if (this.#failure === "logic") return "logic does not answer";
    if (this.#failure === "store") return "the store does not take pushes";
    if (this.#stored.size === 0) return "no push has been delivered yet";
    const seconds = Math.floor((this.#nowMs - oldestMs) / 1_000);
    return `no job has delivered a push that the store has had for ${seconds} s`;
  }

  /**
   * To be called every tick.
   *
   * @param periodMs How often to probe, in milliseconds; 0 for never.
   */
  tick(periodMs: number): void {
    if (periodMs === 0 || this.#isUnderWay) return;
    const pushes = this.#nowMs - this.#askedMs >= periodMs;
    if (!pushes && !this.#tellDue) return;
    this.#tellDue = false;
    void this.#ask(pushes);
  }

  /** A push to the room has come back. */
  returned(partition: number, frames: Uint8Array): void {
    const sentMs = sentMsOf(frames);
    if (!(sentMs <= this.#nowMs)) return;
    this.parts.counters.probesReturned++;
    const oldestMs = this.#stored.get(partition);
    if (oldestMs !== undefined && oldestMs <= sentMs) this.#stored.delete(partition);
    this.#tellDue ||= !this.#isFresh;
    this.#returnedMs = Math.max(this.#returnedMs ?? -Infinity, sentMs);
  }

  get #isFresh(): boolean {
    return this.#returnedMs !== undefined && this.ageMs <= PROBE_AGE_MS_MAX;
  }

  get #nowMs(): number {
    return Math.floor(this.parts.clock.monotonicMs());
  }

  async #ask(pushes: boolean): Promise<void> {
    const { server, logic, running, counters } = this.parts;
    const sentMs = this.#nowMs;
    const partition = pushes ? this.#nextPartition() : 0;
    const ageMs = this.#returnedMs === undefined ? undefined : sentMs - this.#returnedMs;
    this.#isUnderWay = true;
    if (pushes) {
      this.#askedMs = sentMs;
      counters.probesSent++;
      // It may be back before logic has answered.
      if (!this.#stored.has(partition)) this.#stored.set(partition, sentMs);
    }
    try {
      const asked = logic.probe({ server, partition, sentMs, ageMs, pushes });
      const reply = await withTimeout(running, ANSWER_MS, asked);
      this.#isUnknown = false;
      this.#partitions = Math.max(1, reply.partitions);
      if (pushes) this.#failure = reply.stored ? undefined : "store";
    } catch (error) {
      this.#isUnknown = isUnknownMethod(error);
      if (pushes) this.#failure = "logic";
    }
    this.#isUnderWay = false;
    if (!pushes || this.#failure === undefined) return;
    counters.probesFailed++;
    if (this.#stored.get(partition) === sentMs) this.#stored.delete(partition);
  }

  /** Each in turn, and between them again the one that is late, since a push may have been given up. */
  #nextPartition(): number {
    const turn = this.#turn++;
    if (turn % 2 === 1) {
      let [suspect, oldestMs] = [-1, this.#nowMs - SUSPECT_MS];
      for (const [partition, storedMs] of this.#stored) {
        if (storedMs < oldestMs) [suspect, oldestMs] = [partition, storedMs];
      }
      if (suspect >= 0) return suspect;
    }
    return Math.floor(turn / 2) % this.#partitions;
  }
}
