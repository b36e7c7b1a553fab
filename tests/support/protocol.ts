import assert from "node:assert/strict";
import { type Prng, randomBelow } from "../../base/prng.ts";
import type { Buffers } from "../../protocol/buffers.ts";
import { type CloseCode, ProtocolError } from "../../protocol/close_codes.ts";
import { concatFrames, type Frame, type FrameSink } from "../../protocol/frame.ts";
import { RpcError } from "../../protocol/rpc.ts";

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

/** Changes up to three bytes, or the length. */
export function mutated(body: Uint8Array, prng: Prng): Uint8Array {
  const bytes = body.slice();
  for (let count = randomBelow(prng, 4); count > 0 && bytes.length > 0; count--) {
    bytes[randomBelow(prng, bytes.length)] = randomBelow(prng, 256);
  }
  if (randomBelow(prng, 4) === 0) return bytes.subarray(0, randomBelow(prng, bytes.length + 1));
  if (randomBelow(prng, 8) === 0) return concatFrames([bytes, Uint8Array.of(1, 2, 3)]);
  return bytes;
}

/** Whether a body was taken; what is not is refused by an `RpcError` with one of the codes. */
export async function isTaken(
  decode: () => unknown,
  ...codes: readonly string[]
): Promise<boolean> {
  try {
    await decode();
    return true;
  } catch (error) {
    assert.ok(error instanceof RpcError, `${error}`);
    assert.ok(codes.includes(error.code), error.code);
    return false;
  }
}
