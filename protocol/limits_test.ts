import assert from "node:assert/strict";
import { test } from "node:test";
import { EMPTY, encodeFrame } from "./frame.ts";
import { Limits } from "./limits.ts";
import { Operation } from "./operations.ts";

test("Limits are whole numbers above 0", () => {
  for (const [name, limit] of Object.entries(Limits)) {
    assert.ok(Number.isSafeInteger(limit) && limit > 0, name);
  }
});

test("Limits.headerBytes is the length of a frame without a body", () => {
  assert.equal(encodeFrame(0, 0, EMPTY).length, Limits.headerBytes);
});

test("Limits let the largest push through an empty queue in its largest form", () => {
  const webSocketHeaderBytes = 10;
  const frame = encodeFrame(1000, 0, new Uint8Array(Limits.pushBodyBytesMax));
  const wrapped = encodeFrame(Operation.Raw, 0, frame);
  assert.ok(wrapped.length + webSocketHeaderBytes <= Limits.pendingBytesMax);
});

test("Limits let a client send its largest frame and its largest message ahead", () => {
  assert.ok(Limits.upstreamFrameBytesMax <= Limits.pipelinedBytesMax);
  assert.ok(Limits.messageBytesMax <= Limits.pipelinedBytesMax);
  assert.ok(Limits.upstreamFrameBytesMax <= Limits.messageBytesMax);
});

test("Limits let the longest key, the longest room and all operations stand in one auth frame", () => {
  const token = JSON.stringify({
    mid: "-9223372036854775808",
    key: "k".repeat(Limits.keyCharsMax),
    room_id: "r".repeat(Limits.roomKeyCharsMax),
    platform: "android",
    accepts: Array.from({ length: Limits.acceptsMax }, () => -2147483648),
  });
  assert.ok(token.length <= Limits.upstreamBodyBytesMax, `length is ${token.length}`);
});
