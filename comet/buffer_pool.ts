import { assert } from "../base/assert.ts";
import type { Buffers } from "../protocol/buffers.ts";

/** How a pool is made. */
export interface BufferPoolOptions {
  /** Most bytes that the pool keeps, lent or not. */
  readonly bytesMax: number;
  /** Whether use after return and the return of others' buffers are looked for; for tests. */
  readonly checked?: boolean;
}

const CLASS_BYTES_MIN = 64;
const CLASS_BYTES_MAX = 64 * 1024;
/** Bytes of the slabs that small buffers are cut from. */
const SLAB_BYTES = 64 * 1024;
/** What a checked pool writes over a buffer that has come back. */
const POISON = 0xdd;

/** Buffers of one size. */
interface SizeClass {
  readonly bytes: number;
  /** Those that are not lent. */
  readonly free: PooledBuffer[];
}

/** A buffer of the pool. */
interface PooledBuffer {
  readonly buffer: Uint8Array;
  readonly sizeClass: SizeClass;
  lent: boolean;
}

/**
 * Lends buffers of 64 bytes to 64 KiB, in powers of two, cut from slabs. A buffer comes back into
 * use as the same object, so that lending allocates nothing once the pool is warm. What the pool
 * has no room for, or is larger, is allocated for the purpose and counted.
 */
export class BufferPool implements Buffers {
  /** Buffers that are lent, without the overflows. */
  inUse = 0;
  /** Bytes of all slabs. */
  bytesReserved = 0;
  /** Times that a buffer had to be allocated for the purpose. */
  overflows = 0;
  /** Bytes of the overflows that are lent. */
  overflowBytes = 0;
  readonly #bytesMax: number;
  readonly #checked: boolean;
  readonly #classes: SizeClass[] = [];
  /** The pool's own buffers; nothing is written here once they have been cut. */
  readonly #pooled = new Map<Uint8Array, PooledBuffer>();
  /** Overflows that are lent; only a checked pool remembers them. */
  readonly #overflows = new Set<Uint8Array>();

  constructor({ bytesMax, checked = false }: BufferPoolOptions) {
    this.#bytesMax = bytesMax;
    this.#checked = checked;
    for (let bytes = CLASS_BYTES_MIN; bytes <= CLASS_BYTES_MAX; bytes *= 2) {
      this.#classes.push({ bytes, free: [] });
    }
  }

  acquire(bytesMin: number): Uint8Array {
    assert(bytesMin >= 0, "a buffer has a length");
    if (bytesMin > CLASS_BYTES_MAX) return this.#overflow(bytesMin);
    const sizeClass = this.#classes[classOf(bytesMin)];
    if (sizeClass.free.length === 0 && !this.#cutSlab(sizeClass)) {
      return this.#overflow(sizeClass.bytes);
    }
    const pooled = sizeClass.free.pop()!;
    if (this.#checked) {
      const isUntouched = pooled.buffer.every((byte) => byte === POISON);
      assert(isUntouched, "a buffer is not used after its return");
    }
    pooled.lent = true;
    this.inUse++;
    return pooled.buffer;
  }

  release(buffer: Uint8Array): void {
    const pooled = this.#pooled.get(buffer);
    if (pooled === undefined) return this.#releaseOverflow(buffer);
    assert(pooled.lent, "a buffer is returned once");
    if (this.#checked) buffer.fill(POISON);
    pooled.lent = false;
    pooled.sizeClass.free.push(pooled);
    this.inUse--;
  }

  /** @returns False when that would go beyond the pool's limit. */
  #cutSlab(sizeClass: SizeClass): boolean {
    if (this.bytesReserved + SLAB_BYTES > this.#bytesMax) return false;
    this.bytesReserved += SLAB_BYTES;
    const slab = new ArrayBuffer(SLAB_BYTES);
    for (let offset = 0; offset < SLAB_BYTES; offset += sizeClass.bytes) {
      const buffer = new Uint8Array(slab, offset, sizeClass.bytes);
      if (this.#checked) buffer.fill(POISON);
      const pooled = { buffer, sizeClass, lent: false };
      this.#pooled.set(buffer, pooled);
      sizeClass.free.push(pooled);
    }
    return true;
  }

  #overflow(bytes: number): Uint8Array {
    this.overflows++;
    this.overflowBytes += bytes;
    const buffer = new Uint8Array(bytes);
    if (this.#checked) this.#overflows.add(buffer);
    return buffer;
  }

  /** The garbage collector takes it. */
  #releaseOverflow(buffer: Uint8Array): void {
    if (this.#checked) {
      assert(this.#overflows.delete(buffer), "a buffer is returned once, to the pool that lent it");
      buffer.fill(POISON);
    }
    this.overflowBytes -= buffer.length;
  }
}

/** The least class that holds so many bytes: 0 for 64, 1 for 128, and so on. */
function classOf(bytes: number): number {
  return bytes <= CLASS_BYTES_MIN ? 0 : 26 - Math.clz32(bytes - 1);
}
