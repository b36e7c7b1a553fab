/** How many times its limit a queue may hold while the write under way is young. */
export const pendingBurstFactor = 4;

/** A write under way for this long has met a full socket, in milliseconds. */
const stalledMs = 100;

/**
 * How much may wait where the runtime says late whether the kernel took a write: until it has said
 * so, the owner of a healthy connection must not lose what it writes in one go.
 *
 * @param pendingBytesMax The limit behind a full socket, in bytes.
 * @param underWayMs For how long the write has been under way, in milliseconds.
 */
export function pendingLimit(pendingBytesMax: number, underWayMs: number): number {
  return underWayMs < stalledMs ? pendingBytesMax * pendingBurstFactor : pendingBytesMax;
}

/** Consumed places at the front of the list before it is shortened. */
const consumedMax = 64;

/** Writes that wait for a socket, oldest first. Keeps references: the bytes are shared. */
export class WriteQueue {
  /** Bytes that wait. */
  bytes = 0;
  #writes: Uint8Array[] = [];
  /** Place of the oldest write that waits. */
  #head = 0;
  /** Bytes of the oldest write that are gone already. */
  #begunBytes = 0;

  /** Adds a write at the end. */
  push(write: Uint8Array): void {
    this.#writes.push(write);
    this.bytes += write.length;
  }

  /** What is left of the oldest write; the queue must not be empty. */
  peek(): Uint8Array {
    const write = this.#writes[this.#head];
    return this.#begunBytes === 0 ? write : write.subarray(this.#begunBytes);
  }

  /** Takes bytes off the oldest write, no more than `peek` showed. */
  consume(count: number): void {
    this.bytes -= count;
    this.#begunBytes += count;
    if (this.#begunBytes < this.#writes[this.#head].length) return;
    this.#begunBytes = 0;
    if (++this.#head < consumedMax) return;
    this.#writes.splice(0, this.#head);
    this.#head = 0;
  }

  /**
   * Takes the oldest writes as one.
   *
   * @param bytesMax Where to stop adding; the oldest one is taken whatever its length.
   */
  takeMerged(bytesMax: number): Uint8Array {
    let end = this.#head + 1;
    let length = this.#writes[this.#head].length - this.#begunBytes;
    while (end < this.#writes.length && length + this.#writes[end].length <= bytesMax) {
      length += this.#writes[end++].length;
    }
    if (end === this.#head + 1) {
      const only = this.peek();
      this.consume(only.length);
      return only;
    }
    const merged = new Uint8Array(length);
    let offset = 0;
    while (offset < length) {
      const write = this.peek();
      merged.set(write, offset);
      offset += write.length;
      this.consume(write.length);
    }
    return merged;
  }

  /**
   * Drops every write that has not begun.
   *
   * @returns How many.
   */
  discard(): number {
    const keep = this.#begunBytes > 0 ? 1 : 0;
    const dropped = this.#writes.length - this.#head - keep;
    if (dropped === 0) return 0;
    this.#writes = this.#writes.slice(this.#head, this.#head + keep);
    this.#head = 0;
    this.bytes = keep === 0 ? 0 : this.#writes[0].length - this.#begunBytes;
    return dropped;
  }
}
