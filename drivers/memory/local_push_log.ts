import type { Clock } from "../../base/clock.ts";
import type { HistoryPage, HistoryQuery } from "../../protocol/history.ts";
import type { PushMessage } from "../../protocol/push_message.ts";
import type {
  Appended,
  AppendOptions,
  Lease,
  PartitionLag,
  PushEntry,
  PushLog,
  Retention,
} from "../ports.ts";
import type { PushLogOptions } from "../store.ts";
import { MemoryPartition } from "./partition.ts";

/** A push log whose entries are in this process, and end with it; where histories are is open. */
export abstract class LocalPushLog implements PushLog {
  readonly partitions: number;
  readonly leaseMs: number;
  /** The partitions' entries. */
  protected readonly entriesOf: readonly MemoryPartition[];
  /** Until when each owner lives. */
  readonly #owners = new Map<string, number>();

  /** @param clock What leases run by. */
  constructor(
    private readonly clock: Clock,
    { partitions, partitionBytesMax, leaseMs = 3_000 }: PushLogOptions,
  ) {
    this.partitions = partitions;
    this.leaseMs = leaseMs;
    this.entriesOf = Array.from(
      { length: partitions },
      (_, index) => new MemoryPartition(index, partitionBytesMax),
    );
  }

  abstract append(
    partition: number,
    message: PushMessage,
    options?: AppendOptions,
  ): Promise<Appended>;

  abstract readHistory(
    partition: number,
    query: HistoryQuery,
    retention: Retention,
  ): Promise<HistoryPage>;

  /** Entries not yet acknowledged, over all partitions. */
  get entries(): number {
    return this.entriesOf.reduce((sum, { entries }) => sum + entries, 0);
  }

  /** Bytes not yet acknowledged, over all partitions. */
  get bytes(): number {
    return this.entriesOf.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  async join(owner: string): Promise<readonly string[]> {
    const nowMs = this.clock.monotonicMs();
    this.#owners.set(owner, nowMs + this.leaseMs);
    for (const [other, endMs] of this.#owners) if (endMs <= nowMs) this.#owners.delete(other);
    return [...this.#owners.keys()].sort();
  }

  async leave(owner: string): Promise<void> {
    this.#owners.delete(owner);
    for (const partition of this.entriesOf) partition.free(owner);
  }

  async acquire(partition: number, owner: string): Promise<Lease | undefined> {
    return this.entriesOf[partition].acquire(owner, this.clock.monotonicMs(), this.leaseMs);
  }

  async release(lease: Lease): Promise<void> {
    this.entriesOf[lease.partition].release(lease);
  }

  async read(lease: Lease, entriesMax: number): Promise<readonly PushEntry[]> {
    return await this.#leased(lease).read(entriesMax);
  }

  async claim(lease: Lease): Promise<readonly PushEntry[]> {
    return this.#leased(lease).claim();
  }

  async ack(lease: Lease, positions: readonly number[]): Promise<void> {
    this.#leased(lease).ack(positions);
  }

  async lag(): Promise<readonly PartitionLag[]> {
    return this.entriesOf.map(({ entries, bytes }) => ({ entries, bytes }));
  }

  async close(): Promise<void> {
    for (const partition of this.entriesOf) partition.close();
  }

  #leased(lease: Lease): MemoryPartition {
    const partition = this.entriesOf[lease.partition];
    partition.check(lease, this.clock.monotonicMs());
    return partition;
  }
}
