import { Buffer } from "node:buffer";
import { appendBorrowed } from "../borrowed.ts";
import type { Buffers } from "../buffers.ts";

const NUL = 0x00, LF = 0x0a, CR = 0x0d;

/** What `HeadReader.push` returns beside the bytes that it took. */
export const HeadOutcome = {
  /** The empty line is still to come. */
  unfinished: -1,
  /** A line does not end in CRLF, or holds a CR, LF or NUL. */
  malformed: -2,
  /** The head is longer than it may be. */
  tooLong: -3,
} as const;

/**
 * Gathers lines up to the empty one, however they are cut: the head of a message, or the trailers
 * of a body (RFC 9112 section 2.1). It holds no more than twice what has come. It knows no time: the
 * owner ends a connection whose head does not come.
 */
export class HeadReader {
  /** The lines, once they have come: a character per byte. */
  text = "";
  // Plain fields: there is one reader per connection.
  private head: Uint8Array | null = null;
  private headBytes = 0;
  /** Bytes of the line under way. */
  private lineBytes = 0;
  private isAfterCr = false;

  /**
   * @param buffers Where to borrow memory for a head that comes in parts.
   * @param bytesMax The longest head, in bytes.
   */
  constructor(private readonly buffers: Buffers, private readonly bytesMax: number) {}

  /** Bytes of the next head that have come. */
  get heldBytes(): number {
    return this.headBytes;
  }

  /**
   * Takes what has come. A head that lies whole in its chunk is not copied.
   *
   * @param chunk The stream's next bytes.
   * @returns How many of them belong to the head, whose lines are in `text` then, and the next byte
   * begins another; or a `HeadOutcome`. After a fault nothing may be pushed.
   */
  push(chunk: Uint8Array): number {
    const end = this.scan(chunk);
    if (end === HeadOutcome.malformed) return this.fail(end);
    if (end === HeadOutcome.unfinished) {
      if (this.headBytes + chunk.length >= this.bytesMax) return this.fail(HeadOutcome.tooLong);
      if (chunk.length > 0) this.keep(chunk, chunk.length);
      return end;
    }
    if (this.head === null) {
      this.text = latin1(chunk, end);
    } else {
      this.keep(chunk, end);
      this.text = latin1(this.head, this.headBytes);
    }
    this.close();
    return end;
  }

  /** Gives back what is borrowed, and begins anew; may be called more than once. */
  close(): void {
    if (this.head !== null) this.buffers.release(this.head);
    this.head = null;
    this.headBytes = 0;
    this.lineBytes = 0;
    this.isAfterCr = false;
  }

  private fail(outcome: number): number {
    this.close();
    return outcome;
  }

  /** Looks for the empty line, each byte once; returns the offset after it. */
  private scan(chunk: Uint8Array): number {
    const end = Math.min(chunk.length, this.bytesMax - this.headBytes);
    for (let at = 0; at < end; at++) {
      const byte = chunk[at];
      if (this.isAfterCr) {
        if (byte !== LF) return HeadOutcome.malformed;
        if (this.lineBytes === 0) return at + 1;
        this.isAfterCr = false;
        this.lineBytes = 0;
      } else if (byte === CR) {
        this.isAfterCr = true;
      } else if (byte === LF || byte === NUL) {
        return HeadOutcome.malformed;
      } else {
        this.lineBytes++;
      }
    }
    return HeadOutcome.unfinished;
  }

  private keep(chunk: Uint8Array, end: number): void {
    this.head = appendBorrowed(this.buffers, this.head, this.headBytes, chunk, 0, end);
    this.headBytes += end;
  }
}

/** HTTP heads are bytes, not UTF-8: a character each. */
function latin1(bytes: Uint8Array, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, end).toString("latin1");
}
