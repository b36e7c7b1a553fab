import type { Clock } from "../../base/clock.ts";
import type { Prng } from "../../base/prng.ts";
import { MemoryPushLog } from "../../drivers/memory/push_log.ts";
import {
  type AppendOptions,
  type Lease,
  LeaseLost,
  type PushLog,
  type Retention,
} from "../../drivers/ports.ts";
import type { HistoryQuery } from "../../protocol/history.ts";
import type { PushMessage } from "../../protocol/push_message.ts";
import type { KeptMessages } from "../../sim/checkers/cursor.ts";

/** Partitions: fewer than in production, so that each sees much. */
const PARTITIONS = 3;

/** By how much positions and tokens grow when everything is lost. */
const GENERATION = 1_000_000_000;

/** A push log that can lose all it has; positions and tokens grow all the same, as drivers promise. */
export class LosingPushLog implements PushLog {
  readonly partitions = PARTITIONS;
  readonly leaseMs: number;
  #log: MemoryPushLog;
  /** What was there before positions and tokens of this log. */
  #before = 0;
  /** Where the log of each room has got to, and how many messages it keeps. */
  readonly #heads = new Map<string, { epoch: string; head: number; sizeMax: number }>();

  /** Bodies of all messages to rooms. */
  readonly #taken = new Set<string>();

  /** @param offsetMax The last offset of an epoch. */
  constructor(
    private readonly clock: Clock,
    private readonly prng: Prng,
    private readonly offsetMax?: number,
  ) {
    this.#log = this.#empty();
    this.leaseMs = this.#log.leaseMs;
  }

  /** Entries not yet acknowledged, over all partitions. */
  get entries(): number {
    return this.#log.entries;
  }

  /** What a room keeps, by what was appended alone. */
  kept(room: string): KeptMessages & { readonly head: number } {
    const { epoch, head, sizeMax } = this.#heads.get(room) ?? { epoch: "", head: 0, sizeMax: 0 };
    return { epoch, head, first: Math.max(1, head - sizeMax + 1) };
  }

  /** Whether a message was ever appended. */
  hasTaken(body: Uint8Array): boolean {
    return this.#taken.has(body.toHex());
  }

  /** Nothing is there any more. */
  loseAll(): void {
    void this.#log.close();
    this.#log = this.#empty();
    this.#before += GENERATION;
    this.#heads.clear();
  }

  async append(partition: number, message: PushMessage, options?: AppendOptions) {
    if (message.kind === "room") this.#taken.add(message.body.toHex());
    const { position, stream } = await this.#log.append(partition, message, options);
    if (message.kind === "room" && stream !== undefined) {
      const { epoch, offset } = stream;
      const room = this.#heads.get(message.room);
      // One that was stored before is answered as then.
      const head = room?.epoch === epoch ? Math.max(room.head, offset) : offset;
      this.#heads.set(message.room, { epoch, head, sizeMax: options!.retention!.sizeMax });
    }
    return { position: position + this.#before, stream };
  }

  readHistory(partition: number, query: HistoryQuery, retention: Retention) {
    return this.#log.readHistory(partition, query, retention);
  }

  join(owner: string) {
    return this.#log.join(owner);
  }

  leave(owner: string) {
    return this.#log.leave(owner);
  }

  async acquire(partition: number, owner: string) {
    const lease = await this.#log.acquire(partition, owner);
    return lease && { ...lease, token: lease.token + this.#before };
  }

  async release(lease: Lease) {
    if (lease.token > this.#before) await this.#log.release(this.#inner(lease));
  }

  async read(lease: Lease, entriesMax: number) {
    const before = this.#before;
    const entries = await this.#log.read(this.#inner(lease), entriesMax);
    return entries.map((entry) => ({ ...entry, position: entry.position + before }));
  }

  async claim(lease: Lease) {
    const entries = await this.#log.claim(this.#inner(lease));
    return entries.map((entry) => ({ ...entry, position: entry.position + this.#before }));
  }

  async ack(lease: Lease, positions: readonly number[]) {
    const before = this.#before;
    await this.#log.ack(this.#inner(lease), positions.map((position) => position - before));
  }

  lag() {
    return this.#log.lag();
  }

  close() {
    return this.#log.close();
  }

  /** A lease as the log has it that is there now. */
  #inner(lease: Lease): Lease {
    if (lease.token > this.#before) return { ...lease, token: lease.token - this.#before };
    throw new LeaseLost(`Cannot use the lease of partition ${lease.partition}: it was lost`);
  }

  #empty(): MemoryPushLog {
    const { offsetMax } = this;
    const options = { partitions: PARTITIONS, partitionBytesMax: 1024 * 1024, offsetMax };
    return new MemoryPushLog(this.clock, options, this.prng);
  }
}
