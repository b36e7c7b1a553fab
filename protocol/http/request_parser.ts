import { BorrowedBytes, plainBuffers } from "../buffers.ts";
import { ChunkedBody, tooLong } from "./chunked_body.ts";
import { parseRequestHead, type RequestHead } from "./head.ts";
import { HeadReader } from "./head_reader.ts";
import { HttpLimits } from "./limits.ts";

/** A request that has come whole. */
export interface ParsedRequest {
  readonly head: RequestHead;
  /** The bytes of the body, which are nobody else's. */
  readonly body: Uint8Array;
}

/**
 * Parses the requests of one connection, one after the other and however they are cut: each ends
 * where the next one begins, and nowhere else. After an error nothing may be pushed.
 */
export class RequestParser {
  /** The head of the request whose body is on its way, or that is complete. */
  head: RequestHead | undefined;
  // Plain fields: there is one parser per connection.
  private readonly headReader = new HeadReader(plainBuffers, HttpLimits.headBytesMax);
  private readonly body = new BorrowedBytes(plainBuffers);
  /** Takes a body that comes in chunks; undefined for one of a length that was told. */
  private chunked: ChunkedBody | undefined;
  private hadEmptyLine = false;
  /** Bytes of the head, which is held as long as its body is on its way. */
  private headBytes = 0;

  /** @param bodyBytesMax The longest body, in bytes. */
  constructor(private readonly bodyBytesMax: number) {}

  /** Whether nothing of a request has come. */
  get isBetween(): boolean {
    return this.head === undefined && this.headReader.heldBytes === 0;
  }

  /** Bytes of the request that have come. */
  get heldBytes(): number {
    return this.headReader.heldBytes + this.headBytes + this.body.length;
  }

  /** Whether a request is there, for `take`. */
  get isComplete(): boolean {
    if (this.head === undefined) return false;
    if (this.chunked !== undefined) return this.chunked.isComplete;
    return this.body.length === this.head.contentLength;
  }

  /**
   * Takes what has come, up to the end of one request.
   *
   * @param chunk The stream's next bytes; what is kept of them is copied.
   * @returns How many bytes were taken: all, unless the request is complete.
   * @throws {HttpError} When the request cannot be served.
   */
  push(chunk: Uint8Array): number {
    let at = 0;
    while (this.head === undefined) {
      const end = this.headReader.push(chunk.subarray(at));
      if (end === 0) return chunk.length;
      at += end;
      this.endHead(this.headReader.text);
    }
    return at + this.pushBody(chunk.subarray(at));
  }

  /** Takes the request that is complete; the next one may come then. */
  take(): ParsedRequest {
    const request = { head: this.head!, body: this.body.bytes };
    this.head = undefined;
    this.headBytes = 0;
    this.chunked = undefined;
    // Plain buffers are not used again.
    this.body.release();
    this.hadEmptyLine = false;
    return request;
  }

  /** Drops what has come; nothing may be pushed any more. */
  close(): void {
    this.headReader.close();
    this.headBytes = 0;
    this.body.release();
    this.chunked = undefined;
  }

  private endHead(text: string): void {
    this.headReader.text = "";
    // Old clients send an empty line behind a body (RFC 9112 section 2.2).
    if (text === "\r\n" && !this.hadEmptyLine) {
      this.hadEmptyLine = true;
      return;
    }
    const head = parseRequestHead(text);
    const { contentLength } = head;
    if (contentLength === undefined) {
      this.chunked = new ChunkedBody(this.body, this.bodyBytesMax);
    } else if (contentLength > this.bodyBytesMax) {
      throw tooLong(this.bodyBytesMax);
    }
    this.head = head;
    this.headBytes = text.length;
  }

  private pushBody(bytes: Uint8Array): number {
    if (this.chunked !== undefined) return this.chunked.push(bytes);
    const taken = Math.min(bytes.length, this.head!.contentLength! - this.body.length);
    if (taken > 0) this.body.append(bytes, 0, taken);
    return taken;
  }
}
