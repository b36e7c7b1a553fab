import { type BorrowedBytes, plainBuffers } from "../buffers.ts";
import { parseFields } from "./head.ts";
import { HeadReader } from "./head_reader.ts";
import { HttpLimits } from "./limits.ts";
import { HttpError } from "./status.ts";

const LF = 0x0a;

/** The size in hexadecimal, in digits enough for any body that is taken, and extensions. */
const SIZE_LINE = /^([\da-f]{1,8})(?:[\t ]*;[\t -~\x80-\xff]*)?\r\n$/i;

/** What the next byte belongs to. */
const Part = { size: 0, data: 1, dataEnd: 2, trailers: 3, complete: 4 } as const;
type Part = typeof Part[keyof typeof Part];

/**
 * Puts together a body that comes in chunks (RFC 9112 section 7.1), however they are cut. Extensions
 * and trailers are read and dropped.
 */
export class ChunkedBody {
  #part: Part = Part.size;
  /** What has come of the line before a chunk, or of the empty one behind it. */
  #line = "";
  /** Bytes of the chunk that are still to come. */
  #chunkBytes = 0;
  readonly #trailers = new HeadReader(plainBuffers, HttpLimits.trailerBytesMax, "trailers");

  /**
   * @param body Where to put it together.
   * @param bytesMax The longest body, in bytes.
   */
  constructor(private readonly body: BorrowedBytes, private readonly bytesMax: number) {}

  /** Whether the body is whole. */
  get isComplete(): boolean {
    return this.#part === Part.complete;
  }

  /**
   * Takes what has come.
   *
   * @param bytes The stream's next bytes; copied.
   * @returns How many of them belong to the body.
   * @throws {HttpError} When the body is malformed or too long.
   */
  push(bytes: Uint8Array): number {
    let at = 0;
    while (at < bytes.length && this.#part !== Part.complete) {
      if (this.#part === Part.data) at = this.#takeData(bytes, at);
      else if (this.#part === Part.trailers) at = this.#takeTrailers(bytes, at);
      else at = this.#takeLine(bytes, at);
    }
    return at;
  }

  #takeData(bytes: Uint8Array, start: number): number {
    const end = Math.min(bytes.length, start + this.#chunkBytes);
    this.body.append(bytes, start, end);
    this.#chunkBytes -= end - start;
    if (this.#chunkBytes === 0) this.#part = Part.dataEnd;
    return end;
  }

  #takeTrailers(bytes: Uint8Array, start: number): number {
    const end = this.#trailers.push(bytes.subarray(start));
    if (end === 0) return bytes.length;
    parseFields(this.#trailers.text);
    this.#part = Part.complete;
    return start + end;
  }

  #takeLine(bytes: Uint8Array, start: number): number {
    // One byte more than may come is enough to refuse it.
    const lineEnd = start + HttpLimits.chunkLineBytesMax + 1 - this.#line.length;
    const end = Math.min(bytes.length, lineEnd);
    let at = start;
    let byte = 0;
    while (at < end && byte !== LF) {
      byte = bytes[at++];
      this.#line += String.fromCharCode(byte);
    }
    if (this.#line.length > HttpLimits.chunkLineBytesMax) throw malformed();
    if (byte === LF) {
      this.#part = this.#afterLine(this.#line);
      this.#line = "";
    }
    return at;
  }

  #afterLine(line: string): Part {
    if (this.#part === Part.dataEnd) {
      if (line === "\r\n") return Part.size;
      throw malformed();
    }
    const size = SIZE_LINE.exec(line);
    if (size === null) throw malformed();
    this.#chunkBytes = parseInt(size[1], 16);
    if (this.body.length + this.#chunkBytes > this.bytesMax) throw tooLong(this.bytesMax);
    return this.#chunkBytes === 0 ? Part.trailers : Part.data;
  }
}

/** What a body that is too long is refused with. */
export function tooLong(bytesMax: number): HttpError {
  return new HttpError(413, `body must be at most ${bytesMax} bytes`);
}

function malformed(): HttpError {
  return new HttpError(400, "chunks of the body are malformed");
}
