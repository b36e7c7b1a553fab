import assert from "node:assert/strict";
import { test } from "node:test";
import { EMPTY } from "../protocol/frame.ts";
import { RpcLimits } from "./limits.ts";
import { PendingCalls } from "./pending_calls.ts";

test("PendingCalls.next() passes over calls under way when sequences begin anew", async () => {
  const calls = new PendingCalls(0x7fff_ffff - 2);
  const first = calls.next();
  const answer = calls.add(first, 1, 0, 10);
  const second = new PendingCalls(first - 1);
  assert.equal(second.next(), first);
  assert.equal(calls.next(), 0x7fff_ffff);
  assert.equal(calls.next(), 1);
  const wrapped = new PendingCalls(0x7fff_ffff);
  void wrapped.add(1, 1, 0, 10);
  void wrapped.add(2, 1, 0, 10);
  assert.equal(wrapped.next(), 3);
  assert.ok(calls.resolve(first, EMPTY));
  assert.equal(await answer, EMPTY);
  assert.equal(calls.resolve(first, EMPTY), false);
});

test("PendingCalls.isFull() counts calls and bytes, and both come back", async () => {
  const calls = new PendingCalls();
  const half = RpcLimits.callBytesMax / 2;
  const large = [calls.add(calls.next(), 1, half, 10), calls.add(calls.next(), 1, half, 20)];
  assert.ok(calls.isFull(1));
  assert.equal(calls.isFull(0), false);
  assert.equal(calls.expire(9), 0);
  assert.equal(calls.expire(10), 1);
  assert.equal(calls.isFull(half), false);
  calls.lose("for a test");
  assert.equal(calls.size, 0);
  const results = await Promise.allSettled(large);
  const codes = results.map((result) => result.status === "rejected" && result.reason.code);
  assert.deepEqual(codes, ["timeout", "lost"]);
});
