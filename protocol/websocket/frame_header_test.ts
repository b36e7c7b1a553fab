import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, test } from "node:test";

import { ProtocolError } from "../close_codes.ts";
import { frameBytesMin } from "./frame_header.ts";

/** `frameBytesMin` of a frame's first bytes, outside a fragmented message. */
function bytesMin(head: string, messageBytesLeft = 1_000_000, isMessageOpen = false): number {
  const bytes = new Uint8Array(Buffer.from(`eeee${head}`, "hex"));
  return frameBytesMin(bytes, 2, bytes.length, isMessageOpen, messageBytesLeft);
}

describe("frameBytesMin()", () => {
  for (
    const [head, expected, what] of [
      ["", 2, "two bytes before anything has come"],
      ["82", 2, "two bytes after one"],
      ["8280", 6, "the whole of an empty frame"],
      ["82fd", 131, "the whole of a frame of 125 bytes"],
      ["82fe", 4, "a 16-bit length"],
      ["82fe00", 4, "the other half of a 16-bit length"],
      ["82fe007e", 134, "the whole of a frame of 126 bytes"],
      ["82feffff", 65543, "the whole of a frame of 65535 bytes"],
      ["82ff", 10, "a 64-bit length"],
      ["82ff00000000000100", 10, "the end of a 64-bit length"],
      ["82ff0000000000010000", 65550, "the whole of a frame of 65536 bytes"],
    ] as const
  ) {
    test(`asks for ${what}`, () => assert.equal(bytesMin(head), expected));
  }

  for (
    const [head, code, what, left, isMessageOpen] of [
      ["8202", 1002, "an unmasked frame by its second byte"],
      ["c280", 1002, "a reserved bit by the second byte"],
      ["8881", 1002, "a close frame of one byte by its length"],
      ["89fe", 1002, "a long ping by its second byte"],
      ["828b", 1009, "a message too long by its second byte", 10],
      ["82fe007f", 1009, "a message too long by its 16-bit length", 126],
      ["82ff0000000000010000", 1009, "a message too long by its 64-bit length", 65535],
      ["8083", 1009, "a fragment that makes the message too long", 2, true],
      ["8280", 1002, "a new message inside a fragmented one", 10, true],
      ["8080", 1002, "a continuation of nothing", 10, false],
    ] as const
  ) {
    test(`refuses with ${code} ${what}`, () => {
      assert.throws(
        () => bytesMin(head, left, isMessageOpen),
        (error) => error instanceof ProtocolError && error.close.code === code,
      );
    });
  }

  test("does not count control frames against the message", () => {
    assert.equal(bytesMin("89fd", 0, true), 131);
  });
});
