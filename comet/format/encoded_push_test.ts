import assert from "node:assert/strict";
import { test } from "node:test";
import { ProtocolError } from "../../protocol/close_codes.ts";
import { PUSH_FORMS } from "../../tests/support/golden_pushes.ts";
import { pushFrames } from "../../tests/support/test_comet.ts";
import { hex } from "../../tests/support/websocket_frames.ts";
import { EncodedPush } from "./encoded_push.ts";
import { goimMessages, goimStream } from "./goim.ts";
import { jsonMessages } from "./json.ts";

for (const [what, { bodies, tcp, binary, text, named }] of Object.entries(PUSH_FORMS)) {
  test(`EncodedPush.bytes() encodes ${what} in each format`, () => {
    const push = new EncodedPush(pushFrames(...bodies), bodies.length);
    assert.equal(hex(push.bytes(goimStream)), tcp);
    assert.equal(hex(push.bytes(goimMessages)), binary);
    assert.equal(hex(push.bytes(jsonMessages)), text);
  });

  test(`EncodedPush.named() encodes ${what} with the room's key in each format`, () => {
    const push = new EncodedPush(pushFrames(...bodies), bodies.length, "live://1");
    assert.equal(hex(push.named(goimStream)), named.tcp);
    assert.equal(hex(push.named(goimMessages)), named.binary);
    assert.equal(hex(push.named(jsonMessages)), named.text);
    assert.equal(hex(push.bytes(goimMessages)), binary);
  });
}

test("EncodedPush.bytes() encodes once and hands out the same bytes", () => {
  const frames = pushFrames("a", "b");
  const push = new EncodedPush(frames, 2);
  assert.equal(push.bytes(goimStream), frames);
  for (const format of [goimMessages, jsonMessages]) {
    assert.equal(push.bytes(format), push.bytes(format));
    assert.equal(push.named(format), push.named(format));
  }
});

test("EncodedPush.bytes() takes a format that nobody has heard of", () => {
  let encodings = 0;
  const encode = () => Uint8Array.of(++encodings);
  const format = { frame: encode, push: encode, roomBatch: encode };
  const push = new EncodedPush(pushFrames("a"), 1);
  for (const other of [goimStream, goimMessages, format, jsonMessages, format]) push.bytes(other);
  assert.deepEqual([push.bytes(format), encodings], [Uint8Array.of(1), 1]);
  assert.deepEqual([push.named(format), push.named(format)], [Uint8Array.of(2), Uint8Array.of(2)]);
});

test("EncodedPush is not made of anything but whole frames", () => {
  const frames = pushFrames("a", "b");
  for (const broken of [frames.subarray(0, -1), frames.subarray(1), frames.subarray(0, 20)]) {
    assert.throws(() => new EncodedPush(broken, 2), ProtocolError);
  }
});
