import type { Buffers } from "../../protocol/buffers.ts";

/**
 * What a client sent ahead of a request that is still being answered, or faster than it can be
 * served; exists only meanwhile.
 */
export class PipelineBuffer {
  #buffer: Uint8Array;
  #start = 0;
  #end = 0;

  /**
   * @param buffers Where memory is borrowed.
   * @param bytesMin How much is to be kept at once, in bytes.
   */
  constructor(private readonly buffers: Buffers, bytesMin: number) {
    this.#buffer = buffers.acquire(bytesMin);
  }

  /** The bytes kept, oldest first; lent until the next call. */
  get bytes(): Uint8Array {
    return this.#buffer.subarray(this.#start, this.#end);
  }

  /** Keeps more. */
  append(chunk: Uint8Array): void {
    const kept = this.#end - this.#start;
    if (this.#end + chunk.length > this.#buffer.length) {
      const roomier = this.buffers.acquire(kept + chunk.length);
      roomier.set(this.bytes);
      this.buffers.release(this.#buffer);
      this.#buffer = roomier;
      this.#start = 0;
      this.#end = kept;
    }
    this.#buffer.set(chunk, this.#end);
    this.#end += chunk.length;
  }

  /** Drops the oldest bytes. */
  consume(bytes: number): void {
    this.#start += bytes;
  }

  /** Gives the memory back. */
  release(): void {
    this.buffers.release(this.#buffer);
  }
}
