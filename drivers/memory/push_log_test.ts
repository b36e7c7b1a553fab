import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "../../base/clock.ts";
import { memoryPushLog } from "../../tests/support/push_log_subjects.ts";
import { leaseOf, positions, room, texts } from "../contract/push_log_model.ts";
import { testPushLog } from "../contract/push_log_suite.ts";
import { LeaseLost, PushLogFull, StoreUnavailable } from "../ports.ts";
import { MemoryPushLog } from "./push_log.ts";

testPushLog(memoryPushLog);

function open(clock = new ManualClock()): MemoryPushLog {
  return new MemoryPushLog(clock, { partitions: 2, partitionBytesMax: 1 << 30, leaseMs: 3_000 });
}

test("MemoryPushLog.acquire() renews a lease, which runs out to the millisecond", async () => {
  const clock = new ManualClock();
  const log = open(clock);
  const lease = await leaseOf(log, 0, "a");
  clock.advance(2_999);
  assert.equal(await log.acquire(0, "b"), undefined);
  assert.deepEqual(await log.acquire(0, "a"), lease);
  clock.advance(2_999);
  assert.deepEqual(await log.claim(lease), []);
  clock.advance(1);
  await assert.rejects(log.claim(lease), LeaseLost);
  const next = await leaseOf(log, 0, "a");
  assert.equal(next.token, lease.token + 1, "it was nobody's for a while");
});

test("MemoryPushLog.acquire() ends what waits with a lease that ran out", async () => {
  const clock = new ManualClock();
  const log = open(clock);
  const waiting = log.read(await leaseOf(log, 0, "a"), 10).catch((error) => error);
  clock.advance(3_000);
  const next = await leaseOf(log, 0, "b");
  assert.ok(await waiting instanceof LeaseLost);
  await log.append(0, room("x"));
  assert.deepEqual(texts(await log.read(next, 10)), ["x"]);
});

test("MemoryPushLog.join() forgets owners to the millisecond", async () => {
  const clock = new ManualClock();
  const log = open(clock);
  await log.join("b");
  clock.advance(1);
  assert.deepEqual(await log.join("a"), ["a", "b"]);
  clock.advance(2_998);
  assert.deepEqual(await log.join("a"), ["a", "b"]);
  clock.advance(1);
  assert.deepEqual(await log.join("a"), ["a"]);
});

test("MemoryPushLog.read() and claim() end a read that waits, with nothing", async () => {
  const log = open();
  const lease = await leaseOf(log, 0, "a");
  const first = log.read(lease, 10);
  const second = log.read(lease, 10);
  assert.deepEqual(await first, []);
  assert.deepEqual(await log.claim(lease), []);
  assert.deepEqual(await second, []);
  await log.append(0, room("x"));
  assert.deepEqual(texts(await log.read(lease, 10)), ["x"]);
});

test("MemoryPushLog counts the keys of a push by its bytes", async () => {
  const log = new MemoryPushLog(new ManualClock(), { partitions: 1, partitionBytesMax: 10_000 });
  const keys = Array.from({ length: 100 }, (_, index) => `key-number-${index}`.padEnd(60));
  const push = { kind: "keys", server: "s", keys, operation: 1, body: new Uint8Array(0) } as const;
  await assert.rejects(log.append(0, push), PushLogFull);
  assert.equal(log.bytes, 0);
});

test("MemoryPushLog.append() fails once it is closed", async () => {
  const log = open();
  await log.close();
  const message = "Cannot append to push log: it is closed";
  await assert.rejects(log.append(0, room("x")), new StoreUnavailable(message));
  await assert.rejects(log.acquire(0, "a"), /Cannot lease partition: the push log is closed/);
});

test("MemoryPushLog stays in order through a deep backlog and mixed reads", async () => {
  const log = open();
  const lease = await leaseOf(log, 0, "a");
  const count = 100_000;
  let appended = 0, expected = 0;
  const append = () => log.append(0, { ...room(""), operation: appended++ });
  while (appended < count / 2) await append();
  while (expected < count) {
    const entries = await log.read(lease, 1 + expected % 7);
    for (const { message } of entries) assert.equal(message.operation, expected++);
    await log.ack(lease, positions(entries));
    if (appended < count) await append();
    if (appended < count) await append();
  }
  assert.equal(log.entries, 0);
  assert.equal(log.bytes, 0);
});
