import assert from "node:assert/strict";
import { test } from "node:test";
import { CloseCodes } from "./close_codes.ts";
import {
  checkFrames,
  concatFrames,
  decodeFrame,
  EMPTY,
  encodeFrame,
  forEachFrame,
  type Frame,
  newFrame,
  writeHeader,
} from "./frame.ts";
import { Limits } from "./limits.ts";
import { Operation } from "./operations.ts";
import { assertRefuses, copyFrame, hex, utf8 } from "../tests/support/protocol.ts";

const TOKEN = '{"mid":123,"key":"","room_id":"live://1000","platform":"web","accepts":[1000]}';

/** packLen, headerLen, ver, op, seq, body: as they must stand on the wire. */
const GOLDEN: readonly [string, number, number, string, string][] = [
  ["Handshake", Operation.Handshake, 1, "", "00000010 0010 0001 00000000 00000001"],
  ["HandshakeReply", Operation.HandshakeReply, 1, "", "00000010 0010 0001 00000001 00000001"],
  ["Heartbeat", Operation.Heartbeat, 2, "", "00000010 0010 0001 00000002 00000002"],
  ["SendMessage", Operation.SendMessage, 3, "hi", "00000012 0010 0001 00000004 00000003 6869"],
  ["SendMessageReply", Operation.SendMessageReply, 3, "", "00000010 0010 0001 00000005 00000003"],
  ["DisconnectReply", Operation.DisconnectReply, 0, "", "00000010 0010 0001 00000006 00000000"],
  ["Auth", Operation.Auth, 1, TOKEN, `0000005e 0010 0001 00000007 00000001 ${toHex(TOKEN)}`],
  ["AuthReply", Operation.AuthReply, 1, "", "00000010 0010 0001 00000008 00000001"],
  [
    "ChangeRoom",
    Operation.ChangeRoom,
    4,
    "live://1000",
    "0000001b 0010 0001 0000000c 00000004 6c6976653a2f2f31303030",
  ],
  [
    "ChangeRoomReply",
    Operation.ChangeRoomReply,
    4,
    "live://1000",
    "0000001b 0010 0001 0000000d 00000004 6c6976653a2f2f31303030",
  ],
  [
    "Subscribe",
    Operation.Subscribe,
    5,
    "1000,1001",
    "00000019 0010 0001 0000000e 00000005 313030302c31303031",
  ],
  [
    "SubscribeReply",
    Operation.SubscribeReply,
    5,
    "1000,1001",
    "00000019 0010 0001 0000000f 00000005 313030302c31303031",
  ],
  [
    "Unsubscribe",
    Operation.Unsubscribe,
    6,
    "1001",
    "00000014 0010 0001 00000010 00000006 31303031",
  ],
  [
    "UnsubscribeReply",
    Operation.UnsubscribeReply,
    6,
    "1001",
    "00000014 0010 0001 00000011 00000006 31303031",
  ],
  ["a push", 1000, 0, '{"a":1}', "00000017 0010 0001 000003e8 00000000 7b2261223a317d"],
  ["negative numbers", -2, -1, "", "00000010 0010 0001 fffffffe ffffffff"],
  ["the ends of int32", 0x7fffffff, -0x80000000, "", "00000010 0010 0001 7fffffff 80000000"],
];

function toHex(text: string): string {
  return utf8(text).toHex();
}

function frameOf(bytes: Uint8Array): Frame {
  const frame = newFrame();
  decodeFrame(bytes, frame);
  return frame;
}

for (const [name, operation, sequence, body, golden] of GOLDEN) {
  test(`encodeFrame() writes the golden bytes of ${name}`, () => {
    assert.deepEqual(encodeFrame(operation, sequence, utf8(body)), hex(golden));
  });

  test(`decodeFrame() reads the golden bytes of ${name}`, () => {
    assert.deepEqual(frameOf(hex(golden)), { version: 1, operation, sequence, body: utf8(body) });
  });
}

test("writeHeader() writes 16 bytes at its offset and no others", () => {
  const bytes = new Uint8Array(20).fill(0xff);
  writeHeader(bytes, 2, 300, 9, 0x01020304);
  assert.deepEqual(bytes, hex("ffff 0000012c 0010 0001 00000009 01020304 ffff"));
});

test("encodeFrame() puts a batch behind one outer header", () => {
  const batch = concatFrames([encodeFrame(1000, 0, utf8("a")), encodeFrame(1001, 0, utf8("bc"))]);
  assert.deepEqual(
    encodeFrame(Operation.Raw, 0, batch),
    hex(`00000033 0010 0001 00000009 00000000
      00000011 0010 0001 000003e8 00000000 61
      00000012 0010 0001 000003e9 00000000 6263`),
  );
});

test("concatFrames() shares a single frame and makes nothing of none", () => {
  const frame = encodeFrame(1000, 0, utf8("a"));
  assert.equal(concatFrames([frame]), frame);
  assert.equal(concatFrames([]).length, 0);
});

test("decodeFrame() lends a view of the message and shares the empty body", () => {
  const bytes = encodeFrame(1000, 0, utf8("abc"));
  assert.equal(frameOf(bytes).body.buffer, bytes.buffer);
  assert.equal(frameOf(encodeFrame(1000, 0, EMPTY)).body, EMPTY);
});

test("decodeFrame() reads a version without judging it", () => {
  assert.equal(frameOf(hex("00000010 0010 fffe 00000002 00000001")).version, -2);
  assert.equal(frameOf(hex("00000010 0010 7f80 00000002 00000001")).version, 0x7f80);
});

test("decodeFrame() takes the largest body and refuses one byte more", () => {
  const largest = new Uint8Array(Limits.upstreamBodyBytesMax);
  assert.equal(frameOf(encodeFrame(4, 1, largest)).body.length, largest.length);
  assertRefuses(
    () => frameOf(encodeFrame(4, 1, new Uint8Array(largest.length + 1))),
    CloseCodes.protocolError,
    /^Cannot read frame: packLen must be 16 to 4112, current value is 4113$/,
  );
});

const REFUSED: readonly [string, string, RegExp][] = [
  ["an empty message", "", /exactly one frame, current length is 0/],
  ["half a header", "00000010 0010 0001", /exactly one frame, current length is 8/],
  ["a frame that lacks its end", "00000012 0010 0001 00000004 00000003 68", /length is 17/],
  ["bytes behind the frame", "00000010 0010 0001 00000004 00000003 68", /length is 17/],
  [
    "two frames",
    "00000010 0010 0001 00000002 00000001 00000010 0010 0001 00000002 00000002",
    /length is 32/,
  ],
  ["a packLen below 16", "0000000f 0010 0001 00000002 00000001", /packLen .* value is 15$/],
  ["a negative packLen", "ffffffff 0010 0001 00000002 00000001", /packLen .* value is -1$/],
  ["a huge packLen", "7fffffff 0010 0001 00000002 00000001", /packLen .* value is 2147483647$/],
  ["a short headerLen", "00000010 000f 0001 00000002 00000001", /headerLen .* value is 15$/],
  ["a negative headerLen", "00000010 8010 0001 00000002 00000001", /headerLen .* value is -32752$/],
];

for (const [name, bytes, message] of REFUSED) {
  test(`decodeFrame() refuses ${name}`, () => {
    assertRefuses(() => frameOf(hex(bytes)), CloseCodes.protocolError, message);
  });
}

test("forEachFrame() visits a batch in order, larger than a client may send", () => {
  const large = new Uint8Array(Limits.pushBodyBytesMax).fill(7);
  const frames = [encodeFrame(1000, 0, utf8("a")), encodeFrame(1001, 0, large)];
  frames.push(encodeFrame(Operation.HeartbeatReply, 1, hex("00000002")));
  const visited: Frame[] = [];
  forEachFrame(concatFrames(frames), (frame) => visited.push(copyFrame(frame)));
  assert.deepEqual(visited, [
    { version: 1, operation: 1000, sequence: 0, body: utf8("a") },
    { version: 1, operation: 1001, sequence: 0, body: large },
    { version: 1, operation: 3, sequence: 1, body: hex("00000002") },
  ]);
  forEachFrame(EMPTY, () => assert.fail("there is nothing to visit"));
});

test("forEachFrame() and checkFrames() refuse frames that end in the middle of one", () => {
  const frames = concatFrames([encodeFrame(1, 0, utf8("abc")), encodeFrame(2, 0, utf8("abc"))]);
  for (const end of [20, 25, 34, 37]) {
    const cut = frames.subarray(0, end);
    for (const read of [() => forEachFrame(cut, () => {}), () => checkFrames(cut)]) {
      assertRefuses(read, CloseCodes.protocolError, /Cannot read frames?: /);
    }
  }
  checkFrames(frames);
});
