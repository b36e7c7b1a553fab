import { getLogger } from "@logtape/logtape";
import { backoffMs } from "../base/backoff.ts";
import type { Clock } from "../base/clock.ts";
import type { Prng } from "../base/prng.ts";
import type { PushEntry, PushLog } from "../drivers/ports.ts";
import type { JobCounters } from "./counters.ts";
import type { Lane } from "./lane.ts";
import type { Lanes } from "./lanes.ts";
import { ACKS_MAX, ENTRIES_PER_READ, retryBackoff } from "./options.ts";
import { Pause } from "./pause.ts";
import { Push, type Settlement } from "./push.ts";

const log = getLogger(["halley", "job"]);

/** What all consumers of a job share. */
export interface ConsumerParts {
  readonly pushLog: PushLog;
  readonly lanes: Lanes;
  readonly clock: Clock;
  readonly prng: Prng;
  readonly counters: JobCounters;
}

/**
 * Carries the entries of one partition to the lanes, in order, and acknowledges each in the log
 * when every lane concerned is done with it. Full lanes hold it up, and that is what bounds it.
 */
export class Consumer implements Settlement {
  readonly #parts: ConsumerParts;
  readonly #partition: number;
  /** Ids taken and not yet acknowledged in the log: a claim shows these again. */
  readonly #open = new Set<string>();
  /** Ids that the lanes are done with. */
  #settled: string[] = [];
  #acknowledging: Promise<void> | undefined;
  #stopped = false;
  readonly #readPause: Pause;
  readonly #ackPause: Pause;

  constructor(partition: number, parts: ConsumerParts) {
    this.#partition = partition;
    this.#parts = parts;
    this.#readPause = new Pause(parts.clock);
    this.#ackPause = new Pause(parts.clock);
  }

  /** Consumes until stopped or the log is closed. */
  async run(): Promise<void> {
    let claimed = false;
    for (let failures = 0; !this.#stopped;) {
      const entries = await this.#take(claimed, failures);
      if (entries === undefined) {
        // A read that failed may still have taken entries: they are among the pending ones.
        claimed = false;
        failures++;
        continue;
      }
      if (claimed && entries.length === 0) return;
      if (claimed) failures = 0;
      claimed = true;
      await this.#hand(entries);
    }
  }

  settled(id: string): void {
    this.#settled.push(id);
    this.#acknowledging ??= this.#acknowledge();
  }

  /** Hands out no more; what the lanes hold is still acknowledged. */
  stop(): void {
    this.#stopped = true;
    this.#readPause.end();
  }

  /** Settles when what the lanes were done with so far is acknowledged in the log. */
  async idle(): Promise<void> {
    while (this.#acknowledging !== undefined) await this.#acknowledging;
  }

  /** Tries no more to acknowledge. */
  abandon(): void {
    this.#ackPause.end();
  }

  /**
   * Reads, or claims first.
   *
   * @param failures How often this failed just before.
   * @returns Nothing when it failed, after a wait.
   */
  async #take(claimed: boolean, failures: number): Promise<readonly PushEntry[] | undefined> {
    const { pushLog, prng } = this.#parts;
    try {
      return claimed
        ? await pushLog.read(this.#partition, ENTRIES_PER_READ)
        : await pushLog.claim(this.#partition);
    } catch (error) {
      this.#failed("read", failures, error);
      await this.#readPause.wait(backoffMs(failures, retryBackoff, prng));
      return undefined;
    }
  }

  async #hand(entries: readonly PushEntry[]): Promise<void> {
    for (const entry of entries) {
      if (this.#stopped) return;
      if (this.#open.has(entry.id)) continue;
      const wait = this.#dispatch(entry);
      if (wait !== undefined) await wait;
    }
    if (this.#settled.length >= ACKS_MAX) await this.#acknowledging;
  }

  /** @returns Nothing when the lanes took the entry at once. */
  #dispatch(entry: PushEntry): Promise<void> | undefined {
    this.#open.add(entry.id);
    const lanes = this.#lanesFor(entry);
    if (lanes.length === 0) {
      this.settled(entry.id);
      return undefined;
    }
    const push = new Push(entry, lanes.length, this);
    for (let index = 0; index < lanes.length; index++) {
      if (lanes[index].full) return this.#addAsRoomComes(push, lanes, index);
      lanes[index].add(push);
    }
    return undefined;
  }

  async #addAsRoomComes(push: Push, lanes: readonly Lane[], from: number): Promise<void> {
    for (let index = from; index < lanes.length; index++) {
      while (lanes[index].full) {
        await lanes[index].room();
        if (this.#stopped) return;
      }
      lanes[index].add(push);
    }
  }

  #lanesFor({ message }: PushEntry): readonly Lane[] {
    const { lanes } = this.#parts;
    if (message.kind !== "keys") return lanes.all();
    const lane = lanes.of(message.server);
    return lane === undefined ? [] : [lane];
  }

  async #acknowledge(): Promise<void> {
    const { pushLog, prng } = this.#parts;
    // The pushes of one batch are released in one go: this goes on when all of them are there.
    await Promise.resolve();
    for (let failures = 0; this.#settled.length > 0;) {
      const ids = this.#settled;
      this.#settled = [];
      try {
        await pushLog.ack(this.#partition, ids);
        for (const id of ids) this.#open.delete(id);
        failures = 0;
      } catch (error) {
        this.#failed("acknowledge", failures, error);
        this.#settled = ids.concat(this.#settled);
        await this.#ackPause.wait(backoffMs(failures++, retryBackoff, prng));
        if (this.#ackPause.ended) break;
      }
    }
    this.#acknowledging = undefined;
  }

  #failed(action: string, failures: number, error: unknown): void {
    this.#parts.counters.logFailures++;
    if (failures > 0) return;
    log.warn("failed to {action} partition {partition} of the push log: {error}", {
      action,
      partition: this.#partition,
      error,
    });
  }
}
