import { getLogger } from "@logtape/logtape";
import { assert } from "../../base/assert.ts";
import { type Prng, systemPrng } from "../../base/prng.ts";
import { Semaphore } from "../../base/semaphore.ts";
import type { PushMessage } from "../../protocol/push_message.ts";
import type { HistoryPage, HistoryQuery } from "../../protocol/history.ts";
import { pushBytes } from "../checks.ts";
import { isMediaQuery } from "../history.ts";
import {
  type Appended,
  type AppendOptions,
  type Lease,
  LeaseLost,
  type PartitionLag,
  type PushEntry,
  type PushLog,
  type Retention,
  StoreUnavailable,
} from "../ports.ts";
import type { PushLogOptions } from "../store.ts";
import { Appends } from "./appends.ts";
import { readHistory } from "./history.ts";
import { decodeEntry, entryId, idOf } from "./push_entries.ts";
import * as scripts from "./push_scripts.ts";
import { type PartitionKeys, partitionKeys } from "./push_scripts.ts";
import {
  type Argument,
  partsOf,
  type RedisStore,
  type Reply,
  type Script,
  textOf,
} from "./store.ts";

const log = getLogger(["halley", "redis"]);

/** How long a read waits for an entry, in milliseconds. */
const WAIT_MS = 2_000;

/** Entries acknowledged by one script: Redis does nothing else meanwhile. */
const ACKS_PER_SCRIPT = 500;

/** What this process knows of a partition. */
interface KnownPartition {
  readonly keys: PartitionKeys;
  /** The last position that was taken: what follows is new. */
  last: number;
  /** The last id that was taken, as the holder of a lease knows. */
  taken: { readonly token: number; readonly id: string } | undefined;
  /** Bytes of the entries that were taken and are not yet acknowledged, by position. */
  readonly bytes: Map<number, number>;
}

/** Reads by media time at once: each holds Redis up. Who asks limits how many wait. */
const MEDIA_READS_MAX = 4;

/** A push log in Redis: a stream for each partition, from which acknowledged entries are deleted. */
export class RedisPushLog implements PushLog {
  readonly partitions: number;
  readonly leaseMs: number;
  readonly #appends: Appends;
  readonly #mediaReads = new Semaphore(MEDIA_READS_MAX, Infinity);
  readonly #partitions: KnownPartition[];
  #closed = false;

  private constructor(
    private readonly store: RedisStore,
    options: PushLogOptions,
    prng: Prng,
  ) {
    const { partitions, leaseMs = 3_000 } = options;
    this.partitions = partitions;
    this.leaseMs = leaseMs;
    this.#appends = new Appends(store, options, prng);
    this.#partitions = Array.from({ length: partitions }, (_, partition) => ({
      keys: partitionKeys(partition),
      last: 0,
      taken: undefined,
      bytes: new Map(),
    }));
  }

  /**
   * Opens the push log.
   *
   * @param prng Where epochs of rooms come from, and names of appends that may be sent twice.
   * @throws {Error} When others use it with another number of partitions.
   */
  static async open(
    store: RedisStore,
    options: PushLogOptions,
    prng: Prng = systemPrng(),
  ): Promise<RedisPushLog> {
    const wanted = String(options.partitions);
    const reply = await store.run(scripts.AGREE_ON_PARTITIONS, [scripts.LAYOUT_KEY], [wanted]);
    const agreed = textOf(reply);
    if (agreed !== wanted) {
      throw new Error(
        `Cannot open push log: partitions must be ${agreed}, as for all others that use this ` +
          `Redis, current value is ${wanted}`,
      );
    }
    return new RedisPushLog(store, options, prng);
  }

  async append(
    partition: number,
    message: PushMessage,
    options: AppendOptions = {},
  ): Promise<Appended> {
    if (this.#closed) throw new StoreUnavailable("Cannot append to push log: it is closed");
    return await this.#appends.append(partition, message, options);
  }

  async readHistory(
    partition: number,
    query: HistoryQuery,
    retention: Retention,
  ): Promise<HistoryPage> {
    if (!isMediaQuery(query)) return await readHistory(this.store, partition, query, retention);
    await this.#mediaReads.acquire();
    try {
      return await readHistory(this.store, partition, query, retention);
    } finally {
      this.#mediaReads.release();
    }
  }

  async join(owner: string): Promise<readonly string[]> {
    const args = [owner, String(this.leaseMs)];
    const owners = await this.store.run(scripts.JOIN, [scripts.OWNERS_KEY], args);
    return partsOf(owners).map(textOf).sort();
  }

  async leave(owner: string): Promise<void> {
    await Promise.all([
      this.store.run(scripts.LEAVE, [scripts.OWNERS_KEY], [owner]),
      ...this.#partitions.map(({ keys }) =>
        this.store.run(scripts.RELEASE, [keys.lease], [owner, ""])
      ),
    ]);
  }

  async acquire(partition: number, owner: string): Promise<Lease | undefined> {
    const { lease, meta } = this.#partitions[partition].keys;
    const args = [owner, String(this.leaseMs)];
    const token = await this.store.run(scripts.ACQUIRE, [lease, meta], args);
    return token === null ? undefined : { partition, owner, token: Number(textOf(token)) };
  }

  async release({ partition, owner, token }: Lease): Promise<void> {
    const { lease } = this.#partitions[partition].keys;
    await this.store.run(scripts.RELEASE, [lease], [owner, String(token)]);
  }

  /** A lease is checked when entries are taken; the wait before takes none. */
  async read(lease: Lease, entriesMax: number): Promise<readonly PushEntry[]> {
    const entries = await this.#take(lease, entriesMax);
    if (entries.length > 0) return entries;
    const { keys, last } = this.#partitions[lease.partition];
    await this.store.waitForEntry(keys.push, idOf(last), WAIT_MS);
    return await this.#take(lease, entriesMax);
  }

  async claim(lease: Lease): Promise<readonly PushEntry[]> {
    const reply = await this.#checked(scripts.CLAIM, lease, []);
    const [takenId, pending] = partsOf(reply);
    const known = this.#partitions[lease.partition];
    known.taken = { token: lease.token, id: textOf(takenId) };
    // What is pending is what it tells.
    known.bytes.clear();
    return await this.#taken(lease, pending);
  }

  async ack(lease: Lease, positions: readonly number[]): Promise<void> {
    const { bytes } = this.#partitions[lease.partition];
    for (let start = 0; start < positions.length; start += ACKS_PER_SCRIPT) {
      const some = positions.slice(start, start + ACKS_PER_SCRIPT);
      const args = some.flatMap((position) => [idOf(position), String(bytes.get(position) ?? 0)]);
      await this.#checked(scripts.ACKNOWLEDGE, lease, args);
      for (const position of some) bytes.delete(position);
    }
  }

  async lag(): Promise<readonly PartitionLag[]> {
    return await Promise.all(this.#partitions.map(async ({ keys }) => {
      const reply = await this.store.run(scripts.LAG, [keys.push, keys.meta], []);
      const [entries, bytes] = partsOf(reply);
      assert(typeof entries === "number" && typeof bytes === "number", "a lag is two numbers");
      return { entries, bytes };
    }));
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.store.endWaits();
  }

  async #take(lease: Lease, entriesMax: number): Promise<readonly PushEntry[]> {
    const known = this.#partitions[lease.partition];
    const takenId = known.taken?.token === lease.token ? known.taken.id : "";
    const args = [String(entriesMax), takenId];
    const reply = await this.#checked(scripts.TAKE, lease, args);
    if (reply === 1) {
      throw new StoreUnavailable(
        `Cannot read partition ${lease.partition}: entries were taken by a call that was not answered`,
      );
    }
    const parts = partsOf(reply);
    if (parts.length > 0) known.taken = { token: lease.token, id: entryId(parts.at(-1)!) };
    return await this.#taken(lease, parts);
  }

  /** Runs a script that begins with a look at the lease; all leases end with the log. */
  async #checked(script: Script, lease: Lease, args: readonly Argument[]): Promise<Reply> {
    const { partition, owner, token } = lease;
    const { push, lease: key, meta } = this.#partitions[partition].keys;
    const whose = [owner, String(token)];
    const run = this.store.run(script, [push, key, meta], [...whose, ...args]);
    const reply = await run.catch((error) => {
      if (!this.#closed) throw error;
    });
    if (!this.#closed && reply !== 0) return reply!;
    throw new LeaseLost(`Cannot use lease of partition ${partition}: "${owner}" has lost it`);
  }

  /** An entry that cannot be read would come back for ever: it is forgotten. */
  async #taken(lease: Lease, reply: Reply): Promise<readonly PushEntry[]> {
    const known = this.#partitions[lease.partition];
    const entries: PushEntry[] = [];
    const unreadable: string[] = [];
    for (const part of partsOf(reply)) {
      try {
        entries.push(decodeEntry(part));
      } catch (error) {
        log.error("left out a push of partition {partition}: {error}", { ...lease, error });
        this.store.counters.pushesUnreadable++;
        unreadable.push(entryId(part), "0");
      }
    }
    for (const { position, message } of entries) {
      known.last = Math.max(known.last, position);
      known.bytes.set(position, pushBytes(message));
    }
    if (unreadable.length > 0) await this.#checked(scripts.ACKNOWLEDGE, lease, unreadable);
    return entries;
  }
}
