import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { randomBelow, seededPrng } from "../base/prng.ts";
import { BufferPool } from "./buffer_pool.ts";

const SLAB_BYTES = 65_536;
const SIZES = [64, 128, 256, 512, 1024, 2048, 4096, 8192, 16_384, 32_768, 65_536];

describe("BufferPool.acquire()", () => {
  test("BufferPool.acquire() lends the least power of two from 64 to 65536 that is enough", () => {
    const pool = new BufferPool({ bytesMax: SIZES.length * SLAB_BYTES });
    for (const [index, size] of SIZES.entries()) {
      for (const bytesMin of [(SIZES[index - 1] ?? -1) + 1, size - 1, size]) {
        const buffer = pool.acquire(bytesMin);
        assert.equal(buffer.length, size, `at least ${bytesMin}`);
        pool.release(buffer);
      }
    }
    assert.equal(pool.bytesReserved, SIZES.length * SLAB_BYTES);
    assert.equal(pool.overflows, 0);
    assert.equal(pool.inUse, 0);
  });

  test("BufferPool.acquire() lends the same object again and makes no new one", () => {
    const pool = new BufferPool({ bytesMax: 1 << 20 });
    const lent = new Set<Uint8Array>();
    for (let round = 0; round < 10; round++) {
      const buffers = Array.from({ length: SLAB_BYTES / 1024 }, () => pool.acquire(1000));
      for (const buffer of buffers) lent.add(buffer);
      assert.equal(pool.inUse, 64);
      for (const buffer of buffers) pool.release(buffer);
    }
    assert.equal(lent.size, 64);
    assert.equal(pool.bytesReserved, SLAB_BYTES);
    assert.equal(pool.inUse, 0);
  });

  test("BufferPool.acquire() allocates beyond its bytes or its largest class, and counts it", () => {
    const pool = new BufferPool({ bytesMax: 2 * SLAB_BYTES - 1 });
    const first = pool.acquire(40_000);
    assert.equal(pool.overflows, 0);
    const overflow = pool.acquire(40_000);
    assert.equal(overflow.length, 65_536);
    assert.equal(pool.acquire(64).length, 64);
    assert.equal(pool.acquire(65_537).length, 65_537);
    assert.deepEqual([pool.overflows, pool.inUse, pool.bytesReserved], [3, 1, SLAB_BYTES]);
    pool.release(overflow);
    assert.notEqual(pool.acquire(40_000), overflow);
    assert.equal(pool.overflows, 4);
    pool.release(first);
    assert.equal(pool.acquire(40_000), first);
    assert.equal(pool.overflows, 4);
  });

  test("BufferPool.acquire() refuses what is no length", () => {
    const pool = new BufferPool({ bytesMax: 1 << 20 });
    for (const bytesMin of [-1, NaN]) {
      assert.throws(() => pool.acquire(bytesMin), /a buffer has a length/);
    }
  });
});

describe("BufferPool.release()", () => {
  test("BufferPool.release() refuses a buffer that has come back, in production too", () => {
    for (const checked of [false, true]) {
      const pool = new BufferPool({ bytesMax: 1 << 20, checked });
      const buffer = pool.acquire(100);
      pool.release(buffer);
      assert.throws(() => pool.release(buffer), /a buffer is returned once/);
      assert.equal(pool.inUse, 0);
    }
  });

  test("BufferPool.release() takes no foreign buffer into the pool", () => {
    const pool = new BufferPool({ bytesMax: 1 << 20 });
    const buffer = pool.acquire(64);
    const foreign = new Uint8Array(64);
    pool.release(foreign);
    pool.release(buffer.subarray());
    assert.equal(pool.inUse, 1);
    const others = Array.from({ length: 1023 }, () => pool.acquire(64));
    assert.equal(pool.bytesReserved, SLAB_BYTES);
    assert.ok(!others.includes(foreign));
  });
});

describe("BufferPool with checks", () => {
  test("BufferPool.release() refuses foreign buffers, views and overflows that came back", () => {
    const pool = new BufferPool({ bytesMax: SLAB_BYTES, checked: true });
    const buffer = pool.acquire(64);
    const overflow = pool.acquire(65_536);
    const large = pool.acquire(100_000);
    const other = new BufferPool({ bytesMax: SLAB_BYTES, checked: true }).acquire(64);
    pool.release(overflow);
    pool.release(large);
    for (const foreign of [new Uint8Array(64), buffer.subarray(), other, overflow, large]) {
      assert.throws(() => pool.release(foreign), /to the pool that lent it/);
    }
    assert.equal(pool.inUse, 1);
  });

  test("BufferPool.acquire() notices any byte written after the return", () => {
    for (const size of [64, 4096, 65_536]) {
      for (const index of [0, 1, size / 2, size - 1]) {
        const pool = new BufferPool({ bytesMax: SLAB_BYTES, checked: true });
        const buffer = pool.acquire(size).fill(0);
        pool.release(buffer);
        buffer[index] = 0;
        assert.throws(() => pool.acquire(size), /not used after its return/);
      }
    }
  });

  test("BufferPool.release() spoils what its reader should not read any more", () => {
    const pool = new BufferPool({ bytesMax: SLAB_BYTES, checked: true });
    for (const buffer of [pool.acquire(64), pool.acquire(100_000)]) {
      buffer.fill(1);
      pool.release(buffer);
      assert.ok(buffer.every((byte) => byte === 0xdd));
    }
  });
});

test("BufferPool lends no byte twice and keeps its bounds over 100,000 random operations", () => {
  for (const [seed, checked] of [[1, false], [2, true]] as const) {
    const prng = seededPrng(seed);
    const bytesMax = 12 * SLAB_BYTES;
    const pool = new BufferPool({ bytesMax, checked });
    /** What is lent, each filled with its own mark. */
    const lent: { buffer: Uint8Array; mark: number; isOverflow: boolean }[] = [];
    for (let operation = 0; operation < 50_000; operation++) {
      if (randomBelow(prng, 400) > lent.length) {
        const bytesMin = randomBelow(prng, 2 ** (6 + randomBelow(prng, 9)));
        const before = pool.overflows;
        const buffer = pool.acquire(bytesMin);
        assert.ok(buffer.length >= bytesMin);
        const mark = 1 + randomBelow(prng, 200);
        lent.push({ buffer: buffer.fill(mark), mark, isOverflow: pool.overflows > before });
      } else {
        const index = randomBelow(prng, lent.length);
        const { buffer, mark } = lent[index];
        if (!isFilledWith(buffer, mark)) assert.fail("another buffer's bytes were written");
        pool.release(buffer);
        lent[index] = lent.at(-1)!;
        lent.pop();
      }
      if (pool.bytesReserved > bytesMax) assert.fail("more than the limit is reserved");
    }
    assert.equal(pool.inUse, lent.filter((one) => !one.isOverflow).length);
    assert.ok(pool.overflows > 0 && pool.inUse > 0, "both ways were taken");
    assertDisjoint(lent.map((one) => one.buffer));
  }
});

function isFilledWith(buffer: Uint8Array, mark: number): boolean {
  for (let index = 0; index < buffer.length; index++) if (buffer[index] !== mark) return false;
  return true;
}

function assertDisjoint(buffers: readonly Uint8Array[]): void {
  const ends = new Map<ArrayBufferLike, number>();
  for (const { buffer, byteOffset, length } of buffers.toSorted(byOffset)) {
    assert.ok(byteOffset >= (ends.get(buffer) ?? 0), "two lent buffers overlap");
    ends.set(buffer, byteOffset + length);
  }
}

function byOffset(a: Uint8Array, b: Uint8Array): number {
  return a.byteOffset - b.byteOffset;
}
