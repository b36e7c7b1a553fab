import { readInt32, writeInt32 } from "./frame.ts";
import { decodeUtf8, utf8Length } from "./utf8.ts";
import { RpcError } from "./rpc.ts";

const encoder = new TextEncoder();

/** What the upper half of a safe integer counts. */
const UPPER = 2 ** 32;

/** Writes the body of a call or an answer; all integers are big-endian. */
export class BinaryWriter {
  #bytes: Uint8Array;
  #length = 0;

  /** @param bytesHint How much is going to be written; it grows by itself where that was less. */
  constructor(bytesHint = 64) {
    this.#bytes = new Uint8Array(bytesHint);
  }

  /** How many bytes were written. */
  get length(): number {
    return this.#length;
  }

  /** What was written: a view of the writer's memory, which is not used again. */
  finish(): Uint8Array {
    return this.#length === this.#bytes.length
      ? this.#bytes
      : this.#bytes.subarray(0, this.#length);
  }

  /** Writes 0 to 255. */
  byte(value: number): this {
    const offset = this.#reserve(1);
    this.#bytes[offset] = value;
    return this;
  }

  boolean(value: boolean): this {
    return this.byte(value ? 1 : 0);
  }

  int32(value: number): this {
    const offset = this.#reserve(4);
    writeInt32(this.#bytes, offset, value);
    return this;
  }

  /** Writes a safe integer, as 8 bytes. */
  integer(value: number): this {
    const upper = Math.floor(value / UPPER);
    const offset = this.#reserve(8);
    writeInt32(this.#bytes, offset, upper);
    writeInt32(this.#bytes, offset + 4, value - upper * UPPER);
    return this;
  }

  /** Writes an int64. */
  int64(value: bigint): this {
    const offset = this.#reserve(8);
    new DataView(this.#bytes.buffer).setBigInt64(offset, value);
    return this;
  }

  float64(value: number): this {
    const offset = this.#reserve(8);
    new DataView(this.#bytes.buffer).setFloat64(offset, value);
    return this;
  }

  /** Writes a text as UTF-8. @param bytes How long that is. */
  text(text: string, bytes: number = utf8Length(text)): this {
    const offset = this.#reserve(bytes);
    if (bytes > text.length) encoder.encodeInto(text, this.#bytes.subarray(offset));
    // ASCII: faster so than by a call into the runtime.
    else for (let i = 0; i < bytes; i++) this.#bytes[offset + i] = text.charCodeAt(i);
    return this;
  }

  /** Writes a text as UTF-8, with its length. */
  string(text: string): this {
    const bytes = utf8Length(text);
    return this.int32(bytes).text(text, bytes);
  }

  /** Writes bytes as they are. */
  raw(bytes: Uint8Array): this {
    const offset = this.#reserve(bytes.length);
    this.#bytes.set(bytes, offset);
    return this;
  }

  /** Writes bytes, with their length. */
  bytes(bytes: Uint8Array): this {
    return this.int32(bytes.length).raw(bytes);
  }

  /** Writes an int32 over what is at an offset. */
  patch(offset: number, value: number): void {
    writeInt32(this.#bytes, offset, value);
  }

  /** Writes how many items there are, and each of them. */
  list<T>(items: readonly T[], write: (writer: BinaryWriter, item: T) => void): this {
    this.int32(items.length);
    for (const item of items) write(this, item);
    return this;
  }

  /** @returns Where the next `count` bytes go, in `#bytes` as it is afterwards. */
  #reserve(count: number): number {
    const offset = this.#length;
    this.#length += count;
    if (this.#length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length));
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    return offset;
  }
}

/**
 * Reads what {@linkcode BinaryWriter} wrote. Each method throws an `RpcError` "bad-request" where
 * the body does not hold what it reads.
 */
export class BinaryReader {
  readonly #bytes: Uint8Array;
  #offset = 0;

  /** @param bytes Borrowed for as long as views of it are in use. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** How much was read. */
  get offset(): number {
    return this.#offset;
  }

  /** @throws {RpcError} "bad-request" when something is left. */
  end(): void {
    const rest = this.#bytes.length - this.#offset;
    if (rest !== 0) throw this.bad(`${rest} bytes are left`);
  }

  byte(): number {
    return this.#bytes[this.#take(1)];
  }

  boolean(): boolean {
    const value = this.byte();
    if (value > 1) throw this.bad(`a boolean must be 0 or 1, current value is ${value}`);
    return value === 1;
  }

  int32(): number {
    return readInt32(this.#bytes, this.#take(4));
  }

  /** Reads a safe integer. */
  integer(): number {
    const offset = this.#take(8);
    const lower = readInt32(this.#bytes, offset + 4) >>> 0;
    const value = readInt32(this.#bytes, offset) * UPPER + lower;
    if (!Number.isSafeInteger(value)) throw this.bad(`an integer must be safe, it is ${value}`);
    return value;
  }

  int64(): bigint {
    const { buffer, byteOffset } = this.raw(8);
    return new DataView(buffer, byteOffset).getBigInt64(0);
  }

  float64(): number {
    const { buffer, byteOffset } = this.raw(8);
    return new DataView(buffer, byteOffset).getFloat64(0);
  }

  /** Reads a text of so many bytes. */
  text(count: number): string {
    const text = decodeUtf8(this.raw(count));
    if (text === undefined) throw this.bad("a text must be valid UTF-8");
    return text;
  }

  /** Reads a text with its length. */
  string(): string {
    return this.text(this.length());
  }

  /** Reads so many bytes; a view. */
  raw(count: number): Uint8Array {
    const offset = this.#take(count);
    return this.#bytes.subarray(offset, offset + count);
  }

  /** Reads bytes with their length; a view. */
  bytes(): Uint8Array {
    return this.raw(this.length());
  }

  /** Reads the length of what follows. @param end Before which offset that ends. */
  length(end: number = this.#bytes.length): number {
    const length = this.int32();
    if (length < 0) throw this.bad(`a length must not be negative, current value is ${length}`);
    const rest = end - this.#offset;
    if (length > rest) throw this.bad(`${length} bytes must follow, current rest is ${rest}`);
    return length;
  }

  /** Reads a list. @param read Reads one item, of at least one byte. */
  list<T>(read: (reader: BinaryReader) => T): T[] {
    const count = this.int32();
    if (count < 0 || count > this.#bytes.length - this.#offset) {
      throw this.bad(`a list must fit its body, current length is ${count}`);
    }
    const items: T[] = [];
    for (let index = 0; index < count; index++) items.push(read(this));
    return items;
  }

  /** @returns Where `count` bytes stand that are passed over. */
  #take(count: number): number {
    const offset = this.#offset;
    if (count > this.#bytes.length - offset) {
      throw this.bad(`${count} bytes must follow, current rest is ${this.#bytes.length - offset}`);
    }
    this.#offset = offset + count;
    return offset;
  }

  /** That the body cannot be read. */
  bad(what: string): RpcError {
    return new RpcError("bad-request", false, `Cannot read body: ${what}`);
  }
}
