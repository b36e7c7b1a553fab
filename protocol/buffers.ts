import { EMPTY } from "./frame.ts";

/** Where decoders borrow memory for what arrives in parts. `comet/buffer` has the pool. */
export interface Buffers {
  /**
   * Lends a buffer; its content is arbitrary.
   *
   * @param bytesMin The least length, in bytes.
   */
  acquire(bytesMin: number): Uint8Array;
  /** Takes a buffer of `acquire` back; it must not be used afterwards. */
  release(buffer: Uint8Array): void;
}

/** Plain allocation behind the same face, for clients and tests. */
export const plainBuffers: Buffers = {
  acquire: (bytesMin) => new Uint8Array(bytesMin),
  release: () => {},
};

/** Least capacity to borrow, so that bytes that trickle in do not move often. */
const BORROWED_BYTES_MIN = 128;

/**
 * Adds bytes to a borrowed buffer, which at least doubles whenever it is full: adding is linear in
 * all, and what is held is never more than twice what has come.
 *
 * @param buffers Where to borrow.
 * @param buffer What is held so far, or null for nothing.
 * @param usedBytes How much of `buffer` is used.
 * @param bytes Holds what to add, from `start` to `end`.
 * @returns The buffer that now holds it all; another one than `buffer` when that was full.
 */
export function appendBorrowed(
  buffers: Buffers,
  buffer: Uint8Array | null,
  usedBytes: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): Uint8Array {
  const neededBytes = usedBytes + end - start;
  let into = buffer;
  if (into === null) {
    into = buffers.acquire(Math.max(BORROWED_BYTES_MIN, neededBytes));
  } else if (into.length < neededBytes) {
    const grown = buffers.acquire(Math.max(2 * into.length, neededBytes));
    grown.set(into.subarray(0, usedBytes));
    buffers.release(into);
    into = grown;
  }
  into.set(bytes.subarray(start, end), usedBytes);
  return into;
}

/** Bytes that are put together in a borrowed buffer; nothing is borrowed while there are none. */
export class BorrowedBytes {
  /** Bytes that are held. */
  length = 0;
  private buffer: Uint8Array | null = null;

  /** @param buffers Where to borrow. */
  constructor(private readonly buffers: Buffers) {}

  /** Adds a copy of bytes, from `start` to `end`. */
  append(bytes: Uint8Array, start: number, end: number): void {
    this.buffer = appendBorrowed(this.buffers, this.buffer, this.length, bytes, start, end);
    this.length += end - start;
  }

  /** All that is held; a view. */
  get bytes(): Uint8Array {
    return this.buffer === null ? EMPTY : this.buffer.subarray(0, this.length);
  }

  /** Gives back what is borrowed, and begins anew; may be called more than once. */
  release(): void {
    if (this.buffer !== null) this.buffers.release(this.buffer);
    this.buffer = null;
    this.length = 0;
  }
}
