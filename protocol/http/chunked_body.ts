import { plainBuffers } from "../buffers.ts";
import type { BodyBuffer } from "./body_buffer.ts";
import { parseFieldLines } from "./head.ts";
import { HeadOutcome, HeadReader } from "./head_reader.ts";
import { HttpError } from "./http_error.ts";
import { HttpLimits } from "./limits.ts";
import { checkFieldCount } from "./request_head.ts";

const TAB = 0x09, LF = 0x0a, CR = 0x0d, SPACE = 0x20, SEMICOLON = 0x3b, DELETE = 0x7f;

/** Hexadecimal digits of a chunk's size: enough for any body that is taken. */
const SIZE_DIGITS_MAX = 8;

/** What the next byte belongs to. */
const Part = {
  size: 0,
  /** Blanks behind a size, before its extension. */
  blank: 1,
  extension: 2,
  sizeLf: 3,
  data: 4,
  dataCr: 5,
  dataLf: 6,
  trailers: 7,
  complete: 8,
} as const;
type Part = typeof Part[keyof typeof Part];

/**
 * Puts together a body that comes in chunks (RFC 9112 section 7.1), however they are cut. Extensions
 * and trailers are read and dropped.
 */
export class ChunkedBody {
  #part: Part = Part.size;
  #lineBytes = 0;
  #sizeDigits = 0;
  /** Bytes of the chunk that are still to come. */
  #chunkBytes = 0;
  readonly #trailers = new HeadReader(plainBuffers, HttpLimits.trailerBytesMax);

  /**
   * @param body Where to put it together.
   * @param bytesMax The longest body, in bytes.
   */
  constructor(private readonly body: BodyBuffer, private readonly bytesMax: number) {}

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
      if (this.#part === Part.data) at = this.#data(bytes, at);
      else if (this.#part === Part.trailers) at = this.#trailerLines(bytes, at);
      else this.#part = this.#framing(bytes[at++]);
    }
    return at;
  }

  #data(bytes: Uint8Array, start: number): number {
    const end = Math.min(bytes.length, start + this.#chunkBytes);
    this.body.append(bytes, start, end);
    this.#chunkBytes -= end - start;
    if (this.#chunkBytes === 0) this.#part = Part.dataCr;
    return end;
  }

  #trailerLines(bytes: Uint8Array, start: number): number {
    const end = this.#trailers.push(bytes.subarray(start));
    if (end === HeadOutcome.unfinished) return bytes.length;
    if (end === HeadOutcome.tooLong) {
      throw new HttpError(431, `trailers must be at most ${HttpLimits.trailerBytesMax} bytes`);
    }
    const { text } = this.#trailers;
    const lines = text === "\r\n" ? [] : text.slice(0, -4).split("\r\n");
    const fields = end === HeadOutcome.malformed ? undefined : parseFieldLines(lines, 0);
    if (fields === undefined) throw new HttpError(400, "trailers are malformed");
    checkFieldCount(fields);
    this.#part = Part.complete;
    return start + end;
  }

  /** @returns What comes after a byte that is not of the body. */
  #framing(byte: number): Part {
    switch (this.#part) {
      case Part.dataCr:
        if (byte === CR) return Part.dataLf;
        break;
      case Part.dataLf:
        if (byte !== LF) break;
        this.#lineBytes = 0;
        this.#sizeDigits = 0;
        return Part.size;
      case Part.sizeLf:
        if (byte === LF) return this.#chunkBytes === 0 ? Part.trailers : this.#begin();
        break;
      case Part.size: {
        const digit = hexDigit(byte);
        if (digit >= 0 && this.#sizeDigits < SIZE_DIGITS_MAX) {
          this.#sizeDigits++;
          this.#chunkBytes = this.#chunkBytes * 16 + digit;
          return Part.size;
        }
        if (digit < 0 && this.#sizeDigits > 0) return this.#afterSize(byte);
        break;
      }
      case Part.blank:
        if (byte !== CR) return this.#afterSize(byte);
        break;
      case Part.extension:
        return this.#inExtension(byte);
    }
    throw malformed();
  }

  #begin(): Part {
    if (this.body.length + this.#chunkBytes <= this.bytesMax) return Part.data;
    throw tooLong(this.bytesMax);
  }

  #afterSize(byte: number): Part {
    if (byte === CR) return Part.sizeLf;
    if (byte === SEMICOLON) return Part.extension;
    if (byte !== SPACE && byte !== TAB) throw malformed();
    this.#countLine();
    return Part.blank;
  }

  #inExtension(byte: number): Part {
    if (byte === CR) return Part.sizeLf;
    if ((byte < SPACE && byte !== TAB) || byte === DELETE) throw malformed();
    this.#countLine();
    return Part.extension;
  }

  #countLine(): void {
    if (++this.#lineBytes > HttpLimits.chunkLineBytesMax) throw malformed();
  }
}

/** What a body that is too long is refused with. */
export function tooLong(bytesMax: number): HttpError {
  return new HttpError(413, `body must be at most ${bytesMax} bytes`);
}

function malformed(): HttpError {
  return new HttpError(400, "chunks of the body are malformed");
}

/** The value of a hexadecimal digit, or -1. */
function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
