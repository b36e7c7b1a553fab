import type { Clock } from "../../base/clock.ts";
import { type Prng, systemPrng } from "../../base/prng.ts";
import type { HistoryPage, HistoryQuery } from "../../protocol/history.ts";
import type { PushMessage, RoomPush } from "../../protocol/push_message.ts";
import { publishKey } from "../history.ts";
import type {
  Appended,
  AppendOptions,
  Lease,
  PartitionLag,
  PushEntry,
  PushLog,
  Retention,
} from "../ports.ts";
import { type PushLogOptions, StoreCounters } from "../store.ts";
import { MemoryHistory } from "./history.ts";
import { MemoryPartition } from "./partition.ts";
import { PublishIds } from "./publish_ids.ts";

/** Options that hold where none are given: 64 MiB over all partitions. */
export const memoryPushLogDefaults: PushLogOptions = {
  partitions: 8,
  partitionBytesMax: 8 * 1024 * 1024,
};

/** A push log in this process: what is in it ends with the process. */
export class MemoryPushLog implements PushLog {
  readonly partitions: number;
  readonly leaseMs: number;
  readonly #partitions: MemoryPartition[];
  /** Until when each owner lives. */
  readonly #owners = new Map<string, number>();

  readonly #history: MemoryHistory;
  readonly #publishIds: PublishIds;

  /**
   * @param clock What leases run by, and messages are kept by.
   * @param prng Where the epochs of rooms come from.
   */
  constructor(
    private readonly clock: Clock,
    options: PushLogOptions = memoryPushLogDefaults,
    prng: Prng = systemPrng(),
    counters: StoreCounters = new StoreCounters(),
  ) {
    const { partitions, partitionBytesMax, leaseMs = 3_000, offsetMax } = options;
    this.#history = new MemoryHistory({ clock, prng, counters }, offsetMax);
    this.#publishIds = new PublishIds(clock, counters);
    this.partitions = partitions;
    this.leaseMs = leaseMs;
    this.#partitions = Array.from(
      { length: partitions },
      (_, index) => new MemoryPartition(index, partitionBytesMax),
    );
  }

  /** Entries not yet acknowledged, over all partitions. */
  get entries(): number {
    return this.#partitions.reduce((sum, partition) => sum + partition.entries, 0);
  }

  /** Bytes not yet acknowledged, over all partitions. */
  get bytes(): number {
    return this.#partitions.reduce((sum, partition) => sum + partition.bytes, 0);
  }

  async append(
    partition: number,
    message: PushMessage,
    { retention, publishId }: AppendOptions = {},
  ): Promise<Appended> {
    const key = publishId === undefined ? undefined : publishKey(message, publishId);
    const before = key === undefined ? undefined : this.#publishIds.get(key);
    if (before !== undefined) return before;
    const entries = this.#partitions[partition];
    entries.reserve(message);
    const appended = message.kind === "room" && retention !== undefined
      ? this.#appendToRoom(entries, message, retention)
      : { position: entries.append(message) };
    if (key !== undefined) this.#publishIds.set(key, appended);
    return appended;
  }

  async readHistory(
    _partition: number,
    query: HistoryQuery,
    retention: Retention,
  ): Promise<HistoryPage> {
    return this.#history.read(query, retention);
  }

  async join(owner: string): Promise<readonly string[]> {
    const nowMs = this.clock.monotonicMs();
    this.#owners.set(owner, nowMs + this.leaseMs);
    for (const [other, endMs] of this.#owners) if (endMs <= nowMs) this.#owners.delete(other);
    return [...this.#owners.keys()].sort();
  }

  async leave(owner: string): Promise<void> {
    this.#owners.delete(owner);
    for (const partition of this.#partitions) partition.free(owner);
  }

  async acquire(partition: number, owner: string): Promise<Lease | undefined> {
    return this.#partitions[partition].acquire(owner, this.clock.monotonicMs(), this.leaseMs);
  }

  async release(lease: Lease): Promise<void> {
    this.#partitions[lease.partition].release(lease);
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
    return this.#partitions.map(({ entries, bytes }) => ({ entries, bytes }));
  }

  async close(): Promise<void> {
    for (const partition of this.#partitions) partition.close();
  }

  #appendToRoom(entries: MemoryPartition, message: RoomPush, retention: Retention): Appended {
    const stream = this.#history.append(message, retention);
    return { position: entries.append({ ...message, stream }), stream };
  }

  #leased(lease: Lease): MemoryPartition {
    const partition = this.#partitions[lease.partition];
    partition.check(lease, this.clock.monotonicMs());
    return partition;
  }
}
