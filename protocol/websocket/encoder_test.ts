import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { hex, utf8 } from "../../tests/support/websocket_frames.ts";
import { CloseCodes } from "../close_codes.ts";
import {
  encodeClose,
  encodeControl,
  encodeMessage,
  messageHeaderBytes,
  writeMessageHeader,
} from "./encoder.ts";
import { Opcode } from "./opcode.ts";

describe("encodeMessage()", () => {
  test("encodes the unmasked text of RFC 6455 section 5.7", () => {
    assert.equal(hex(encodeMessage(true, utf8("Hello"))), "810548656c6c6f");
  });

  for (
    const [length, header] of [
      [0, "8200"],
      [125, "827d"],
      [126, "827e007e"],
      [256, "827e0100"],
      [65535, "827effff"],
      [65536, "827f0000000000010000"],
      [70000, "827f0000000000011170"],
    ] as const
  ) {
    test(`encodes a binary message of ${length} bytes with header ${header}`, () => {
      const payload = new Uint8Array(length).map((_, index) => index);
      const frame = encodeMessage(false, payload);
      assert.equal(messageHeaderBytes(length), header.length / 2);
      assert.equal(hex(frame), header + hex(payload));
    });
  }

  test("copies the payload", () => {
    const payload = new Uint8Array([1]);
    const frame = encodeMessage(false, payload);
    payload[0] = 2;
    assert.equal(hex(frame), "820101");
  });
});

describe("writeMessageHeader()", () => {
  test("writes at an offset, touches nothing else and returns the offset after", () => {
    for (const length of [5, 300, 70000]) {
      const into = new Uint8Array(20).fill(0xee);
      const end = writeMessageHeader(into, 3, true, length);
      assert.equal(end, 3 + messageHeaderBytes(length));
      assert.equal(hex(into.subarray(0, 3)), "eeeeee");
      assert.equal(hex(into.subarray(end)), "ee".repeat(20 - end));
      assert.equal(into[3], 0x81);
    }
  });

  test("writes lengths above 32 bits", () => {
    const into = new Uint8Array(10);
    writeMessageHeader(into, 0, false, 2 ** 40 + 0xfffffffe);
    assert.equal(hex(into), "827f00000100fffffffe");
  });
});

describe("encodeClose()", () => {
  test("encodes code and reason", () => {
    assert.equal(hex(encodeClose(CloseCodes.normal)), "881003e8" + hex(utf8("normal closure")));
  });

  test("encodes an empty payload for code 1005", () => {
    assert.equal(hex(encodeClose({ code: 1005, reason: "" })), "8800");
  });

  test("has room for every close code of the table", () => {
    for (const close of Object.values(CloseCodes)) {
      assert.equal(encodeClose(close).length, 4 + utf8(close.reason).length);
    }
  });

  test("fails on a reason of more than 123 bytes", () => {
    assert.equal(encodeClose({ code: 1000, reason: "a".repeat(123) }).length, 127);
    assert.throws(() => encodeClose({ code: 1000, reason: "a".repeat(124) }), /at most 125 bytes/);
  });
});

test("encodeControl() carries at most 125 bytes", () => {
  assert.equal(hex(encodeControl(Opcode.ping, utf8("hi"))), "89026869");
  assert.equal(hex(encodeControl(Opcode.pong, new Uint8Array(0))), "8a00");
  assert.equal(encodeControl(Opcode.pong, new Uint8Array(125)).length, 127);
  assert.throws(() => encodeControl(Opcode.ping, new Uint8Array(126)), /at most 125 bytes/);
});
