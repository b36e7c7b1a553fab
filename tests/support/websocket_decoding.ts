import assert from "node:assert/strict";

import type { Buffers } from "../../protocol/buffers.ts";
import { ProtocolError } from "../../protocol/close_codes.ts";
import { type MessageSink, WebSocketDecoder } from "../../protocol/websocket/decoder.ts";
import { hex } from "./websocket_frames.ts";

/** Buffers that keep account, catch a double return, and spoil what is returned. */
export class CountedBuffers implements Buffers {
  readonly #lent = new Set<Uint8Array>();
  /** How often a buffer was borrowed. */
  acquired = 0;

  /** Bytes that are borrowed now. */
  get lentBytes(): number {
    let bytes = 0;
    for (const buffer of this.#lent) bytes += buffer.length;
    return bytes;
  }

  acquire(bytesMin: number): Uint8Array {
    // As a pool does: a slice of a slab, at some odd address, longer than asked for.
    const buffer = new Uint8Array(new ArrayBuffer(bytesMin + 8), 3, bytesMin + 5).fill(0xdd);
    this.#lent.add(buffer);
    this.acquired++;
    return buffer;
  }

  release(buffer: Uint8Array): void {
    assert.ok(this.#lent.delete(buffer), "a buffer is returned once, and whole");
    buffer.fill(0xdd);
  }
}

/** Writes down what a decoder tells, a line per event; payloads are in hexadecimal. */
export class Recorder implements MessageSink<string> {
  readonly events: string[] = [];

  frame(): boolean {
    return true;
  }

  message(target: string, isText: boolean, payload: Uint8Array): boolean {
    assert.equal(target, "target");
    this.events.push(`${isText ? "text" : "binary"} ${hex(payload)}`);
    // What is lent may be overwritten: nothing may depend on it afterwards.
    payload.fill(0xcc);
    return true;
  }

  ping(_target: string, payload: Uint8Array): void {
    this.events.push(`ping ${hex(payload)}`);
  }

  pong(_target: string, payload: Uint8Array): void {
    this.events.push(`pong ${hex(payload)}`);
  }

  close(_target: string, code: number, reason: string): void {
    this.events.push(`close ${code} ${reason}`);
  }
}

/** What became of a stream of bytes. */
export interface Decoded {
  readonly events: readonly string[];
  /** Close code of the protocol error, or undefined when there was none. */
  readonly error: number | undefined;
}

/**
 * Decodes pieces and closes the decoder; checks that all is taken, that nothing but a protocol
 * error is thrown and that every borrowed buffer is returned.
 */
export function decodePieces(pieces: readonly Uint8Array[], messageBytesMax?: number): Decoded {
  const buffers = new CountedBuffers();
  const recorder = new Recorder();
  const decoder = new WebSocketDecoder(buffers, messageBytesMax);
  let error: number | undefined;
  try {
    for (const piece of pieces) {
      const chunk = piece.slice();
      assert.equal(decoder.push(chunk, "target", recorder), chunk.length);
      chunk.fill(0xee);
    }
  } catch (thrown) {
    if (!(thrown instanceof ProtocolError)) throw thrown;
    error = thrown.close.code;
    assert.equal(buffers.lentBytes, 0, "an error returns what is borrowed");
  }
  decoder.close();
  assert.equal(buffers.lentBytes, 0, "close() returns what is borrowed");
  return { events: recorder.events, error };
}
