import { getLogger } from "@logtape/logtape";
import { backoffMs } from "../base/backoff.ts";
import { CancellableDelay } from "../base/cancellable_delay.ts";
import type { Clock } from "../base/clock.ts";
import type { Prng } from "../base/prng.ts";
import { type Lease, LeaseLost, type PushEntry, type PushLog } from "../drivers/ports.ts";
import type { CometDirectory } from "./comet_directory.ts";
import type { JobCounters } from "./counters.ts";
import type { Lane } from "./lane.ts";
import type { Lanes } from "./lanes.ts";
import { ACKS_MAX, ENTRIES_PER_READ, retryBackoff } from "./options.ts";
import { type AckTracker, LanePush } from "./lane_push.ts";

const log = getLogger(["halley", "job"]);

/** Dependencies of all consumers of a job. */
export interface ConsumerDependencies {
  readonly pushLog: PushLog;
  readonly comets: CometDirectory;
  readonly lanes: Lanes;
  readonly clock: Clock;
  readonly prng: Prng;
  readonly counters: JobCounters;
}

/**
 * Carries the entries of one partition to the lanes, in order, for as long as its lease lasts, and
 * acknowledges each in the log when every lane concerned is done with it. Full lanes hold it up,
 * and that is what bounds it.
 */
export class Consumer implements AckTracker {
  /** Positions taken and not yet acknowledged in the log: a claim shows these again. */
  readonly #open = new Set<number>();
  /** Positions that the lanes are done with. */
  #acked: number[] = [];
  #acknowledging: Promise<void> | undefined;
  #stopped = false;
  #lost = false;
  readonly #readDelay: CancellableDelay;
  readonly #ackDelay: CancellableDelay;

  constructor(readonly lease: Lease, private readonly parts: ConsumerDependencies) {
    this.#readDelay = new CancellableDelay(parts.clock);
    this.#ackDelay = new CancellableDelay(parts.clock);
  }

  /** Whether its lease is known to be gone: it does nothing any more. */
  get lost(): boolean {
    return this.#lost;
  }

  /** Whether it hands out no more. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** Whether everything that it took is acknowledged. */
  get empty(): boolean {
    return this.#open.size === 0;
  }

  /** Consumes until stopped or the lease is lost. */
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
      if (claimed) failures = 0;
      claimed = true;
      await this.#hand(entries);
    }
  }

  ack(position: number): void {
    if (this.#lost) return;
    this.#acked.push(position);
    this.#acknowledging ??= this.#acknowledge();
  }

  fenced(): void {
    this.lose();
  }

  /** Hands out no more; what the lanes hold is still acknowledged. */
  stop(): void {
    this.#stopped = true;
    this.#readDelay.cancel();
  }

  /** The lease is gone: what is not acknowledged is its next owner's. */
  lose(): void {
    if (this.#lost) return;
    this.#lost = true;
    this.stop();
    this.#ackDelay.cancel();
    this.#open.clear();
    this.#acked = [];
  }

  /** Settles when what the lanes were done with so far is acknowledged in the log. */
  async idle(): Promise<void> {
    while (this.#acknowledging !== undefined) await this.#acknowledging;
  }

  /** Tries no more to acknowledge. */
  abandon(): void {
    this.#ackDelay.cancel();
  }

  /**
   * Reads, or claims first.
   *
   * @param failures How often this failed just before.
   * @returns Nothing when it failed, after a wait.
   */
  async #take(claimed: boolean, failures: number): Promise<readonly PushEntry[] | undefined> {
    const { pushLog, comets, prng } = this.parts;
    try {
      const entries = claimed
        ? await pushLog.read(this.lease, ENTRIES_PER_READ)
        : await pushLog.claim(this.lease);
      // A comet that is not known yet may have clients who are waiting for these.
      const current = entries.length === 0 ? undefined : comets.current();
      if (current !== undefined) await current;
      return entries;
    } catch (error) {
      if (this.#failed("read", failures, error)) return undefined;
      await this.#readDelay.wait(backoffMs(failures, retryBackoff, prng));
      return undefined;
    }
  }

  async #hand(entries: readonly PushEntry[]): Promise<void> {
    for (const entry of entries) {
      if (this.#stopped) return;
      if (this.#open.has(entry.position)) continue;
      const wait = this.#dispatch(entry);
      if (wait !== undefined) await wait;
    }
    if (this.#acked.length >= ACKS_MAX) await this.#acknowledging;
  }

  /** @returns Nothing when the lanes took the entry at once. */
  #dispatch(entry: PushEntry): Promise<void> | undefined {
    this.#open.add(entry.position);
    const lanes = this.#lanesFor(entry);
    if (lanes.length === 0) {
      this.ack(entry.position);
      return undefined;
    }
    const push = new LanePush(entry, lanes.length, this);
    for (let index = 0; index < lanes.length; index++) {
      if (lanes[index].full) return this.#addWhenCapacity(push, lanes, index);
      lanes[index].add(push);
    }
    return undefined;
  }

  async #addWhenCapacity(push: LanePush, lanes: readonly Lane[], from: number): Promise<void> {
    for (let index = from; index < lanes.length; index++) {
      while (lanes[index].full) {
        await lanes[index].waitForCapacity();
        if (this.#stopped) return;
      }
      lanes[index].add(push);
    }
  }

  #lanesFor({ message }: PushEntry): readonly Lane[] {
    const { lanes } = this.parts;
    if (message.kind === "room") return lanes.forRoom(message.room);
    if (message.kind === "broadcast") return lanes.all();
    const lane = lanes.of(message.server);
    return lane === undefined ? [] : [lane];
  }

  async #acknowledge(): Promise<void> {
    const { pushLog, prng } = this.parts;
    // The pushes of one batch are acknowledged in one go: this goes on when all of them are there.
    await Promise.resolve();
    for (let failures = 0; this.#acked.length > 0;) {
      const positions = this.#acked;
      this.#acked = [];
      try {
        await pushLog.ack(this.lease, positions);
        for (const position of positions) this.#open.delete(position);
        failures = 0;
      } catch (error) {
        if (this.#failed("acknowledge", failures, error)) break;
        this.#acked = positions.concat(this.#acked);
        await this.#ackDelay.wait(backoffMs(failures++, retryBackoff, prng));
        if (this.#ackDelay.cancelled) break;
      }
    }
    this.#acknowledging = undefined;
  }

  /** @returns Whether it is over, since the lease is lost. */
  #failed(action: string, failures: number, error: unknown): boolean {
    if (error instanceof LeaseLost) {
      this.lose();
      return true;
    }
    this.parts.counters.logFailures++;
    if (failures > 0) return false;
    log.warn("failed to {action} partition {partition} of the push log: {error}", {
      action,
      partition: this.lease.partition,
      error,
    });
    return false;
  }
}
