import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "../../base/clock.ts";
import { seededPrng } from "../../base/prng.ts";
import { OFFSET_MAX } from "../../protocol/history.ts";
import { pushOf, range, ROOM } from "../contract/history_model.ts";
import { ROOM_STATE_MS } from "../history.ts";
import { StoreCounters } from "../store.ts";
import { MemoryHistory } from "./history.ts";

const retention = { sizeMax: 100, ttlMs: 1_000 };

function setUp(bytesMax?: number) {
  const clock = new ManualClock();
  const counters = new StoreCounters();
  const parts = { clock, counters, prng: seededPrng(1) };
  const history = new MemoryHistory(parts, OFFSET_MAX, bytesMax);
  const append = (room: string, body = new Uint8Array(), kept = retention) =>
    history.append(pushOf("", { room, body }), kept);
  const read = (room: string) => history.read({ room, limit: 1_000, bytesMax: 1 << 20 }, retention);
  return { clock, counters, history, append, read };
}

test("MemoryHistory keeps to the millisecond, and a room's offsets a week longer", () => {
  const { clock, append, read } = setUp();
  const { epoch } = append("a");
  clock.advance(500);
  append("a");
  clock.advance(499);
  assert.equal(read("a").first, 1);
  clock.advance(1);
  assert.deepEqual(read("a").messages.map(({ offset, timeMs }) => [offset, timeMs]), [[2, 500]]);
  clock.advance(500);
  assert.deepEqual(read("a"), { epoch, head: 2, first: 3, messages: [], more: false });
  clock.advance(ROOM_STATE_MS - 1);
  assert.equal(read("a").epoch, epoch);
  clock.advance(1);
  assert.equal(read("a").epoch, "");
});

test("MemoryHistory frees what has expired while others append, without a timer for each", () => {
  const { clock, history, append } = setUp();
  for (let room = 0; room < 1_000; room++) append(`a${room}`, new Uint8Array(1_000));
  const { bytes } = history;
  assert.ok(bytes > 1_000_000);
  clock.advance(retention.ttlMs);
  for (let count = 0; count < 1_000; count++) append("b");
  assert.equal(history.rooms, 1_001);
  assert.ok(history.bytes < bytes - 1_000_000, `${history.bytes} bytes are less by the messages`);
  clock.advance(ROOM_STATE_MS);
  for (let count = 0; count < 1_002; count++) append("b");
  assert.equal(history.rooms, 1);
  clock.advance(ROOM_STATE_MS + retention.ttlMs);
  append("c");
  append("c");
  assert.equal(history.rooms, 1);
  assert.equal(clock.pending, 0);
});

test("MemoryHistory frees what a media time kept, when it is over or there is no room", () => {
  const clock = new ManualClock();
  const counters = new StoreCounters();
  const history = new MemoryHistory({ clock, counters, prng: seededPrng(1) }, OFFSET_MAX, 100_000);
  const few = { sizeMax: 2, ttlMs: 1_000, by: "media" } as const;
  const append = (mediaMs?: number) =>
    history.append(pushOf("", { body: new Uint8Array(1_000), mediaMs }), few);
  const query = { room: ROOM, limit: 1_000, bytesMax: 1 << 20 };
  const read = () => history.read({ ...query, fromMs: 0 }, few).messages.map((one) => one.offset);
  for (const _ of range(1, 50)) append(5);
  for (const _ of range(1, 10)) append();
  assert.deepEqual(read(), range(1, 50));
  const { bytes } = history;
  for (const _ of range(1, 50)) append(5);
  assert.deepEqual(read().at(-1), 110);
  assert.equal(read().length, 100 - counters.historyDropped);
  assert.ok(read()[0] > 10 && history.bytes <= 100_000 && history.bytes > bytes);
  clock.advance(few.ttlMs);
  append();
  assert.ok(history.bytes < 3_000, `${history.bytes}`);
  assert.deepEqual(read(), []);
});

test("MemoryHistory frees a large room that has expired by and by, and reads none of it", () => {
  const { clock, history, append, read } = setUp();
  const many = { sizeMax: 10, ttlMs: 1_000, by: "media" } as const;
  for (const mediaMs of range(1, 5_000)) history.append(pushOf("", { mediaMs }), many);
  clock.advance(many.ttlMs);
  const all = { room: ROOM, fromMs: 0, limit: 1_000, bytesMax: 1 << 20 };
  const freed = range(1, 10).map(() => {
    const { bytes } = history;
    append("other");
    assert.deepEqual(history.read(all, many).messages, []);
    assert.deepEqual(read(ROOM).messages, []);
    return bytes - history.bytes;
  });
  assert.ok(Math.max(...freed) < 300_000, `${freed}`);
  assert.ok(history.bytes < 10_000, `${history.bytes}`);
});

test("MemoryHistory reads nothing into being", () => {
  const { history, read } = setUp();
  for (let room = 0; room < 1_000; room++) read(`a${room}`);
  assert.equal(history.rooms, 0);
  assert.equal(history.bytes, 0);
});

test("MemoryHistory drops the oldest of the room that was quiet the longest when it is full", () => {
  const { counters, history, append, read } = setUp(100_000);
  const body = new Uint8Array(1_000);
  const before = append("a", body);
  for (let count = 0; count < 9; count++) append("a", body);
  for (let count = 0; count < 60; count++) append("b", body);
  assert.equal(counters.historyDropped, 0);
  for (let count = 0; count < 10; count++) append("b", body);
  const { first, head, epoch } = read("a");
  assert.ok(first > 1 && first <= head, `${first} of ${head}`);
  assert.equal(read("b").first, 1);
  for (let count = 0; count < 30; count++) append("b", body);
  assert.deepEqual([read("a").first, read("a").head], [11, 10], "it has lost all but its offsets");
  assert.ok(read("b").first > 1);
  assert.ok(history.bytes <= 100_000 && history.bytes > 98_000, `${history.bytes}`);
  const kept = read("a").head + 1 - read("a").first + read("b").head + 1 - read("b").first;
  assert.equal(counters.historyDropped, 110 - kept);
  assert.deepEqual(append("a", body), { epoch: before.epoch, offset: 11 });
  assert.equal(epoch, before.epoch);
});

test("MemoryHistory forgets quiet rooms when there is nothing else, and never what is new", () => {
  const { counters, history, append, read } = setUp(10_000);
  for (let room = 0; room < 100; room++) {
    append(`a${room}`);
    assert.equal(read(`a${room}`).first, 1);
  }
  assert.ok(history.rooms >= 17 && history.rooms <= 19, `${history.rooms}`);
  assert.ok(history.bytes <= 10_000);
  assert.equal(counters.historyDropped, 99 + 100 - history.rooms);
  append("large", new Uint8Array(20_000));
  assert.equal(history.rooms, 1);
  assert.equal(read("large").messages.length, 1);
});
