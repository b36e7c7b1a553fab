import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, it } from "node:test";
import { rawFrame } from "../tests/support/raw_client.ts";
import { utf8 } from "../tests/support/websocket_frames.ts";
import {
  type AuthAnswer,
  decodeBody,
  encodeHistory,
  encodeJoin,
  encodeLeave,
  encodePublish,
  type Notice,
} from "./rooms.ts";

describe("what a client says of further rooms", () => {
  it("is frames with JSON, byte by byte", () => {
    const since = { epoch: "e", offset: 41 };
    const cases: [Uint8Array, Buffer][] = [
      [encodeJoin({ room: "live://1" }), rawFrame(64, 0, '{"room":"live://1"}')],
      [
        encodeJoin({ room: "live://ü", since }, 3),
        rawFrame(64, 3, '{"room":"live://ü","since":{"epoch":"e","offset":41}}'),
      ],
      [encodeJoin({ room: "1", last: 50 }, -1), rawFrame(64, -1, '{"room":"1","last":50}')],
      [encodeLeave("live://1", 4), rawFrame(66, 4, '{"room":"live://1"}')],
      [
        encodeHistory({ room: "1", from_ms: 0, to_ms: 60_000, limit: 9 }, 5),
        rawFrame(68, 5, '{"room":"1","from_ms":0,"to_ms":60000,"limit":9}'),
      ],
      [
        encodePublish(
          { room: "live://ü", op: 1001, body: { t: "好" }, media_ms: 61_500, id: "a" },
          6,
        ),
        rawFrame(
          70,
          6,
          '{"room":"live://ü","op":1001,"body":{"t":"好"},"media_ms":61500,"id":"a"}',
        ),
      ],
      [encodePublish({ room: "1", body: "hi" }), rawFrame(70, 0, '{"room":"1","body":"hi"}')],
    ];
    for (const [bytes, wanted] of cases) assert.deepEqual(Buffer.from(bytes), wanted);
  });
});

describe("decodeBody()", () => {
  it("reads answers and notices, and throws at what is no JSON", () => {
    const { code, mid } = decodeBody<AuthAnswer>(utf8('{"code":0,"mid":"9007199254740993"}'));
    assert.deepEqual([code, mid], [0, "9007199254740993"]);
    const gap = { type: "gap", room: "live://1", epoch: "e", from: 1, to: 2, count: 2 };
    assert.deepEqual(decodeBody<Notice>(utf8(JSON.stringify(gap))), gap);
    assert.throws(() => decodeBody(utf8("{")), SyntaxError);
  });
});
