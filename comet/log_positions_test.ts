import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { pushFrames, TestComet } from "../tests/support/test_comet.ts";
import type { Delivery } from "../protocol/cluster/delivery.ts";
import { LogPositions } from "./log_positions.ts";

const ROOM = "live://1";

function room(token: number, positions: number[], partition = 0): Delivery {
  const bodies = positions.map((position) => `${partition}/${position}`);
  const frames = pushFrames(...bodies);
  return { kind: "room", partition, token, room: ROOM, epoch: "", head: 0, positions, frames };
}

function keys(token: number, position: number): Delivery {
  const from = { partition: 0, token, position };
  return {
    kind: "keys",
    ...from,
    keys: ["k"],
    operation: 1000,
    frames: pushFrames(`k${position}`),
  };
}

function broadcast(token: number, position: number): Delivery {
  const from = { partition: 0, token, position };
  return {
    kind: "broadcast",
    ...from,
    operation: 1000,
    speed: 0,
    frames: pushFrames(`*${position}`),
  };
}

/** A comet with one client, and what that gets of a batch. */
async function start() {
  const comet = await TestComet.start();
  const client = await comet.open({ key: "k", room: ROOM });
  return {
    comet,
    async deliver(...batch: Delivery[]): Promise<{ got: string[]; fenced: readonly number[] }> {
      const delivered = comet.fanout.deliver(batch);
      await comet.settle();
      const fenced = await delivered;
      return { got: client.frames().map(({ body }) => body.toString()), fenced };
    },
  };
}

describe("LogPositions", () => {
  it("knows what came before the present batch, not what came within it", () => {
    const positions = new LogPositions();
    assert.equal(positions.seen(3, 1), -1);
    positions.passed(3, 10);
    positions.passed(3, 7);
    assert.equal(positions.seen(3, 1), -1);
    positions.commit();
    assert.equal(positions.seen(3, 1), 10);
    assert.equal(positions.seen(4, 1), -1);
    positions.commit();
    assert.equal(positions.seen(3, 2), 10, "the next owner goes on where the last one was");
    assert.equal(positions.seen(3, 1), undefined);
  });
});

describe("Fanout of what jobs send again", () => {
  it("leaves out a batch that was there before, whole or in part", async () => {
    const { comet, deliver } = await start();
    const batch = [room(1, [1, 3]), keys(1, 2), broadcast(1, 4)];
    assert.deepEqual((await deliver(...batch)).got, ["0/1", "0/3", "k2", "*4"]);
    assert.deepEqual(await deliver(...batch), { got: [], fenced: [] });
    assert.deepEqual((await deliver(room(1, [3, 5, 6]), keys(1, 4), keys(1, 7))).got, [
      "0/5",
      "0/6",
      "k7",
    ]);
    assert.equal(comet.counters.framesRepeated, 4 + 2);
  });

  it("keeps pushes whose groups stand in another order than their positions", async () => {
    const { deliver } = await start();
    const batch = [room(1, [1, 5]), broadcast(1, 2), keys(1, 3)];
    assert.deepEqual((await deliver(...batch)).got, ["0/1", "0/5", "*2", "k3"]);
  });

  it("leaves out what a batch brings again under a newer token", async () => {
    const { comet, deliver } = await start();
    const waited = [room(1, [2, 4]), keys(1, 3)];
    const claimed = [room(2, [1, 2, 4, 6]), keys(2, 3), keys(2, 5)];
    assert.deepEqual((await deliver(room(1, [1]), ...waited, ...claimed)).got, [
      "0/1",
      "0/2",
      "0/4",
      "k3",
      "0/6",
      "k5",
    ]);
    assert.equal(comet.counters.framesRepeated, 4);
    assert.deepEqual((await deliver(room(2, [6, 7]))).got, ["0/7"]);
  });

  it("tells partitions apart", async () => {
    const { deliver } = await start();
    assert.deepEqual((await deliver(room(1, [5], 0))).got, ["0/5"]);
    assert.deepEqual((await deliver(room(1, [4], 1))).got, ["1/4"]);
    assert.deepEqual((await deliver(room(1, [4], 0), room(1, [5], 1))).got, ["1/5"]);
  });

  it("refuses a token that is older than one seen, and says of which partitions", async () => {
    const { comet, deliver } = await start();
    await deliver(room(7, [1]));
    assert.deepEqual(await deliver(room(8, [2]), keys(7, 3), room(1, [1], 1)), {
      got: ["0/2", "1/1"],
      fenced: [0],
    });
    assert.deepEqual(await deliver(room(7, [9])), { got: [], fenced: [0] });
    assert.deepEqual((await deliver(room(8, [9]))).got, ["0/9"], "what was refused was not seen");
    assert.equal(comet.counters.deliveriesFenced, 2);
  });

  it("takes batches that overlap one after the other: the second knows the first", async () => {
    const { comet, deliver } = await start();
    const first = comet.fanout.deliver([room(1, [1, 2])]);
    const { got } = await deliver(room(1, [2, 3]));
    await first;
    assert.deepEqual(got, ["0/1", "0/2", "0/3"]);
  });

  it("counts a room that nobody is in as seen", async () => {
    const { deliver } = await start();
    await deliver({ ...room(1, [5]), room: "live://empty" } as Delivery);
    assert.deepEqual((await deliver(room(1, [4, 6]))).got, ["0/6"]);
  });
});
