import type {
  Appended,
  AppendOptions,
  Lease,
  PartitionLag,
  PushEntry,
  PushLog,
  Retention,
} from "../../drivers/ports.ts";
import type { HistoryPage, HistoryQuery } from "../../protocol/history.ts";
import { forEachFrame } from "../../protocol/frame.ts";
import { partitionOf, type PushMessage } from "../../protocol/push_message.ts";
import { type CometApi, NONE_FENCED } from "../../protocol/cluster/comet_calls.ts";
import type { Delivery } from "../../protocol/cluster/delivery.ts";

/** Lets only promises run: no turn of the event loop passes. */
export async function microtasks(): Promise<void> {
  for (let step = 0; step < 50; step++) await Promise.resolve();
}

/** A push to a room. */
export function roomPush(room: string, text: string): PushMessage {
  return { kind: "room", room, operation: 1000, body: new TextEncoder().encode(text) };
}

/** A push to a room that keeps history. */
export function logPush(room: string, text: string, offset: number, epoch = "e1"): PushMessage {
  const body = new TextEncoder().encode(text);
  return { kind: "room", room, operation: 1000, body, stream: { epoch, offset } };
}

/** A push to keys of a comet. */
export function keysPush(server: string, keys: readonly string[], text: string): PushMessage {
  return { kind: "keys", server, keys, operation: 1000, body: new TextEncoder().encode(text) };
}

/** A push to everyone. */
export function broadcastPush(text: string, speed = 0): PushMessage {
  return { kind: "broadcast", speed, operation: 1000, body: new TextEncoder().encode(text) };
}

/** Appends where logic would. */
export function append(log: PushLog, message: PushMessage): Promise<Appended> {
  return log.append(partitionOf(message, log.partitions), message);
}

/**
 * A batch as text: `live://1:a,b` for rooms, `k1,k2=c` for keys, `*d` for broadcasts, and
 * `live://1:^e1/7` for what is missing of a room's log.
 */
export function readable(batch: readonly Delivery[]): string[] {
  return batch.map((item) => {
    const bodies: string[] = [];
    forEachFrame(item.frames, ({ body }) => bodies.push(new TextDecoder().decode(body)));
    if (item.kind === "room" && bodies.length === 0) {
      return `${item.room}:^${item.epoch}/${item.head}`;
    }
    if (item.kind === "room") return `${item.room}:${bodies}`;
    return item.kind === "keys" ? `${item.keys}=${bodies}` : `*${bodies}`;
  });
}

/** A call of `deliver` that the test answers. */
export interface HeldCall {
  readonly batch: readonly Delivery[];
  acknowledge(fenced?: readonly number[]): void;
  fail(): void;
}

/** A comet that keeps what it is given and acknowledges at once, or when the test says so. */
export class FakeComet implements CometApi {
  /** Every batch, in order, those that were refused as well. */
  readonly batches: (readonly Delivery[])[] = [];
  /** Calls that wait for an answer. */
  readonly held: HeldCall[] = [];

  /** @param hold Whether the test answers the calls. */
  constructor(public hold = false) {}

  /** What came, as text. */
  get received(): string[] {
    return this.batches.flatMap(readable);
  }

  deliver(batch: readonly Delivery[]): Promise<readonly number[]> {
    this.batches.push(batch);
    if (!this.hold) return Promise.resolve(NONE_FENCED);
    return new Promise((resolve, reject) => {
      this.held.push({
        batch,
        acknowledge: (fenced = NONE_FENCED) => resolve(fenced),
        fail: () => reject(new Error("lost")),
      });
    });
  }

  /** Answers the oldest call that waits. */
  acknowledge(): void {
    this.held.shift()!.acknowledge();
  }

  /** Fails the oldest call that waits. */
  fail(): void {
    this.held.shift()!.fail();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** A log that fails when told to, and writes down what is acknowledged. */
export class FaultyLog implements PushLog {
  /** How many of the next reads fail after they have taken entries. */
  readFailures = 0;
  /** How many of the next acknowledgements fail. */
  ackFailures = 0;
  /** Calls of `ack` that succeeded, in order. */
  readonly acks: (readonly number[])[] = [];

  constructor(private readonly inner: PushLog) {}

  get partitions(): number {
    return this.inner.partitions;
  }

  get leaseMs(): number {
    return this.inner.leaseMs;
  }

  append(partition: number, message: PushMessage, options?: AppendOptions): Promise<Appended> {
    return this.inner.append(partition, message, options);
  }

  readHistory(partition: number, query: HistoryQuery, retention: Retention): Promise<HistoryPage> {
    return this.inner.readHistory(partition, query, retention);
  }

  join(owner: string): Promise<readonly string[]> {
    return this.inner.join(owner);
  }

  leave(owner: string): Promise<void> {
    return this.inner.leave(owner);
  }

  acquire(partition: number, owner: string): Promise<Lease | undefined> {
    return this.inner.acquire(partition, owner);
  }

  release(lease: Lease): Promise<void> {
    return this.inner.release(lease);
  }

  lag(): Promise<readonly PartitionLag[]> {
    return this.inner.lag();
  }

  async read(lease: Lease, entriesMax: number): Promise<readonly PushEntry[]> {
    const entries = await this.inner.read(lease, entriesMax);
    if (this.readFailures === 0 || entries.length === 0) return entries;
    this.readFailures--;
    throw new Error("lost the reply");
  }

  claim(lease: Lease): Promise<readonly PushEntry[]> {
    return this.inner.claim(lease);
  }

  async ack(lease: Lease, positions: readonly number[]): Promise<void> {
    if (this.ackFailures > 0) {
      this.ackFailures--;
      throw new Error("not now");
    }
    this.acks.push(positions);
    await this.inner.ack(lease, positions);
  }

  close(): Promise<void> {
    return this.inner.close();
  }
}
