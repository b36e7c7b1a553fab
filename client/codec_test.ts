import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, it } from "node:test";
import fc from "fast-check";
import { parseAuthToken } from "../protocol/auth_token.ts";
import { EMPTY, encodeFrame, newFrame, readInt32 } from "../protocol/frame.ts";
import { decodeJsonFrame, encodeJsonFrame } from "../protocol/json_frame.ts";
import { Operation } from "../protocol/operations.ts";
import { encodeRoomBatch } from "../protocol/room_batch.ts";
import { rawFrame } from "../tests/support/raw_client.ts";
import { joined, utf8 } from "../tests/support/websocket_frames.ts";
import {
  authToken,
  decodeText,
  encodeAuth,
  encodeChangeRoom,
  encodeHeartbeat,
  encodeText,
  forEachPlainFrame,
} from "./codec.ts";

const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });

describe("authToken()", () => {
  it("says what the server's parser reads, an int64 exactly", () => {
    const identity = fc.record({
      mid: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      key: fc.string({ maxLength: 20 }),
      room: fc.stringMatching(/^([a-z]{1,8}:\/\/[0-9]{1,9})?$/),
      platform: fc.string({ maxLength: 20 }),
      accepts: fc.uniqueArray(int32, { maxLength: 5 }),
    });
    fc.assert(
      fc.property(identity, (identity) => {
        assert.deepEqual(parseAuthToken(utf8(authToken(identity))), { ...identity });
      }),
      { seed: 8, numRuns: 200 },
    );
  });

  it("leaves out what is not said", () => {
    assert.equal(authToken({ mid: 2n ** 63n - 1n }), '{"mid":9223372036854775807}');
    assert.equal(authToken({ mid: 1, room: "live://1" }), '{"mid":1,"room_id":"live://1"}');
    const since = { epoch: "e", offset: 41 };
    assert.equal(
      authToken({ mid: 1, since, last: 5, features: ["rooms"] }),
      '{"mid":1,"since":{"epoch":"e","offset":41},"last":5,"features":["rooms"]}',
    );
  });
});

describe("what a client says", () => {
  it("is goim's frames, byte by byte", () => {
    const cases: [Uint8Array, Buffer][] = [
      [encodeAuth({ mid: 1 }), rawFrame(7, 1, '{"mid":1}')],
      [encodeHeartbeat(9), rawFrame(2, 9)],
      [encodeChangeRoom("live://ü", 3), rawFrame(12, 3, "live://ü")],
      [encodeChangeRoom(""), rawFrame(12, 0)],
    ];
    for (const [bytes, wanted] of cases) assert.deepEqual(Buffer.from(bytes), wanted);
  });
});

describe("encodeText()", () => {
  it("says what the server's decoder reads", () => {
    fc.assert(
      fc.property(int32, int32, fc.string({ unit: "binary" }), (operation, sequence, body) => {
        const frame = newFrame();
        decodeJsonFrame(encodeText(operation, sequence, body), frame);
        assert.deepEqual(frame, { version: 1, operation, sequence, body: utf8(body) });
      }),
      { seed: 9, numRuns: 200 },
    );
  });
});

describe("decodeText()", () => {
  it("gives back the bytes that the server encoded", () => {
    const body = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.string({ unit: "binary" }).map(utf8),
      fc.json().filter((json) => json !== "{}" && !json.startsWith('"')).map(utf8),
    );
    fc.assert(
      fc.property(fc.integer({ min: 17, max: 2000 }), int32, body, (operation, sequence, body) => {
        const frame = decodeText(encodeJsonFrame(operation, sequence, body));
        // JSON that is a string, or nothing in braces, stands for what it says.
        const text = new TextDecoder().decode(body).trim();
        if (text.startsWith('"') || text === "{}") return;
        const wanted = { version: 1, operation, sequence, body: new Uint8Array(body), room: "" };
        assert.deepEqual(frame, wanted);
      }),
      { seed: 10, numRuns: 300 },
    );
  });

  it("reads how many are online, and a body that is not there", () => {
    const online = decodeText('{"ver":1,"op":3,"seq":2,"body":70000}');
    assert.deepEqual([online.operation, online.sequence, readInt32(online.body, 0)], [
      3,
      2,
      70_000,
    ]);
    assert.deepEqual(decodeText('{"op":8,"body":{}}').body, EMPTY);
    assert.equal(decodeText(encodeJsonFrame(1000, 1, EMPTY, 'live://"2')).room, 'live://"2');
  });

  it("throws at what is no JSON", () => {
    assert.throws(() => decodeText("frame"), SyntaxError);
  });
});

describe("forEachPlainFrame()", () => {
  it("visits single frames, and those of batches one by one", () => {
    const [one, two, three] = [1, 2, 3].map((number) => encodeFrame(1000, number, EMPTY));
    for (
      const bytes of [
        joined(one, two, three),
        joined(one, encodeFrame(Operation.Raw, 0, joined(two, three))),
      ]
    ) {
      const seen: number[] = [];
      forEachPlainFrame(bytes, ({ sequence }) => seen.push(sequence));
      assert.deepEqual(seen, [1, 2, 3]);
    }
    const batch = encodeRoomBatch({ room: "live://2", frames: joined(two, three) });
    const seen: string[] = [];
    forEachPlainFrame(
      joined(one, encodeFrame(Operation.RoomBatch, 0, batch)),
      ({ sequence }, room) => seen.push(`${sequence} ${room}`),
    );
    assert.deepEqual(seen, ["1 ", "2 live://2", "3 live://2"]);
    assert.throws(() => forEachPlainFrame(one.subarray(1), () => {}), /Cannot read frame/);
  });
});
