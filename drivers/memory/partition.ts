import { Fifo } from "../../base/fifo.ts";
import type { PushMessage } from "../../protocol/push_message.ts";
import { checkBody, pushBytes } from "../checks.ts";
import { type Lease, LeaseLost, type PushEntry, PushLogFull, StoreUnavailable } from "../ports.ts";

/** A `read` that found nothing. */
interface Waiting {
  readonly entriesMax: number;
  readonly resolve: (entries: readonly PushEntry[]) => void;
  readonly reject: (error: LeaseLost) => void;
}

/** One partition: its entries, and who may read them. */
export class MemoryPartition {
  bytes = 0;
  #last = 0;
  readonly #unread = new Fifo<PushEntry>();
  /** Read and not acknowledged, oldest first, since entries are read in order. */
  readonly #pending = new Map<number, PushEntry>();
  #waiting: Waiting | undefined;
  #lease: Lease | undefined;
  #leaseEndMs = 0;
  #token = 0;
  #closed = false;

  constructor(private readonly index: number, private readonly bytesMax: number) {}

  get entries(): number {
    return this.#unread.length + this.#pending.size;
  }

  /**
   * Takes the next position for a push, and its bytes; {@linkcode enter} or {@linkcode cancel} is
   * next.
   *
   * @throws {PushLogFull} When there is no room for its bytes.
   */
  reserve(message: PushMessage): number {
    if (this.#closed) throw new StoreUnavailable("Cannot append to push log: it is closed");
    checkBody(message);
    const bytes = pushBytes(message);
    if (this.bytes + bytes > this.bytesMax) {
      throw new PushLogFull(
        `Cannot append ${bytes} bytes to push log: partition ${this.index} must hold at most ` +
          `${this.bytesMax} bytes, current value is ${this.bytes}`,
      );
    }
    this.bytes += bytes;
    return ++this.#last;
  }

  /** Adds a push at its position: those before it are there, or are not to come. */
  enter(position: number, message: PushMessage): void {
    this.#unread.push({ position, message });
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve(this.#take(waiting.entriesMax));
  }

  /** Gives back what was reserved; the position is left out. */
  cancel(message: PushMessage): void {
    this.bytes -= pushBytes(message);
  }

  acquire(owner: string, nowMs: number, leaseMs: number): Lease | undefined {
    if (this.#closed) throw new Error("Cannot lease partition: the push log is closed");
    if (this.#lease !== undefined && nowMs >= this.#leaseEndMs) this.#lose();
    if (this.#lease !== undefined && this.#lease.owner !== owner) return undefined;
    this.#lease ??= { partition: this.index, owner, token: ++this.#token };
    this.#leaseEndMs = nowMs + leaseMs;
    return this.#lease;
  }

  /** @throws {LeaseLost} When the lease is not the present one, or ran out. */
  check({ token }: Lease, nowMs: number): void {
    if (this.#lease?.token === token && nowMs < this.#leaseEndMs) return;
    throw this.#lost();
  }

  release({ token }: Lease): void {
    if (this.#lease?.token === token) this.#lose();
  }

  free(owner: string): void {
    if (this.#lease?.owner === owner) this.#lose();
  }

  read(entriesMax: number): readonly PushEntry[] | Promise<readonly PushEntry[]> {
    if (this.#unread.length > 0) return this.#take(entriesMax);
    this.#endWait();
    return new Promise((resolve, reject) => this.#waiting = { entriesMax, resolve, reject });
  }

  /** A read that still waits is over with it: its reader has begun anew. */
  claim(): readonly PushEntry[] {
    this.#endWait();
    return [...this.#pending.values()];
  }

  ack(positions: readonly number[]): void {
    for (const position of positions) {
      const entry = this.#pending.get(position);
      if (entry === undefined) continue;
      this.#pending.delete(position);
      this.bytes -= pushBytes(entry.message);
    }
  }

  close(): void {
    this.#closed = true;
    this.#lose();
  }

  #lose(): void {
    this.#lease = undefined;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.reject(this.#lost());
  }

  #lost(): LeaseLost {
    return new LeaseLost(`Cannot use lease of partition ${this.index}: it is lost`);
  }

  #endWait(): void {
    this.#waiting?.resolve([]);
    this.#waiting = undefined;
  }

  #take(entriesMax: number): readonly PushEntry[] {
    const length = Math.min(entriesMax, this.#unread.length);
    const entries = Array.from({ length }, () => this.#unread.shift());
    for (const entry of entries) this.#pending.set(entry.position, entry);
    return entries;
  }
}
