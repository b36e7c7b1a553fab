import assert from "node:assert/strict";
import type { HistoryPage, HistoryQuery } from "../../protocol/history.ts";
import { partitionOf, partitionOfRoom, type RoomPush } from "../../protocol/push_message.ts";
import type { Appended, AppendOptions, PushEntry, PushLog, Retention } from "../ports.ts";
import { leaseOf } from "./push_log_model.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Room of most tests. */
export const ROOM = "live://1";

/** Keeps all that a test appends. */
export const keepAll: Retention = { sizeMax: 1_000_000, ttlMs: 3_600_000 };

/** What of a push is not as in most tests. */
export type PushChanges = Partial<Omit<RoomPush, "kind" | "stream">>;

/** A push to a room. */
export function pushOf(text: string, changes: PushChanges = {}): RoomPush {
  return { kind: "room", room: ROOM, operation: 1000, body: encoder.encode(text), ...changes };
}

/** Appends a push to its room's partition. */
export function append(
  log: PushLog,
  push: RoomPush | string,
  options: AppendOptions = { retention: keepAll },
): Promise<Appended> {
  const message = typeof push === "string" ? pushOf(push) : push;
  return log.append(partitionOf(message, log.partitions), message, options);
}

/** Appends pushes one after the other. */
export async function appendAll(
  log: PushLog,
  pushes: Iterable<RoomPush | string>,
  retention: Retention = keepAll,
): Promise<Appended[]> {
  const done: Appended[] = [];
  for (const push of pushes) done.push(await append(log, push, { retention }));
  return done;
}

/** Appends pushes at once; where what lies between has no order, they have none. */
export async function appendAtOnce(
  log: PushLog,
  pushes: Iterable<RoomPush | string>,
  retention: Retention = keepAll,
): Promise<Appended[]> {
  const done: Appended[] = [];
  let some: Promise<Appended>[] = [];
  for (const push of pushes) {
    some.push(append(log, push, { retention }));
    if (some.length < 500) continue;
    done.push(...await Promise.all(some));
    some = [];
  }
  return [...done, ...await Promise.all(some)];
}

/** Reads a room's history. */
export function readPage(
  log: PushLog,
  query: Partial<HistoryQuery> = {},
  retention: Retention = keepAll,
): Promise<HistoryPage> {
  const { room = ROOM } = query;
  const defaults = { room, limit: 1_000, bytesMax: 1 << 30 };
  return log.readHistory(
    partitionOfRoom(room, log.partitions),
    { ...defaults, ...query },
    retention,
  );
}

/** Bodies of a page, as text. */
export function bodies({ messages }: HistoryPage): string[] {
  return messages.map(({ body }) => decoder.decode(body));
}

/** Offsets of a page. */
export function offsets({ messages }: HistoryPage): number[] {
  return messages.map(({ offset }) => offset);
}

/** Whole numbers from one to another, both included. */
export function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

/** Reads all entries of a room's partition. */
export async function entriesOf(log: PushLog, room: string, count: number): Promise<PushEntry[]> {
  const lease = await leaseOf(log, partitionOfRoom(room, log.partitions), "reader");
  const entries: PushEntry[] = [];
  while (entries.length < count) entries.push(...await log.read(lease, 500));
  assert.equal(entries.length, count);
  return entries;
}

/** Reads a history to its end, page by page. */
export async function readThrough(
  log: PushLog,
  query: Partial<HistoryQuery>,
  retention: Retention = keepAll,
): Promise<{ readonly pages: HistoryPage[]; readonly offsets: number[] }> {
  const pages: HistoryPage[] = [];
  let next = query;
  while (true) {
    const page = await readPage(log, next, retention);
    pages.push(page);
    const last = page.messages.at(-1);
    if (!page.more) break;
    assert.ok(last !== undefined, "a page before others is not empty");
    const byMedia = query.toMs !== undefined && { fromMs: last.mediaMs };
    next = { ...query, ...byMedia, after: last.offset };
  }
  return { pages, offsets: pages.flatMap(offsets) };
}

/** How far media times jump from one push to the next; a prime, so that no two are alike. */
const MEDIA_STEP = 7_919;

/** Pushes of 100 bytes to one room, in whose order media times jump about. */
export function* manyPushes(count: number): Generator<RoomPush> {
  const body = new Uint8Array(100).fill(7);
  for (let index = 0; index < count; index++) {
    yield pushOf("", { body, mediaMs: mediaMsOf(index, count) });
  }
}

/** The media time of a push of {@linkcode manyPushes}, by its index: 10 ms from the next. */
export function mediaMsOf(index: number, count: number): number {
  return 10 * ((index * MEDIA_STEP) % count);
}
