import { appendBorrowed } from "../borrowed.ts";
import { plainBuffers } from "../buffers.ts";
import { EMPTY } from "../frame.ts";

/** Puts a body together. It grows with what has come, and not with what was announced. */
export class BodyBuffer {
  /** Bytes that have come. */
  length = 0;
  private buffer: Uint8Array | null = null;

  /** Adds a copy of bytes, from `start` to `end`. */
  append(bytes: Uint8Array, start: number, end: number): void {
    this.buffer = appendBorrowed(plainBuffers, this.buffer, this.length, bytes, start, end);
    this.length += end - start;
  }

  /** All that has come. */
  get bytes(): Uint8Array {
    return this.buffer === null ? EMPTY : this.buffer.subarray(0, this.length);
  }
}
