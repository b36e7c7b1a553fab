import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, it } from "node:test";
import fc from "fast-check";
import { clientMessage, ServerMessages } from "./server_messages.ts";

/** Messages as they came, each `opcode` and payload. */
class Heard {
  readonly messages: [opcode: number, payload: Buffer][] = [];

  message(target: Heard, opcode: number, payload: Uint8Array): void {
    assert.equal(target, this);
    this.messages.push([opcode, Buffer.from(payload)]);
  }
}

/** A frame of a server, written by hand from RFC 6455 section 5.2: whole, not masked. */
function serverFrame(opcode: number, payload: Uint8Array): Buffer {
  const header = Buffer.alloc(10);
  header[0] = 0x80 | opcode;
  let headerBytes = 2;
  if (payload.length < 126) header[1] = payload.length;
  else if (payload.length < 65_536) {
    header[1] = 126;
    headerBytes = header.writeUInt16BE(payload.length, 2);
  } else {
    header[1] = 127;
    headerBytes = header.writeBigUInt64BE(BigInt(payload.length), 2);
  }
  return Buffer.concat([header.subarray(0, headerBytes), payload]);
}

/** Bytes that differ from place to place. */
function payloadOf(length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, at) => (at * 7 + length) & 0xff));
}

/** What is heard of bytes that come in chunks which are gone after each push. */
function heardOf(chunks: readonly Uint8Array[]): Heard["messages"] {
  const messages = new ServerMessages();
  const heard = new Heard();
  for (const chunk of chunks) {
    const lent = new Uint8Array(chunk);
    messages.push(lent, heard, heard);
    lent.fill(0xff);
  }
  return heard.messages;
}

/** Bytes cut at these places. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...new Set(places.map((place) => place % bytes.length))].sort((a, b) => a - b);
  return [...ends, bytes.length].map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
}

describe("ServerMessages.push()", () => {
  for (const length of [0, 1, 125, 126, 65_535, 65_536]) {
    it(`takes a message of ${length} bytes, in one piece and in two`, () => {
      const payload = payloadOf(length);
      const frame = serverFrame(2, payload);
      assert.deepEqual(heardOf([frame]), [[2, payload]]);
      const places = [1, 2, 3, 4, 9, 10, 11, length >> 1, frame.length - 1];
      for (const at of places.filter((place) => place > 0 && place < frame.length)) {
        const pieces = [frame.subarray(0, at), frame.subarray(at)];
        assert.deepEqual(heardOf(pieces), [[2, payload]], `cut at ${at}`);
      }
    });
  }

  it("takes messages whose bytes come one by one", () => {
    const wanted: [number, Buffer][] = [[2, payloadOf(3)], [9, payloadOf(0)], [2, payloadOf(200)]];
    const bytes = Buffer.concat(wanted.map(([opcode, payload]) => serverFrame(opcode, payload)));
    assert.deepEqual(heardOf(Array.from(bytes, (byte) => Buffer.from([byte]))), wanted);
  });

  it("hands over every message, whole and in order, wherever the stream is cut", () => {
    const lengths = fc.oneof(fc.nat(20), fc.constantFrom(0, 125, 126, 127, 300, 65_535, 65_536));
    const message = fc.tuple(fc.constantFrom(1, 2, 8, 9, 10), lengths);
    fc.assert(
      fc.property(
        fc.array(message, { minLength: 1, maxLength: 6 }),
        fc.array(fc.nat(200_000), { maxLength: 12 }),
        (messages, places) => {
          const wanted = messages.map(([opcode, length]): [number, Buffer] => [
            opcode,
            payloadOf(length),
          ]);
          const bytes = Buffer.concat(wanted.map((one) => serverFrame(...one)));
          assert.deepEqual(heardOf(cut(bytes, places)), wanted);
        },
      ),
      { seed: 32, numRuns: 100 },
    );
  });

  it("hands over nothing of a message whose last byte has not come", () => {
    for (const length of [0, 126, 65_536]) {
      assert.deepEqual(heardOf([serverFrame(2, payloadOf(length)).subarray(0, -1)]), []);
    }
  });

  it("refuses a masked message", () => {
    assert.throws(() => heardOf([clientMessage(payloadOf(5))]), /broke RFC 6455/);
    assert.throws(() => heardOf([clientMessage(payloadOf(500))]), /broke RFC 6455/);
  });

  it("refuses a fragment", () => {
    const frame = serverFrame(2, payloadOf(5));
    frame[0] &= 0x7f;
    assert.throws(() => heardOf([frame]), /broke RFC 6455/);
  });

  it("refuses a message over 16 MiB as soon as its length is there", () => {
    const bytesMax = 16 * 1024 * 1024;
    const header = Buffer.from([0x82, 127, 0, 0, 0, 0, 0, 0, 0, 0]);
    header.writeBigUInt64BE(BigInt(bytesMax), 2);
    assert.deepEqual(heardOf([header]), []);
    header.writeBigUInt64BE(BigInt(bytesMax) + 1n, 2);
    assert.throws(() => heardOf([header]), /a message of 16777217 bytes/);
    header.fill(0xff, 2);
    assert.throws(() => heardOf([header]), /a message of \d+ bytes/);
  });

  it("hands over what came before the message that it refuses", () => {
    const messages = new ServerMessages();
    const heard = new Heard();
    const bytes = Buffer.concat([serverFrame(2, payloadOf(4)), clientMessage(payloadOf(1))]);
    assert.throws(() => messages.push(new Uint8Array(bytes), heard, heard));
    assert.deepEqual(heard.messages, [[2, payloadOf(4)]]);
  });
});

describe("clientMessage()", () => {
  it("writes a masked binary message whose mask is zero", () => {
    for (const length of [0, 125, 126, 4_112]) {
      const payload = payloadOf(length);
      const bytes = Buffer.from(clientMessage(payload));
      const header = length < 126
        ? [0x82, 0x80 | length]
        : [0x82, 0x80 | 126, length >> 8, length & 0xff];
      assert.deepEqual([...bytes], [...header, 0, 0, 0, 0, ...payload]);
    }
  });
});
