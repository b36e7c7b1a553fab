import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { broadcastPush, logPush, readable, roomPush } from "../tests/support/job_fakes.ts";
import type { PushMessage } from "../protocol/push_message.ts";
import { LanePush } from "./lane_push.ts";
import { MissedRooms } from "./missed_rooms.ts";
import { MISSED_ROOMS_MAX } from "./options.ts";

/** A push under a lease of its own token. */
function push(message: PushMessage, token = 1): LanePush {
  const lease = { partition: 3, owner: "job", token };
  return new LanePush({ position: 1, message }, 1, { lease, ack() {}, fenced() {} });
}

describe("MissedRooms", () => {
  test("keeps the latest place of each room, whatever its epoch, and of no other push", () => {
    const missed = new MissedRooms();
    missed.add(push(roomPush("r://1", "x")));
    missed.add(push(broadcastPush("x")));
    assert.deepEqual([missed.size, missed.deliveries()], [0, []]);
    missed.add(push(logPush("r://1", "x", 7)));
    missed.add(push(logPush("r://2", "x", 3)));
    missed.add(push(logPush("r://1", "x", 1, "e2"), 5));
    assert.deepEqual(missed.deliveries(), [
      {
        kind: "room",
        room: "r://1",
        partition: 3,
        token: 5,
        epoch: "e2",
        head: 1,
        positions: [],
        frames: new Uint8Array(0),
      },
      {
        kind: "room",
        room: "r://2",
        partition: 3,
        token: 1,
        epoch: "e1",
        head: 3,
        positions: [],
        frames: new Uint8Array(0),
      },
    ]);
  });

  test("stands for every room when there are too many", () => {
    const missed = new MissedRooms();
    for (let room = 0; room < MISSED_ROOMS_MAX; room++) {
      assert.equal(missed.add(push(logPush(`r://${room}`, "", 7))), false);
    }
    assert.equal(missed.add(push(logPush("r://0", "", 8))), false);
    assert.equal(missed.size, MISSED_ROOMS_MAX);
    assert.equal(missed.add(push(logPush("r://more", "", 9))), true);
    assert.equal(missed.add(push(logPush("r://even more", "", 10))), false);
    assert.equal(missed.size, 1);
    assert.deepEqual(readable(missed.deliveries()), [":^e1/9"]);
  });
});
