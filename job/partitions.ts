import { getLogger } from "@logtape/logtape";
import type { Clock, TimerHandle } from "../base/clock.ts";
import type { PushLog } from "../drivers/ports.ts";
import { Consumer, type ConsumerDependencies } from "./consumer.ts";
import { HANDOVER_MS } from "./options.ts";

const log = getLogger(["halley", "job"]);

/** A partition that this job reads, or is giving up. */
interface HeldPartition {
  readonly consumer: Consumer;
  /** When it began to be given up; undefined while it is meant to be kept. */
  leavingMs: number | undefined;
}

/**
 * Shares the partitions evenly with the other live jobs: of the owners in order, each holds every
 * n-th. A partition changes hands when its reader has delivered what it took, or after a while.
 */
export class Partitions {
  readonly #held = new Map<number, HeldPartition>();
  readonly #clock: Clock;
  readonly #pushLog: PushLog;
  #timer: TimerHandle | undefined;
  #round: Promise<void> | undefined;
  #failures = 0;
  #stopped = false;

  /** @param owner This run of the job. */
  constructor(private readonly owner: string, private readonly parts: ConsumerDependencies) {
    this.#clock = parts.clock;
    this.#pushLog = parts.pushLog;
  }

  /** How many partitions are held. */
  get size(): number {
    return this.#held.size;
  }

  /** Begins to take part. */
  start(): void {
    this.#timer = this.#clock.setInterval(() => this.#begin(), this.#pushLog.leaseMs / 3);
    this.#begin();
  }

  /** Reads no more; what is on its way is still acknowledged. */
  stop(): void {
    this.#stopped = true;
    for (const { consumer } of this.#held.values()) consumer.stop();
  }

  /** Settles when what the lanes were done with so far is acknowledged. */
  async idle(): Promise<void> {
    for (const { consumer } of this.#held.values()) await consumer.idle();
  }

  /** Gives everything up for the other jobs to take. */
  async leave(): Promise<void> {
    if (this.#timer !== undefined) this.#clock.cancel(this.#timer);
    for (const { consumer } of this.#held.values()) consumer.abandon();
    await this.#round;
    try {
      await this.#pushLog.leave(this.owner);
    } catch (error) {
      log.warn("cannot give the partitions up, they will run out: {error}", { error });
    }
    for (const { consumer } of this.#held.values()) consumer.lose();
    this.#held.clear();
  }

  /** One round at a time, however slow the log is. */
  #begin(): void {
    this.#round ??= this.#renew().finally(() => this.#round = undefined);
  }

  async #renew(): Promise<void> {
    try {
      const owners = await this.#pushLog.join(this.owner);
      const share = { count: owners.length, index: owners.indexOf(this.owner) };
      const rounds = Array.from(
        { length: this.#pushLog.partitions },
        (_, partition) =>
          partition % share.count === share.index
            ? this.#renewLease(partition)
            : this.#handOver(partition),
      );
      const results = await Promise.allSettled(rounds);
      const failed = results.find((result) => result.status === "rejected");
      if (failed !== undefined) throw failed.reason;
      if (this.#failures > 0) log.info("partitions of the push log are within reach again");
      this.#failures = 0;
    } catch (error) {
      this.parts.counters.logFailures++;
      if (this.#failures++ > 0) return;
      log.warn("cannot renew the leases of the push log: {error}", { error });
    }
  }

  /** Takes or renews the lease of a partition that is ours. */
  async #renewLease(partition: number): Promise<void> {
    const held = this.#held.get(partition);
    if (held === undefined && this.#stopped) return;
    if (held !== undefined) held.leavingMs = undefined;
    const lease = await this.#pushLog.acquire(partition, this.owner);
    if (lease !== undefined && lease.token === held?.consumer.lease.token && !held.consumer.lost) {
      // One that was to be given up and is ours again has stopped: it goes the whole way round.
      if (held.consumer.stopped && !this.#stopped) await this.#giveUp(partition, held);
      return;
    }
    if (held !== undefined) this.#forget(partition, held);
    if (lease === undefined) return;
    if (this.#stopped || held?.consumer.lease.token === lease.token) {
      return await this.#pushLog.release(lease);
    }
    const consumer = new Consumer(lease, this.parts);
    this.#held.set(partition, { consumer, leavingMs: undefined });
    this.parts.counters.leases++;
    void consumer.run();
  }

  /** Gives a partition up that is another's. */
  async #handOver(partition: number): Promise<void> {
    const held = this.#held.get(partition);
    if (held === undefined) return;
    const { consumer } = held;
    if (consumer.lost) return this.#forget(partition, held);
    consumer.stop();
    held.leavingMs ??= this.#clock.monotonicMs();
    const waitedMs = this.#clock.monotonicMs() - held.leavingMs;
    if (consumer.empty || waitedMs >= HANDOVER_MS) return await this.#giveUp(partition, held);
    const lease = await this.#pushLog.acquire(partition, this.owner);
    if (lease?.token !== consumer.lease.token) this.#forget(partition, held);
  }

  async #giveUp(partition: number, { consumer }: HeldPartition): Promise<void> {
    this.#held.delete(partition);
    consumer.lose();
    await this.#pushLog.release(consumer.lease);
  }

  #forget(partition: number, { consumer }: HeldPartition): void {
    this.#held.delete(partition);
    consumer.lose();
    this.parts.counters.leasesLost++;
    log.warn("lost the lease of partition {partition}", { partition });
  }
}
