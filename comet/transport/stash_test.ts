import assert from "node:assert/strict";
import { test } from "node:test";
import { Limits } from "../../protocol/limits.ts";
import { BufferPool } from "../buffer/buffer_pool.ts";
import { Stash } from "./stash.ts";

function bytes(from: number, count: number): Uint8Array {
  return Uint8Array.from({ length: count }, (_, index) => (from + index) & 0xff);
}

test("Stash.append() keeps bytes in order while others are consumed", () => {
  const pool = new BufferPool({ bytesMax: 1 << 20, checked: true });
  const stash = new Stash(pool, 10);
  let appended = 0;
  let consumed = 0;
  for (const count of [10, 60, 1, 500, 3000]) {
    assert.equal(stash.append(bytes(appended, count)), true);
    appended += count;
    const part = Math.floor(stash.bytes.length / 2);
    assert.deepEqual(stash.bytes.slice(0, part), bytes(consumed, part));
    stash.consume(part);
    consumed += part;
  }
  assert.deepEqual(stash.bytes.slice(), bytes(consumed, appended - consumed));
  stash.release();
  assert.equal(pool.inUse, 0);
});

test("Stash.append() refuses what would pass the limit and keeps the rest", () => {
  const pool = new BufferPool({ bytesMax: 1 << 20, checked: true });
  const stash = new Stash(pool, 1);
  assert.equal(stash.append(new Uint8Array(Limits.pipelinedBytesMax)), true);
  assert.equal(stash.append(bytes(0, 1)), false);
  assert.equal(stash.bytes.length, Limits.pipelinedBytesMax);
  stash.consume(1);
  assert.equal(stash.append(bytes(7, 1)), true);
  assert.equal(stash.bytes.at(-1), 7);
  stash.release();
  assert.equal(pool.inUse, 0);
});
