import assert from "node:assert/strict";
import { test } from "node:test";
import { BufferPool } from "../buffer_pool.ts";
import { PipelineBuffer } from "./pipeline_buffer.ts";

function bytes(from: number, count: number): Uint8Array {
  return Uint8Array.from({ length: count }, (_, index) => (from + index) & 0xff);
}

test("PipelineBuffer.append() keeps bytes in order while others are consumed", () => {
  const pool = new BufferPool({ bytesMax: 1 << 20, checked: true });
  const pipelined = new PipelineBuffer(pool, 10);
  let appended = 0;
  let consumed = 0;
  for (const count of [10, 60, 1, 500, 3000]) {
    pipelined.append(bytes(appended, count));
    appended += count;
    const part = Math.floor(pipelined.bytes.length / 2);
    assert.deepEqual(pipelined.bytes.slice(0, part), bytes(consumed, part));
    pipelined.consume(part);
    consumed += part;
  }
  assert.deepEqual(pipelined.bytes.slice(), bytes(consumed, appended - consumed));
  pipelined.release();
  assert.equal(pool.inUse, 0);
});
