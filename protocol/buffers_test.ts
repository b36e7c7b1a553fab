import assert from "node:assert/strict";
import { test } from "node:test";

import { CountedBuffers } from "../tests/support/websocket_decoding.ts";
import { appendBorrowed } from "./buffers.ts";

test("appendBorrowed() keeps every byte, moves seldom and gives back what it outgrows", () => {
  const buffers = new CountedBuffers();
  const source = new Uint8Array(5000).map((_, index) => index * 7);
  let buffer: Uint8Array | null = null;
  for (let at = 0; at < source.length; at += 5) {
    buffer = appendBorrowed(buffers, buffer, at, source, at, at + 5);
    assert.equal(buffers.lentBytes, buffer.length, "one buffer is held");
    assert.ok(buffer.length <= Math.max(200, 2 * (at + 5) + 10), `${buffer.length} at ${at}`);
  }
  assert.deepEqual(buffer!.slice(0, source.length), source);
  assert.ok(buffers.acquired <= 8, `${buffers.acquired} buffers`);
});

test("appendBorrowed() takes a large first piece at once", () => {
  const buffers = new CountedBuffers();
  const buffer = appendBorrowed(buffers, null, 0, new Uint8Array(3000).fill(1), 1000, 3000);
  assert.deepEqual(buffer.slice(0, 2000), new Uint8Array(2000).fill(1));
  assert.equal(buffers.acquired, 1);
});
