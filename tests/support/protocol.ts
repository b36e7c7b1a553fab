import assert from "node:assert/strict";
import type { Buffers } from "../../protocol/buffers.ts";
import type { CloseCode } from "../../protocol/close_codes.ts";
import type { Frame, FrameSink } from "../../protocol/frame.ts";
import { ProtocolError } from "../../protocol/protocol_error.ts";

/** Buffers for tests: counts what is lent and spoils what comes back. */
export class LentBuffers implements Buffers {
  readonly lent = new Set<Uint8Array>();
  /** Sizes asked for, in order. */
  readonly sizes: number[] = [];

  /** @param spareBytes By how much a buffer is longer than was asked for. */
  constructor(private readonly spareBytes = 0) {}

  acquire(bytesMin: number): Uint8Array {
    const buffer = new Uint8Array(bytesMin + this.spareBytes).fill(0xee);
    this.lent.add(buffer);
    this.sizes.push(bytesMin);
    return buffer;
  }

  release(buffer: Uint8Array): void {
    assert.ok(this.lent.delete(buffer), "only what is lent comes back, and once");
    buffer.fill(0xdd);
  }
}

/** A frame that may be kept. */
export function copyFrame(frame: Frame): Frame {
  return { ...frame, body: new Uint8Array(frame.body) };
}

/** Collects copies of the frames in its target. */
export const collect: FrameSink<Frame[]> = {
  frame(target, frame) {
    target.push(copyFrame(frame));
    return true;
  },
};

/** Checks that `body` throws a ProtocolError that closes with `close` and says `message`. */
export function assertRefuses(body: () => unknown, close: CloseCode, message: RegExp): void {
  assert.throws(body, (error) => {
    assert.ok(error instanceof ProtocolError, String(error));
    assert.equal(error.close, close);
    assert.match(error.message, message);
    return true;
  });
}

/** Bytes written in hexadecimal; spaces are for the reader. */
export function hex(text: string): Uint8Array {
  return Uint8Array.fromHex(text.replaceAll(/\s/g, ""));
}

/** UTF-8 bytes of a text. */
export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
