import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Limits } from "../protocol/limits.ts";
import { roomDefaults } from "../protocol/room_options.ts";
import { roomDelivery } from "../tests/support/deliveries.ts";
import { RoomStore } from "../tests/support/room_store.ts";
import { pushFrames, TestComet } from "../tests/support/test_comet.ts";

/** A comet whose rooms wait for 250 ms, and one that keeps history as well. */
async function setUp() {
  const window = { ...roomDefaults, mergeWindowMs: 250 };
  const rooms = [{ ...window, type: "live" }, { ...window, type: "kept", historySize: 100 }];
  const comet = await TestComet.start({ rooms });
  const push = (...bodies: string[]) => {
    const delivery = roomDelivery("live://1", pushFrames(...bodies), bodies.length);
    return comet.deliver([delivery]);
  };
  return { comet, push };
}

describe("RoomPushes with a merge window", () => {
  it("writes at once after a quiet time, then once for each window, in order", async () => {
    const { comet, push } = await setUp();
    const tcp = await comet.open({ room: "live://1" });
    const page = await comet.openBinary({ room: "live://1" });
    const timers = comet.clock.pending;
    await push("a");
    assert.deepEqual(tcp.lines(), ["1000:0:a"]);
    await push("b");
    await push("c", "d");
    assert.deepEqual(tcp.lines(), []);
    await comet.advance(200);
    assert.deepEqual(tcp.lines(), []);
    await comet.advance(100);
    assert.deepEqual(tcp.lines(), ["1000:0:b", "1000:0:c", "1000:0:d"]);
    assert.equal(page.messages().length, 2);
    assert.equal(comet.counters.framesPushed, 8);
    await push("e");
    assert.deepEqual(tcp.lines(), []);
    await comet.advance(600);
    assert.deepEqual(tcp.lines(), ["1000:0:e"]);
    assert.equal(comet.clock.pending, timers, "no timer while nothing happens");
    await push("f");
    assert.deepEqual(tcp.lines(), ["1000:0:f"]);
  });

  it("lets no more wait than one batch may hold", async () => {
    const { comet, push } = await setUp();
    const client = await comet.open({ room: "live://1" });
    const body = "x".repeat(Limits.roomBatchBytesMax / 4);
    for (let times = 0; times < 6; times++) await push(body);
    // The first at once, three as a full batch; two wait.
    assert.equal(client.frames().length, 4);
    await comet.advance(300);
    assert.equal(client.frames().length, 2);
  });

  it("writes what waits when the comet stops", async () => {
    const { comet, push } = await setUp();
    const client = await comet.open({ room: "live://1" });
    for (const body of "abc") await push(body);
    const finished = comet.fanout.finish();
    await comet.settle();
    await finished;
    assert.deepEqual(client.lines(), ["1000:0:a", "1000:0:b", "1000:0:c"]);
  });

  it("gives who joins meanwhile what waits, in a room with history as in its answer", async () => {
    const { comet } = await setUp();
    const store = new RoomStore("kept://1");
    comet.logic.readHistory = (query) => Promise.resolve(store.read(query));
    const early = await comet.open({ room: "kept://1" });
    for (let times = 0; times < 3; times++) {
      await comet.deliver([store.delivery([store.append()])]);
    }
    assert.equal(early.frames().length, 1);
    const late = await comet.connect();
    const ahead = await comet.connect();
    late.send(7, 1, JSON.stringify({ room: "kept://1", key: "k", extras: { features: [] } }));
    await comet.settle();
    assert.equal(JSON.parse(late.frames()[0].body.toString()).offset, 1);
    // Another comet had no window open: what waits goes at once.
    const since = { epoch: "e1", offset: 3 };
    const extras = { features: [], since };
    ahead.send(7, 1, JSON.stringify({ room: "kept://1", key: "k", extras }));
    await comet.settle();
    const [answer, ...frames] = ahead.frames();
    const { offset, recovered } = JSON.parse(answer.body.toString());
    assert.deepEqual([offset, recovered, frames.length], [3, true, 0]);
    for (const client of [early, late]) {
      assert.deepEqual(client.frames().map(({ seq }) => seq), [2, 3]);
    }
    await comet.advance(600);
    for (const client of [early, late, ahead]) assert.equal(client.frames().length, 0);
  });
});
