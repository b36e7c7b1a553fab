/** Bytes of the buffer that a connection keeps for itself. */
const smallBytes = 512;

/** Bytes of a buffer lent to a connection that has more to read. */
const largeBytes = 64 * 1024;

/**
 * Most large buffers lent at a time. A peer that fills its small buffer and falls silent holds
 * one until it speaks again, so they are few; without one, reading goes on in small steps.
 */
const lentMax = 64;

/** Read buffers: a small one for the many connections that are idle, a large one for the busy. */
export class ReadBuffers {
  #spare: Uint8Array<ArrayBuffer>[] = [];
  #lent = 0;

  /** A new connection's buffer. */
  first(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(smallBytes);
  }

  /**
   * The buffer for a connection's next read.
   *
   * @param buffer What the last read went to; no longer the connection's unless returned.
   * @param count Bytes that the last read brought.
   */
  next(buffer: Uint8Array<ArrayBuffer>, count: number): Uint8Array<ArrayBuffer> {
    if (buffer.length === largeBytes) {
      if (count > smallBytes) return buffer;
      this.release(buffer, false);
      return this.first();
    }
    if (count < buffer.length || this.#lent === lentMax) return buffer;
    this.#lent++;
    return this.#spare.pop() ?? new Uint8Array(largeBytes);
  }

  /**
   * Takes back the buffer of a connection that reads no more.
   *
   * @param inUse Whether a read that was cut short may still write to it: then nobody gets it.
   */
  release(buffer: Uint8Array<ArrayBuffer>, inUse: boolean): void {
    if (buffer.length !== largeBytes) return;
    this.#lent--;
    if (!inUse) this.#spare.push(buffer);
  }
}
