import type { Buffers } from "./buffers.ts";
import {
  checkHeader,
  EMPTY,
  type Frame,
  type FrameSink,
  newFrame,
  readFrame,
  readInt32,
} from "./frame.ts";
import { Limits } from "./limits.ts";

/**
 * The frame that all splitters share. A push takes it for its time; a push on another splitter
 * from within the sink finds it taken and makes one of its own.
 */
let spare: Frame | undefined = newFrame();

/** The value of `filled` after the end. */
const CLOSED = -1;

/**
 * Cuts a byte stream into frames, whatever its chunks. A frame that lies within a chunk is handed
 * over as a view of it; only one that a chunk's end cuts is copied, into a borrowed buffer. Between
 * frames there is no buffer.
 */
export class FrameSplitter {
  /** The beginning of a frame whose end has not come. */
  private partial: Uint8Array | undefined = undefined;
  /** How many bytes of `partial` are there, or `CLOSED`. */
  private filled = 0;

  /**
   * @param buffers Where partial frames are kept.
   * @param bodyBytesMax The largest body that is let through, in bytes.
   */
  constructor(
    private readonly buffers: Buffers,
    private readonly bodyBytesMax: number = Limits.upstreamBodyBytesMax,
  ) {}

  /** Bytes of a partial frame that are kept. */
  get buffered(): number {
    return this.filled === CLOSED ? 0 : this.filled;
  }

  /**
   * Takes the next bytes of the stream and hands over every frame that they complete. The sink
   * may close the splitter, which ends the stream: what comes after is swallowed. It must not push
   * to the same splitter.
   *
   * @param chunk Borrowed until the call returns.
   * @param target Passed on to the sink.
   * @returns Bytes consumed: all of them, or up to the end of the frame at which the sink returned
   * false; the caller pushes the rest later.
   * @throws {ProtocolError} As soon as a header shows that it cannot be right. An error, this one
   * or one of the sink's, closes the splitter.
   */
  push<T>(chunk: Uint8Array, target: T, sink: FrameSink<T>): number {
    const frame = spare ?? newFrame();
    spare = undefined;
    try {
      return this.split(chunk, frame, target, sink);
    } catch (error) {
      this.close();
      throw error;
    } finally {
      frame.body = EMPTY;
      spare = frame;
    }
  }

  /** Ends the stream and gives the buffer of a partial frame back; may be called again. */
  close(): void {
    if (this.partial !== undefined) this.buffers.release(this.partial);
    this.partial = undefined;
    this.filled = CLOSED;
  }

  private split<T>(chunk: Uint8Array, frame: Frame, target: T, sink: FrameSink<T>): number {
    let offset = 0;
    if (this.filled > 0) {
      offset = this.fill(chunk);
      if (!this.isWhole()) return offset;
      if (!this.handOver(frame, target, sink)) return offset;
    }
    while (offset < chunk.length && this.filled !== CLOSED) {
      const available = chunk.length - offset;
      const frameBytes = checkHeader(chunk, offset, available, this.bodyBytesMax);
      if (frameBytes === 0 || frameBytes > available) {
        this.keep(chunk, offset, frameBytes);
        break;
      }
      readFrame(chunk, offset, frameBytes, frame);
      offset += frameBytes;
      if (!sink.frame(target, frame)) return offset;
    }
    return chunk.length;
  }

  /** Copies the beginning of a frame from a chunk's end. */
  private keep(chunk: Uint8Array, offset: number, frameBytes: number): void {
    this.partial = this.buffers.acquire(frameBytes === 0 ? Limits.headerBytes : frameBytes);
    this.partial.set(offset === 0 ? chunk : chunk.subarray(offset));
    this.filled = chunk.length - offset;
  }

  /**
   * Copies what the partial frame lacks, its header first: only that tells how much the rest is.
   *
   * @returns Bytes consumed.
   */
  private fill(chunk: Uint8Array): number {
    let offset = 0;
    if (this.filled < Limits.headerBytes) {
      offset = this.copy(chunk, 0, Limits.headerBytes);
      const frameBytes = checkHeader(this.partial!, 0, this.filled, this.bodyBytesMax);
      if (frameBytes === 0) return offset;
      if (frameBytes > this.partial!.length) this.grow(frameBytes);
    }
    return this.copy(chunk, offset, readInt32(this.partial!, 0));
  }

  /**
   * Copies from a chunk until `filledMax` bytes of the frame are there or the chunk is at its end.
   *
   * @returns Where in the chunk it stopped.
   */
  private copy(chunk: Uint8Array, offset: number, filledMax: number): number {
    const end = Math.min(chunk.length, offset + filledMax - this.filled);
    this.partial!.set(chunk.subarray(offset, end), this.filled);
    this.filled += end - offset;
    return end;
  }

  /** Moves the header to a buffer that has room for the body. */
  private grow(frameBytes: number): void {
    const header = this.partial!;
    const larger = this.buffers.acquire(frameBytes);
    larger.set(header.subarray(0, Limits.headerBytes));
    this.partial = larger;
    this.buffers.release(header);
  }

  private isWhole(): boolean {
    return this.filled >= Limits.headerBytes && this.filled === readInt32(this.partial!, 0);
  }

  /** Hands the partial frame, now whole, to the sink and gives its buffer back. */
  private handOver<T>(frame: Frame, target: T, sink: FrameSink<T>): boolean {
    const buffer = this.partial!;
    readFrame(buffer, 0, this.filled, frame);
    this.partial = undefined;
    this.filled = 0;
    try {
      return sink.frame(target, frame);
    } finally {
      this.buffers.release(buffer);
    }
  }
}
