import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { forEachFrame } from "../protocol/frame.ts";
import { Limits } from "../protocol/limits.ts";
import { probeRoom } from "../protocol/cluster/probe.ts";
import type { PushMessage } from "../protocol/push_message.ts";
import { Batch } from "./batch.ts";
import { PUSH_OVERHEAD_BYTES } from "./options.ts";
import { LanePush } from "./lane_push.ts";
import {
  broadcastPush,
  keysPush,
  logPush,
  readable,
  roomPush,
} from "../tests/support/job_fakes.ts";

const acks = {
  lease: { partition: 3, owner: "job", token: 7 },
  ack() {},
  fenced() {},
};

function batchOf(...messages: PushMessage[]): Batch {
  const batch = new Batch();
  messages.forEach((message, index) =>
    batch.add(new LanePush({ position: index + 1, message }, 1, acks))
  );
  return batch;
}

describe("Batch", () => {
  test("merges pushes to a room at the place of the first", () => {
    const batch = batchOf(
      roomPush("r://1", "a"),
      keysPush("s", ["k"], "b"),
      roomPush("r://2", "c"),
      roomPush("r://1", "d"),
      broadcastPush("e"),
      roomPush("r://2", "f"),
    );
    assert.deepEqual(readable(batch.deliveries()), ["r://1:a,d", "k=b", "r://2:c,f", "*e"]);
    assert.equal(batch.pushes.length, 6);
  });

  test("counts the frames of a room and writes them back to back with ver 1 and seq 0", () => {
    const [delivery] = batchOf(roomPush("r://1", "a"), roomPush("r://1", "bc")).deliveries();
    assert.deepEqual(delivery, {
      kind: "room",
      room: "r://1",
      partition: 3,
      token: 7,
      positions: [1, 2],
      epoch: "",
      head: 0,
      frames: Uint8Array.fromHex(
        "00000011" + "0010" + "0001" + "000003e8" + "00000000" + "61" +
          "00000012" + "0010" + "0001" + "000003e8" + "00000000" + "6263",
      ),
    });
  });

  test("keeps the partitions of pushes to a comet's own room apart, and counts them", () => {
    const batch = new Batch();
    for (const [partition, body] of [[1, "a"], [2, "b"], [2, "c"]] as const) {
      const message = roomPush(probeRoom("c~1"), body);
      const ownAcks = { ...acks, lease: { ...acks.lease, partition } };
      batch.add(new LanePush({ position: 1, message }, 1, ownAcks));
    }
    batch.add(new LanePush({ position: 1, message: roomPush("r://1", "d") }, 1, acks));
    assert.deepEqual(
      batch.deliveries().map(({ partition }) => partition),
      [1, 2, 3],
    );
    assert.equal(batch.probes, 3);
  });

  test("tells of a room's log how far it has got, and keeps its epochs apart", () => {
    const batch = batchOf(
      logPush("r://1", "a", 2147483646),
      logPush("r://1", "b", 2147483647),
      logPush("r://2", "c", 5),
      logPush("r://1", "d", 1, "e2"),
      roomPush("r://1", "of no log"),
      logPush("r://1", "e", 2, "e2"),
    );
    const told = batch.deliveries().map((delivery) => {
      assert.ok(delivery.kind === "room");
      const sequences: number[] = [];
      forEachFrame(delivery.frames, ({ sequence }) => sequences.push(sequence));
      return [delivery.room, delivery.epoch, delivery.head, sequences];
    });
    assert.deepEqual(told, [
      ["r://1", "e1", 2147483647, [2147483646, 2147483647]],
      ["r://2", "e1", 5, [5]],
      ["r://1", "e2", 1, [1]],
      ["r://1", "", 0, [0]],
      ["r://1", "e2", 2, [2]],
    ]);
  });

  test("keeps pushes to the same keys apart and in order", () => {
    const batch = batchOf(keysPush("s", ["k", "l"], "a"), keysPush("s", ["k", "l"], "b"));
    assert.deepEqual(readable(batch.deliveries()), ["k,l=a", "k,l=b"]);
  });

  test("splits a room's frames at the limit of a room batch and keeps their order", () => {
    const third = "x".repeat(Math.floor(Limits.roomBatchBytesMax / 3) - Limits.headerBytes);
    const messages = [..."abcdefg"].map((letter) => roomPush("r://1", letter + third.slice(1)));
    const deliveries = batchOf(...messages).deliveries();
    for (const { frames } of deliveries) assert.ok(frames.length <= Limits.roomBatchBytesMax);
    assert.deepEqual(
      readable(deliveries).map((text) => text.replaceAll("x", "")),
      ["r://1:a,b,c", "r://1:d,e,f", "r://1:g"],
    );
  });

  test("lets a push that is larger than a room batch go by itself, in its place", () => {
    const large = "L".repeat(Limits.pushBodyBytesMax);
    const batch = batchOf(
      roomPush("r://1", "a"),
      roomPush("r://1", large),
      roomPush("r://1", "b"),
    );
    assert.deepEqual(
      readable(batch.deliveries()).map((text) => text.replace(large, "large")),
      ["r://1:a", "r://1:large", "r://1:b"],
    );
  });

  test("shares the frame of a push that goes alone", () => {
    const push = new LanePush({ position: 1, message: roomPush("r://1", "a") }, 2, acks);
    const batches = [new Batch(), new Batch()];
    for (const batch of batches) {
      batch.add(push);
      assert.equal(batch.deliveries()[0].frames, push.frame);
    }
  });

  test("costs what its pushes cost, keys included", () => {
    const batch = batchOf(roomPush("r://1", "abc"), keysPush("s", ["key1", "key2"], ""));
    assert.equal(batch.costBytes, 2 * (PUSH_OVERHEAD_BYTES + Limits.headerBytes) + 3 + 16);
  });
});
