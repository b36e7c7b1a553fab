import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { hex } from "../tests/support/websocket_frames.ts";
import { ProtocolError } from "./close_codes.ts";
import { decodeRoomBatch, encodeRoomBatch } from "./room_batch.ts";

const frames = Uint8Array.of(1, 2, 3);

describe("encodeRoomBatch()", () => {
  it("writes the key's length in bytes, the key and the frames", () => {
    const golden = "0008" + "6c6976653a2f2f31" + "010203";
    assert.equal(hex(encodeRoomBatch({ room: "live://1", frames })), golden);
    assert.equal(hex(encodeRoomBatch({ room: "é", frames })), "0002" + "c3a9" + "010203");
  });
});

describe("decodeRoomBatch()", () => {
  it("reads what was written, for every length of a key", () => {
    for (const room of ["1", "live://音乐", "x".repeat(256), "音".repeat(256), "\ufefflive"]) {
      assert.deepEqual(decodeRoomBatch(encodeRoomBatch({ room, frames })), { room, frames });
    }
  });

  it("throws at a key that is cut", () => {
    const whole = encodeRoomBatch({ room: "live://1", frames: new Uint8Array(0) });
    for (let length = 0; length < whole.length; length++) {
      assert.throws(() => decodeRoomBatch(whole.subarray(0, length)), ProtocolError);
    }
    assert.equal(decodeRoomBatch(whole).room, "live://1");
    assert.throws(() => decodeRoomBatch(Uint8Array.of(0, 1, 0xff)), ProtocolError);
  });
});
