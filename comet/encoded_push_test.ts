import assert from "node:assert/strict";
import { test } from "node:test";
import { ProtocolError } from "../protocol/protocol_error.ts";
import { PUSH_FORMS } from "../tests/support/golden_pushes.ts";
import { pushFrames } from "../tests/support/test_comet.ts";
import { hex } from "../tests/support/websocket_frames.ts";
import { WireFormat } from "./channel.ts";
import { encodeBinary, EncodedPush } from "./encoded_push.ts";

for (const [what, { bodies, tcp, binary, text }] of Object.entries(PUSH_FORMS)) {
  test(`EncodedPush.bytes() encodes ${what} for each form`, () => {
    const outgoing = new EncodedPush(pushFrames(...bodies), bodies.length);
    assert.equal(hex(outgoing.bytes(WireFormat.tcp)), tcp);
    assert.equal(hex(outgoing.bytes(WireFormat.binary)), binary);
    assert.equal(hex(outgoing.bytes(WireFormat.text)), text);
  });
}

test("EncodedPush.bytes() encodes once and hands out the same bytes", () => {
  const frames = pushFrames("a", "b");
  const outgoing = new EncodedPush(frames, 2);
  assert.equal(outgoing.bytes(WireFormat.tcp), frames);
  for (const form of [WireFormat.binary, WireFormat.text]) {
    assert.equal(outgoing.bytes(form), outgoing.bytes(form));
  }
});

test("EncodedPush is not made of anything but whole frames", () => {
  const frames = pushFrames("a", "b");
  for (const broken of [frames.subarray(0, -1), frames.subarray(1), frames.subarray(0, 20)]) {
    assert.throws(() => new EncodedPush(broken, 2), ProtocolError);
  }
});

test("encodeBinary() writes the WebSocket header for every length", () => {
  const lengths: [bodyBytes: number, header: string][] = [
    [0, "8210"],
    [109, "827d"],
    [110, "827e007e"],
    [65_519, "827effff"],
    [65_520, "827f0000000000010000"],
  ];
  for (const [bodyBytes, header] of lengths) {
    const body = new Uint8Array(bodyBytes).fill(7);
    const bytes = encodeBinary(5, -1, body);
    const headerBytes = header.length / 2;
    assert.equal(hex(bytes.subarray(0, headerBytes)), header);
    const frameBytes = (16 + bodyBytes).toString(16).padStart(8, "0");
    assert.equal(
      hex(bytes.subarray(headerBytes, headerBytes + 16)),
      `${frameBytes}0010000100000005ffffffff`,
    );
    assert.deepEqual(bytes.subarray(headerBytes + 16), body);
  }
});
