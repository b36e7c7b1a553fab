import assert from "node:assert/strict";
import { type Prng, randomBelow } from "../../base/prng.ts";
import type { PushMessage } from "../../protocol/push_message.ts";
import type { Lease, PushEntry, PushLog } from "../ports.ts";
import type { PushLogOptions } from "../store.ts";
import { until } from "./waiting.ts";

/** A driver whose push log is to be tested. */
export interface PushLogSubject {
  readonly name: string;
  /** Starts what all tests share. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Opens an empty log twice, as two processes do; where there is one process, it is the same. */
  open(options: PushLogOptions): Promise<readonly [PushLog, PushLog]>;
  /** Loses all data while the log is open; absent where data ends with the log. */
  lose?(): Promise<void>;
  /** How many messages a test of a large room appends, a multiple of 1,000: fewer where it takes long. */
  readonly manyMessages: number;
  /** Lets time pass by which messages, rooms and publish ids are kept. */
  passTime(ms: number): Promise<void>;
  /** Whether that costs no time, so that weeks can pass. */
  readonly ownsTime: boolean;
}

/** Registers a test on an empty log, opened as two processes do. */
export type RegisterTest = (
  name: string,
  body: (log: PushLog, other: PushLog) => Promise<void>,
  changes?: Partial<PushLogOptions>,
) => void;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A push to a room. */
export function room(text: string, key = "live://1"): PushMessage {
  return { kind: "room", room: key, operation: 1000, body: encoder.encode(text) };
}

/** The bodies of entries, as text. */
export function texts(entries: readonly PushEntry[]): string[] {
  return entries.map(({ message }) => decoder.decode(message.body));
}

/** Bytes may come as a `Buffer`, and are compared by value. */
export function plain(message: PushMessage): PushMessage {
  return { ...message, body: Uint8Array.from(message.body) };
}

/** Where entries stand. */
export function positions(entries: readonly PushEntry[]): number[] {
  return entries.map(({ position }) => position);
}

/** Takes a lease that nobody holds. */
export async function leaseOf(log: PushLog, partition: number, owner: string): Promise<Lease> {
  const lease = await log.acquire(partition, owner);
  assert.ok(lease !== undefined, `"${owner}" got the lease of partition ${partition}`);
  return lease;
}

/** Waits until an owner gets the lease of another that has run out. */
export async function takeOver(log: PushLog, partition: number, owner: string): Promise<Lease> {
  let lease: Lease | undefined;
  await until("the lease runs out", async () => {
    lease = await log.acquire(partition, owner);
    return lease !== undefined;
  });
  return lease!;
}

/** Two owners who append, read, claim, acknowledge and change over, against a plain list. */
export async function readAtRandom(prng: Prng, logs: readonly PushLog[]): Promise<void> {
  /** Everything that is not acknowledged, in order. */
  const held: { position: number; text: string; read: boolean }[] = [];
  let owner = 0;
  let lease = await leaseOf(logs[owner], 0, "owner-0");
  for (let step = 0; step < 120; step++) {
    switch (randomBelow(prng, 5)) {
      case 0:
      case 1: {
        const text = String(step);
        const log = logs[randomBelow(prng, 2)];
        held.push({ position: (await log.append(0, room(text))).position, text, read: false });
        break;
      }
      case 2: {
        const unread = held.filter(({ read }) => !read).slice(0, 1 + randomBelow(prng, 4));
        // It would wait.
        if (unread.length === 0) break;
        assert.deepEqual(
          texts(await logs[owner].read(lease, unread.length)),
          unread.map(({ text }) => text),
        );
        for (const entry of unread) entry.read = true;
        break;
      }
      case 3: {
        const pending = held.filter(({ read }) => read);
        assert.deepEqual(
          texts(await logs[owner].claim(lease)),
          pending.map(({ text }) => text),
        );
        const done = pending.filter(() => randomBelow(prng, 2) === 0);
        await logs[owner].ack(lease, done.map(({ position }) => position));
        for (const entry of done) held.splice(held.indexOf(entry), 1);
        break;
      }
      case 4: {
        await logs[owner].release(lease);
        owner = 1 - owner;
        lease = await leaseOf(logs[owner], 0, `owner-${owner}`);
      }
    }
  }
  const [{ entries }] = await logs[0].lag();
  assert.equal(entries, held.length);
}
