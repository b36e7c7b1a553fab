import type { HistoryPage, HistoryQuery, StreamPosition } from "../protocol/history.ts";
import type { PushMessage } from "../protocol/push_message.ts";

/** A push in the log. */
export interface PushEntry {
  /** A safe integer that grows within a partition, also when the log has lost its data. */
  readonly position: number;
  readonly message: PushMessage;
}

/** The right to read a partition, for a while. */
export interface Lease {
  readonly partition: number;
  /** This run of the job that holds it. */
  readonly owner: string;
  /** The fencing token: a safe integer that grows at each change of owner. */
  readonly token: number;
}

/** The lease ran out and may be another owner's now, or the log was closed. */
export class LeaseLost extends Error {
  override readonly name = "LeaseLost";
}

/** How many pushes of a partition are not yet acknowledged. */
export interface PartitionLag {
  readonly entries: number;
  /** Bytes that count against the partition's limit. */
  readonly bytes: number;
}

/** How much of a room is kept. */
export interface Retention {
  /** Most messages of a room. */
  readonly sizeMax: number;
  /** For how long a message is kept, in milliseconds. */
  readonly ttlMs: number;
  /**
   * `media`: messages with a media time are found by it until `ttlMs` is over, also those that are no
   * longer among the latest `sizeMax`; `offset` when absent: they are not.
   */
  readonly by?: "offset" | "media";
}

/** How a push is stored, beside what it says. */
export interface AppendOptions {
  /** Makes a push to a room the next message of the room's history. */
  readonly retention?: Retention;
  /**
   * Names the push among those to the same room, comet or operation: for {@linkcode PUBLISH_ID_MS}
   * another append with this id stores nothing and is answered as the first one was.
   */
  readonly publishId?: string;
}

/** How long a publish id is known, in milliseconds. */
export const PUBLISH_ID_MS = 300_000;

/** Where a push was stored. */
export interface Appended {
  /** The entry's position; once it is there, the push will be delivered. */
  readonly position: number;
  /** Its place in the room's history, where it has one. */
  readonly stream?: StreamPosition;
}

/** What every push log promises. */
export type PushLogPromise =
  /** A push is read as it was appended: every kind, every byte, every character. */
  | "whole"
  /** Entries of a partition are read by growing positions; what is appended later comes later. */
  | "ordered"
  /** An entry whose append was answered is pending for whoever has the lease until it is acked. */
  | "kept"
  /** One owner at a time reads a partition; one that has lost its lease takes and acks nothing. */
  | "fenced"
  /** All who joined and did not leave know of each other within a lease. */
  | "owners"
  /** A partition holds so many bytes and refuses more, and no push is larger than the limit. */
  | "bounded"
  /** A read waits for an entry; closing the log ends it. */
  | "waiting"
  /**
   * Messages of a room that keeps history get the next offset, whoever appends, and the entry says
   * which. When the room's state is lost, or its offsets are used up, they begin at 1 under another
   * epoch. Reading leaves no trace.
   */
  | "offsets"
  /**
   * What was appended is in the history at once and whole: the latest `sizeMax` messages, none older
   * than `ttlMs`, read by offset or as the latest ones, in pages with limits.
   */
  | "history"
  /**
   * Messages are found by their media time, whatever the order they came in. Where the retention is
   * by `media`, those that have one are kept for `ttlMs` however many they are; by offset, and as the
   * latest ones, a read gives none that is not among the latest `sizeMax`.
   */
  | "media"
  /** A push with an id is stored once, however often and by however many at once it is appended. */
  | "once";

/** The ordered, partitioned log between logic and job. */
export interface PushLog {
  readonly partitions: number;
  /** How long a lease, or an owner, lives after it was last renewed, in milliseconds. */
  readonly leaseMs: number;
  /**
   * Stores a push at the end of a partition.
   *
   * @throws {PushLogFull} When the partition's bytes not yet acknowledged are at their limit.
   */
  append(partition: number, message: PushMessage, options?: AppendOptions): Promise<Appended>;
  /**
   * Reads messages that a room has kept.
   *
   * @param partition That of the room.
   * @param retention As at the last append: what is beyond it is not given.
   */
  readHistory(
    partition: number,
    query: HistoryQuery,
    retention: Retention,
  ): Promise<HistoryPage>;
  /**
   * Joins the owners among whom the partitions are shared, or stays among them: to be called at a
   * third of {@linkcode leaseMs}.
   *
   * @returns All live owners, sorted, the caller included.
   */
  join(owner: string): Promise<readonly string[]>;
  /** Leaves the owners and gives up every lease at once. */
  leave(owner: string): Promise<void>;
  /**
   * Takes the lease of a partition that nobody holds, or renews one's own, whose token stays.
   *
   * @returns Nothing while the lease is another owner's.
   */
  acquire(partition: number, owner: string): Promise<Lease | undefined>;
  /** Gives a lease up; one that is lost already is ignored. */
  release(lease: Lease): Promise<void>;
  /**
   * Takes the next entries of a partition, oldest first, and waits a while when there are none.
   * They stay pending until acknowledged.
   *
   * @param entriesMax The most to take.
   * @returns The entries, or none when none came.
   * @throws {LeaseLost} When the lease is not the caller's any more; then nothing was taken.
   */
  read(lease: Lease, entriesMax: number): Promise<readonly PushEntry[]>;
  /**
   * All pending entries of a partition, oldest first, those of owners before included: what is
   * handled before `read`, after each new lease and each failed read.
   *
   * @throws {LeaseLost} When the lease is not the caller's any more.
   */
  claim(lease: Lease): Promise<readonly PushEntry[]>;
  /**
   * Forgets entries that every live comet concerned has taken.
   *
   * @throws {LeaseLost} When the lease is not the caller's any more; then they stay.
   */
  ack(lease: Lease, positions: readonly number[]): Promise<void>;
  /** What is not yet acknowledged, per partition. */
  lag(): Promise<readonly PartitionLag[]>;
  /** Ends every waiting `read`, and all leases; the store stays open. */
  close(): Promise<void>;
}
