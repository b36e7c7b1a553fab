import assert from "node:assert/strict";
import { test } from "node:test";
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
    stash.append(bytes(appended, count));
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
