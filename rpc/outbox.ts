import { type Conn, WriteOutcome } from "../platform/port.ts";
import { writeHeader } from "../protocol/frame.ts";
import { Limits } from "../protocol/limits.ts";
import { RpcLimits } from "./limits.ts";

/** Bytes of the memory that frames are put together in; longer writes go out in parts. */
const SLAB_BYTES = 64 * 1024;

/** A body of so many bytes goes out as it is, without a copy. */
const DIRECT_BYTES_MIN = 16 * 1024;

/**
 * Sends frames: those of one turn, until the microtasks have run, leave in one write. Memory that
 * was written out is never written to again, since the connection may still hold it.
 */
export class Outbox {
  #slab: Uint8Array;
  /** How much of the slab has been handed to the connection. */
  #sent = 0;
  /** How much of the slab is used. */
  #used = 0;
  /** Bytes handed to the connection so far. */
  #writtenBytes = 0;
  #due = false;
  #over = false;
  readonly #conn: Conn<unknown>;
  readonly #onStuck: () => void;
  readonly #onTurn = () => {
    this.#due = false;
    this.flush();
  };

  /** @param onStuck Told, once, when the peer does not read and more cannot be kept for it. */
  constructor(conn: Conn<unknown>, onStuck: () => void) {
    this.#conn = conn;
    this.#onStuck = onStuck;
    this.#slab = new Uint8Array(SLAB_BYTES);
  }

  /** Bytes that the kernel has not taken yet. */
  get unsentBytes(): number {
    return this.#conn.pendingBytes + this.#used - this.#sent;
  }

  /** Bytes that the kernel has taken so far. */
  get takenBytes(): number {
    return this.#writtenBytes - this.#conn.pendingBytes;
  }

  /**
   * Sends a frame.
   *
   * @param body Must never change afterwards.
   */
  frame(operation: number, sequence: number, body: Uint8Array): void {
    if (this.#over) return;
    const isDirect = body.length >= DIRECT_BYTES_MIN;
    const frameBytes = Limits.headerBytes + body.length;
    const offset = this.#reserve(isDirect ? Limits.headerBytes : frameBytes);
    writeHeader(this.#slab, offset, frameBytes, operation, sequence);
    if (isDirect) {
      this.flush();
      this.#write(body);
      return;
    }
    this.#slab.set(body, offset + Limits.headerBytes);
    if (this.#due) return;
    this.#due = true;
    queueMicrotask(this.#onTurn);
  }

  /** Hands over what was put together so far. */
  flush(): void {
    if (this.#sent === this.#used) return;
    const bytes = this.#slab.subarray(this.#sent, this.#used);
    this.#sent = this.#used;
    this.#write(bytes);
  }

  /** Sends no more. */
  close(): void {
    this.#over = true;
    this.#sent = this.#used;
  }

  /** @returns Where in the slab the next `count` bytes go. */
  #reserve(count: number): number {
    if (this.#used + count > this.#slab.length) {
      this.flush();
      this.#slab = new Uint8Array(SLAB_BYTES);
      this.#sent = this.#used = 0;
    }
    const offset = this.#used;
    this.#used += count;
    return offset;
  }

  #write(bytes: Uint8Array): void {
    if (this.#over) return;
    const outcome = this.#conn.write(bytes);
    this.#writtenBytes += bytes.length;
    // After a lost write nothing else may follow: the peer could not tell frames apart.
    if (
      outcome !== WriteOutcome.dropped && this.#conn.pendingBytes <= RpcLimits.pendingBytesMax
    ) return;
    this.close();
    this.#onStuck();
  }
}
