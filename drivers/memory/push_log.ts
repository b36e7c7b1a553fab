import type { PushMessage } from "../../protocol/push_message.ts";
import { type PushEntry, type PushLog, PushLogFull } from "../ports.ts";

/** How large a {@linkcode MemoryPushLog} may get. */
export interface MemoryPushLogOptions {
  /** How many partitions there are. */
  readonly partitions: number;
  /** Bytes of entries not yet acknowledged that one partition may hold. */
  readonly partitionBytesMax: number;
}

/** Options that hold where none are given: 64 MiB over all partitions. */
export const memoryPushLogDefaults: MemoryPushLogOptions = {
  partitions: 8,
  partitionBytesMax: 8 * 1024 * 1024,
};

/** What an entry costs beside its body and keys, in bytes, about. */
const ENTRY_BYTES = 256;

/**
 * A push log in this process: what is in it ends with the process. One reader at a time is meant
 * for each partition; several that wait are served in the order in which they came.
 */
export class MemoryPushLog implements PushLog {
  readonly partitions: number;
  readonly #partitions: Partition[];

  constructor(options: MemoryPushLogOptions = memoryPushLogDefaults) {
    this.partitions = options.partitions;
    this.#partitions = Array.from(
      { length: options.partitions },
      (_, index) => new Partition(index, options.partitionBytesMax),
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

  async append(partition: number, message: PushMessage): Promise<string> {
    return this.#partitions[partition].append(message);
  }

  read(partition: number, entriesMax: number): Promise<readonly PushEntry[]> {
    return this.#partitions[partition].read(entriesMax);
  }

  async claim(partition: number): Promise<readonly PushEntry[]> {
    return this.#partitions[partition].claim();
  }

  async ack(partition: number, ids: readonly string[]): Promise<void> {
    this.#partitions[partition].ack(ids);
  }

  async close(): Promise<void> {
    for (const partition of this.#partitions) partition.close();
  }
}

/** A `read` that found nothing. */
interface Waiting {
  readonly entriesMax: number;
  readonly resolve: (entries: readonly PushEntry[]) => void;
}

class Partition {
  bytes = 0;
  #lastId = 0;
  /** Not yet read, from `#head` on: taking from the front of an array moves all the rest. */
  #unread: PushEntry[] = [];
  #head = 0;
  /** Read and not acknowledged, oldest first, since entries are read in order. */
  readonly #pending = new Map<string, PushEntry>();
  #waiting: Waiting[] = [];
  #closed = false;

  constructor(private readonly index: number, private readonly bytesMax: number) {}

  get entries(): number {
    return this.#unread.length - this.#head + this.#pending.size;
  }

  append(message: PushMessage): string {
    if (this.#closed) throw new Error("Cannot append to push log: it is closed");
    const bytes = bytesOf(message);
    if (this.bytes + bytes > this.bytesMax) {
      throw new PushLogFull(
        `Cannot append ${bytes} bytes to push log: partition ${this.index} must hold at most ` +
          `${this.bytesMax} bytes, current value is ${this.bytes}`,
      );
    }
    this.bytes += bytes;
    const id = String(++this.#lastId);
    this.#unread.push({ id, message });
    const waiting = this.#waiting.shift();
    waiting?.resolve(this.#take(waiting.entriesMax));
    return id;
  }

  read(entriesMax: number): Promise<readonly PushEntry[]> {
    if (this.#closed) return Promise.resolve([]);
    if (this.#head < this.#unread.length) return Promise.resolve(this.#take(entriesMax));
    return new Promise((resolve) => this.#waiting.push({ entriesMax, resolve }));
  }

  claim(): readonly PushEntry[] {
    return [...this.#pending.values()];
  }

  ack(ids: readonly string[]): void {
    for (const id of ids) {
      const entry = this.#pending.get(id);
      if (entry === undefined) continue;
      this.#pending.delete(id);
      this.bytes -= bytesOf(entry.message);
    }
  }

  close(): void {
    this.#closed = true;
    for (const { resolve } of this.#waiting) resolve([]);
    this.#waiting = [];
  }

  #take(entriesMax: number): readonly PushEntry[] {
    const entries = this.#unread.slice(this.#head, this.#head + entriesMax);
    this.#head += entries.length;
    // Each entry moves at most once on average, however deep the backlog is.
    if (this.#head * 2 >= this.#unread.length) {
      this.#unread = this.#unread.slice(this.#head);
      this.#head = 0;
    }
    for (const entry of entries) this.#pending.set(entry.id, entry);
    return entries;
  }
}

function bytesOf(message: PushMessage): number {
  let bytes = ENTRY_BYTES + message.body.byteLength;
  if (message.kind === "keys") {
    for (const key of message.keys) bytes += 2 * key.length;
  }
  return bytes;
}
