import { BufferPool } from "../comet/buffer_pool.ts";
import { type Buffers, plainBuffers } from "../protocol/buffers.ts";
import { best, cell, printTable, scaled } from "./measure.ts";

const OPERATIONS = 1_000_000;
const ROUNDS = 5;
/** Buffers that are lent at any time, as partial frames of as many connections are. */
const HELD = 256;
const SIZES = [64, 512, 4096, 65_536];

/** Borrows and gives back in turns; the first and the last byte are written, as a user would. */
function lend(buffers: Buffers, bytes: number, operations: number): number {
  const held: Uint8Array[] = [];
  let sum = 0;
  for (let operation = 0; operation < operations; operation++) {
    const place = operation % HELD;
    if (held.length > place) buffers.release(held[place]);
    const buffer = buffers.acquire(bytes);
    buffer[0] = operation;
    buffer[bytes - 1] = operation;
    sum += buffer[0];
    held[place] = buffer;
  }
  for (const buffer of held) buffers.release(buffer);
  return sum;
}

/**
 * Lending a buffer of the pool and taking it back, next to allocating one for the garbage collector
 * to find.
 */
export function run(scale: number): void {
  const rows: string[][] = [];
  for (const bytes of SIZES) {
    // Large buffers take long to allocate; fewer of them tell as much.
    const operations = scaled(OPERATIONS / Math.max(1, bytes / 1024), scale, HELD);
    const pool = new BufferPool({ bytesMax: 64 * 1024 * 1024 });
    const pooled = best(ROUNDS, operations, () => lend(pool, bytes, operations));
    const plain = best(ROUNDS, operations, () => lend(plainBuffers, bytes, operations));
    rows.push([
      String(bytes),
      cell(pooled.wallNs),
      cell(plain.wallNs),
      cell(pooled.wallNs / plain.wallNs),
      cell(pooled.cpuNs),
      cell(plain.cpuNs),
    ]);
  }
  printTable(
    `A buffer from the pool and back, against new Uint8Array, with ${HELD} in use`,
    ["bytes", "pool ns", "new ns", "ratio", "pool CPU ns", "new CPU ns"],
    rows,
  );
}
