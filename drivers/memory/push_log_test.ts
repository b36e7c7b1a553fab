import assert from "node:assert/strict";
import { test } from "node:test";
import type { PushMessage } from "../../protocol/push_message.ts";
import { type PushEntry, PushLogFull } from "../ports.ts";
import { MemoryPushLog } from "./push_log.ts";

function message(operation: number, bytes = 0): PushMessage {
  return { kind: "room", room: "live://1", operation, body: new Uint8Array(bytes) };
}

function operations(entries: readonly PushEntry[]): number[] {
  return entries.map(({ message }) => message.operation);
}

function ids(entries: readonly PushEntry[]): string[] {
  return entries.map(({ id }) => id);
}

test("MemoryPushLog.read() takes entries in the order of append() and no more than asked", async () => {
  const log = new MemoryPushLog();
  for (let operation = 1; operation <= 5; operation++) await log.append(3, message(operation));
  assert.deepEqual(operations(await log.read(3, 2)), [1, 2]);
  assert.deepEqual(operations(await log.read(3, 100)), [3, 4, 5]);
});

test("MemoryPushLog.append() gives ids that grow within a partition", async () => {
  const log = new MemoryPushLog();
  const given = [await log.append(0, message(1)), await log.append(0, message(2))];
  assert.deepEqual(ids(await log.read(0, 10)), given);
  assert.ok(Number(given[0]) < Number(given[1]));
});

test("MemoryPushLog keeps its partitions apart", async () => {
  const log = new MemoryPushLog({ partitions: 2, partitionBytesMax: 1_000 });
  await log.append(0, message(1));
  await log.append(1, message(2));
  assert.deepEqual(operations(await log.read(1, 10)), [2]);
  assert.deepEqual(operations(await log.read(0, 10)), [1]);
});

test("MemoryPushLog.read() waits until there is an entry", async () => {
  const log = new MemoryPushLog();
  const waiting = log.read(0, 10);
  await log.append(1, message(1));
  assert.equal(await Promise.race([waiting, Promise.resolve("waits")]), "waits");
  await log.append(0, message(2));
  assert.deepEqual(operations(await waiting), [2]);
});

test("MemoryPushLog.read() serves those that wait in the order in which they came", async () => {
  const log = new MemoryPushLog();
  const first = log.read(0, 10);
  const second = log.read(0, 10);
  await log.append(0, message(1));
  await log.append(0, message(2));
  assert.deepEqual(operations(await first), [1]);
  assert.deepEqual(operations(await second), [2]);
});

test("MemoryPushLog.claim() gives what was read and not acknowledged, and read() goes on after it", async () => {
  const log = new MemoryPushLog();
  for (let operation = 1; operation <= 5; operation++) await log.append(0, message(operation));
  const read = await log.read(0, 3);
  await log.ack(0, [read[1].id]);
  assert.deepEqual(operations(await log.claim(0)), [1, 3]);
  assert.deepEqual(operations(await log.read(0, 10)), [4, 5]);
  assert.deepEqual(operations(await log.claim(0)), [1, 3, 4, 5]);
});

test("MemoryPushLog.ack() forgets in any order, and passes over what is unknown or unread", async () => {
  const log = new MemoryPushLog();
  for (let operation = 1; operation <= 4; operation++) await log.append(0, message(operation));
  const read = await log.read(0, 3);
  await log.ack(0, [read[2].id, read[0].id, "4", "99", read[0].id]);
  assert.deepEqual(operations(await log.claim(0)), [2]);
  assert.equal(log.entries, 2);
  assert.deepEqual(operations(await log.read(0, 10)), [4]);
});

test("MemoryPushLog.append() refuses past the bytes of a partition, and takes again after ack()", async () => {
  const log = new MemoryPushLog({ partitions: 2, partitionBytesMax: 3_000 });
  await log.append(0, message(1, 1_000));
  await log.append(0, message(2, 1_000));
  await assert.rejects(log.append(0, message(3, 1_000)), (error) => {
    assert.ok(error instanceof PushLogFull);
    assert.match(error.message, /partition 0 must hold at most 3000 bytes, current value is \d+$/);
    return true;
  });
  await log.append(1, message(4, 1_000));
  const [first] = await log.read(0, 1);
  await assert.rejects(log.append(0, message(3, 1_000)), PushLogFull);
  await log.ack(0, [first.id]);
  await log.append(0, message(5, 1_000));
  assert.deepEqual(operations(await log.read(0, 10)), [2, 5]);
});

test("MemoryPushLog counts the keys of a push by its bytes", async () => {
  const log = new MemoryPushLog({ partitions: 1, partitionBytesMax: 10_000 });
  const keys = Array.from({ length: 100 }, (_, index) => `key-number-${index}`.padEnd(60));
  const push = { kind: "keys", server: "s", keys, operation: 1, body: new Uint8Array(0) } as const;
  await assert.rejects(log.append(0, push), PushLogFull);
  assert.equal(log.bytes, 0);
});

test("MemoryPushLog.bytes returns to 0 when everything is acknowledged", async () => {
  const log = new MemoryPushLog();
  for (let index = 0; index < 100; index++) await log.append(index % 8, message(1, index));
  assert.equal(log.entries, 100);
  for (let partition = 0; partition < 8; partition++) {
    await log.ack(partition, ids(await log.read(partition, 100)));
  }
  assert.equal(log.entries, 0);
  assert.equal(log.bytes, 0);
});

test("MemoryPushLog.close() ends waiting and later reads with nothing, and append() fails", async () => {
  const log = new MemoryPushLog();
  const waiting = [log.read(0, 1), log.read(0, 1), log.read(7, 1)];
  await log.close();
  for (const entries of await Promise.all(waiting)) assert.deepEqual(entries, []);
  assert.deepEqual(await log.read(0, 1), []);
  await assert.rejects(log.append(0, message(1)), /Cannot append to push log: it is closed/);
});

test("MemoryPushLog stays in order through a deep backlog and mixed reads", async () => {
  const log = new MemoryPushLog({ partitions: 1, partitionBytesMax: 2 ** 30 });
  const count = 100_000;
  let appended = 0, expected = 0;
  while (appended < count / 2) await log.append(0, message(appended++));
  while (expected < count) {
    const entries = await log.read(0, 1 + expected % 7);
    for (const { message } of entries) assert.equal(message.operation, expected++);
    await log.ack(0, ids(entries));
    if (appended < count) await log.append(0, message(appended++));
    if (appended < count) await log.append(0, message(appended++));
  }
  assert.equal(log.entries, 0);
  assert.equal(log.bytes, 0);
});
