import { Buffer } from "node:buffer";
import { BorrowedBytes, type Buffers } from "../buffers.ts";
import { HttpError } from "./status.ts";

const NUL = 0x00, LF = 0x0a, CR = 0x0d;

/**
 * Gathers lines up to the empty one, however they are cut: the head of a message, or the trailers
 * of a body (RFC 9112 section 2.1). It holds no more than twice what has come. It knows no time: the
 * owner ends a connection whose head does not come.
 */
export class HeadReader {
  /** The lines, once they have come: a character per byte. */
  text = "";
  // Plain fields: there is one reader per connection.
  private readonly held: BorrowedBytes;
  /** Bytes of the line under way. */
  private lineBytes = 0;
  private isAfterCr = false;

  /**
   * @param buffers Where to borrow memory for a head that comes in parts.
   * @param bytesMax The longest head, in bytes.
   * @param what What the lines are.
   */
  constructor(
    buffers: Buffers,
    private readonly bytesMax: number,
    private readonly what: "head" | "trailers" = "head",
  ) {
    this.held = new BorrowedBytes(buffers);
  }

  /** Bytes of the next head that have come. */
  get heldBytes(): number {
    return this.held.length;
  }

  /**
   * Takes what has come. A head that lies whole in its chunk is not copied.
   *
   * @param chunk The stream's next bytes.
   * @returns How many of them belong to the head, whose lines are in `text` then, and the next byte
   * begins another; 0 while the empty line is still to come.
   * @throws {HttpError} When a line does not end in CRLF, or the head is longer than it may be;
   * nothing may be pushed then.
   */
  push(chunk: Uint8Array): number {
    const end = this.scan(chunk);
    if (end === 0) {
      if (this.held.length + chunk.length >= this.bytesMax) {
        throw this.fault(431, `${this.what} must be at most ${this.bytesMax} bytes`);
      }
      if (chunk.length > 0) this.held.append(chunk, 0, chunk.length);
      return 0;
    }
    if (this.held.length === 0) {
      this.text = latin1(chunk, end);
    } else {
      this.held.append(chunk, 0, end);
      this.text = latin1(this.held.bytes, this.held.length);
    }
    this.close();
    return end;
  }

  /** Gives back what is borrowed, and begins anew; may be called more than once. */
  close(): void {
    this.held.release();
    this.lineBytes = 0;
    this.isAfterCr = false;
  }

  private fault(status: number, message: string): HttpError {
    this.close();
    return new HttpError(status, message);
  }

  /** Looks for the empty line, each byte once; returns the offset after it, or 0. */
  private scan(chunk: Uint8Array): number {
    const end = Math.min(chunk.length, this.bytesMax - this.held.length);
    for (let at = 0; at < end; at++) {
      const byte = chunk[at];
      if (byte === NUL || (byte === LF) !== this.isAfterCr) {
        throw this.fault(400, "lines must end in CRLF, and hold no CR, LF or NUL");
      }
      if (this.isAfterCr) {
        if (this.lineBytes === 0) return at + 1;
        this.isAfterCr = false;
        this.lineBytes = 0;
      } else if (byte === CR) {
        this.isAfterCr = true;
      } else {
        this.lineBytes++;
      }
    }
    return 0;
  }
}

/** HTTP heads are bytes, not UTF-8: a character each. */
function latin1(bytes: Uint8Array, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, end).toString("latin1");
}
