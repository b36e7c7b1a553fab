import fc from "fast-check";
import assert from "node:assert/strict";
import { test } from "node:test";
import { EMPTY } from "./frame.ts";
import { partitionOf, type PushMessage } from "./push_message.ts";
import { utf8 } from "../tests/support/protocol.ts";

const room = (key: string, operation = 1000, body = EMPTY): PushMessage => ({
  kind: "room",
  room: key,
  operation,
  body,
});
const keys = (server: string, ...names: string[]): PushMessage => ({
  kind: "keys",
  server,
  keys: names,
  operation: 1000,
  body: EMPTY,
});
const broadcast = (operation: number, speed = 0): PushMessage => ({
  kind: "broadcast",
  speed,
  operation,
  body: EMPTY,
});

test("partitionOf() stays what it was: a log outlives the process that wrote it", () => {
  assert.equal(partitionOf(room("live://1000"), 1000), 300);
  assert.equal(partitionOf(room("live://1001"), 1000), 919);
  assert.equal(partitionOf(room("chat://ä😀"), 1000), 714);
  assert.equal(partitionOf(keys("comet-1", "a"), 1000), 669);
  assert.equal(partitionOf(broadcast(1000), 1000), 188);
  assert.equal(partitionOf(broadcast(-1), 1000), 803);
});

test("partitionOf() depends on the room, the server or the operation alone", () => {
  for (let partitions = 1; partitions <= 64; partitions++) {
    assert.equal(
      partitionOf(room("live://1", 1, utf8("a")), partitions),
      partitionOf(room("live://1", 2, utf8("b")), partitions),
    );
    assert.equal(
      partitionOf(keys("comet-1", "a"), partitions),
      partitionOf(keys("comet-1", "b", "c"), partitions),
    );
    assert.equal(
      partitionOf(broadcast(1000, 0), partitions),
      partitionOf(broadcast(1000, 50), partitions),
    );
  }
});

test("partitionOf() is in range for any message", () => {
  const text = fc.string({ unit: "binary" });
  const message = fc.oneof(
    text.map((key) => room(key)),
    text.map((server) => keys(server)),
    fc.integer().map((operation) => broadcast(operation)),
  );
  fc.assert(
    fc.property(message, fc.integer({ min: 1, max: 1024 }), (push, partitions) => {
      const partition = partitionOf(push, partitions);
      assert.ok(Number.isInteger(partition) && partition >= 0 && partition < partitions);
    }),
    { seed: 20_265, numRuns: 2000 },
  );
});

test("partitionOf() spreads numbered rooms evenly", () => {
  const counts = new Array<number>(8).fill(0);
  for (let id = 0; id < 8000; id++) counts[partitionOf(room(`live://${id}`), 8)]++;
  for (const count of counts) assert.ok(count > 900 && count < 1100, counts.join());
});
