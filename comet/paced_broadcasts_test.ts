import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { pushFrames, TestComet } from "../tests/support/test_comet.ts";
import { FANOUT_SLICE, PACED_BYTES_MAX, PACED_FINISH_MS } from "./options.ts";
import { broadcastDelivery, roomDelivery } from "../tests/support/deliveries.ts";

const frames = pushFrames("x");

function paced(speed: number, operation = 1000) {
  return [broadcastDelivery(operation, frames, speed)];
}

/** A comet with so many clients that have authenticated. */
async function crowd(count: number): Promise<TestComet> {
  const comet = await TestComet.start();
  for (let index = 0; index < count; index++) {
    const client = await comet.connect();
    client.send(7, 1, "{}");
  }
  await comet.settle();
  return comet;
}

describe("PacedBroadcasts", () => {
  it("serves so many connections a second, and settles before it begins", async () => {
    const comet = await crowd(100);
    await comet.deliver(paced(20));
    assert.equal(comet.counters.framesPushed, 0);
    for (let second = 1; second <= 5; second++) {
      await comet.advance(1_000);
      assert.ok(Math.abs(comet.counters.framesPushed - 20 * second) <= 1);
    }
    await comet.advance(100);
    assert.equal(comet.counters.framesPushed, 100);
    assert.equal(comet.clock.pending, 1);
  });

  it("reaches everyone who stays once, past those who go", async () => {
    const comet = await TestComet.start();
    const clients = [];
    for (let index = 0; index < 20; index++) clients.push(await comet.open());
    await comet.deliver(paced(10));
    await comet.advance(500);
    for (const index of [0, 1, 18, 19]) clients[index].reset();
    await comet.advance(3_000);
    for (const client of clients.slice(2, 18)) assert.deepEqual(client.lines(), ["1000:0:x"]);
    assert.equal(clients[19].take().length, 0);
  });

  it("skips who does not accept the operation or has not authenticated", async () => {
    const comet = await TestComet.start();
    const [early, deaf, well] = [
      await comet.connect(),
      await comet.open({ accepts: [1] }),
      await comet.open(),
    ];
    await comet.deliver(paced(1_000));
    await comet.advance(100);
    assert.deepEqual(well.lines(), ["1000:0:x"]);
    for (const client of [early, deaf]) assert.equal(client.take().length, 0);
  });

  it("go out one after the other, and hold up nothing else", async () => {
    const comet = await TestComet.start();
    const clients = [];
    for (let index = 0; index < 4; index++) {
      clients.push(await comet.open({ accepts: [1000, 1001] }));
    }
    await comet.deliver(paced(4));
    await comet.deliver([
      broadcastDelivery(1001, pushFrames("second"), 4),
    ]);
    await comet.deliver([
      roomDelivery("live://1", pushFrames("room")),
    ]);
    await comet.settle();
    for (const client of clients) assert.deepEqual(client.lines(), ["1000:0:room"]);
    await comet.advance(1_000);
    for (const client of clients) assert.deepEqual(client.lines(), ["1000:0:x"]);
    await comet.advance(1_100);
    for (const client of clients) assert.deepEqual(client.lines(), ["1000:0:second"]);
  });

  it("write no more than a slice at a time, whatever the speed", async () => {
    const comet = await crowd(2 * FANOUT_SLICE);
    await comet.deliver(paced(1e9));
    comet.clock.advance(10);
    assert.equal(comet.counters.framesPushed, FANOUT_SLICE);
    comet.clock.advance(10);
    assert.equal(comet.counters.framesPushed, 2 * FANOUT_SLICE);
  });

  it("are dropped and counted when too many wait, and end with the comet", async () => {
    const comet = await TestComet.start();
    const client = await comet.open();
    const body = new Uint8Array(64_000);
    const large = pushFrames(body);
    const fitting = Math.floor(PACED_BYTES_MAX / large.length);
    for (let index = 0; index < fitting + 2; index++) {
      await comet.deliver([broadcastDelivery(1000, large, 1)]);
    }
    assert.equal(comet.counters.broadcastsDropped, 2);
    comet.fanout.stop();
    await comet.advance(3_000);
    assert.equal(client.take().length, 0);
    await comet.deliver(paced(10));
    await comet.advance(200);
    assert.deepEqual(client.lines(), ["1000:0:x"]);
  });

  it("go to their end at once when the comet stops, a slice at a time", async () => {
    const comet = await crowd(FANOUT_SLICE + 10);
    await comet.deliver(paced(1));
    await comet.deliver(paced(1));
    const finished = comet.fanout.finish();
    assert.equal(comet.counters.framesPushed, FANOUT_SLICE);
    await comet.settle();
    await finished;
    assert.equal(comet.counters.framesPushed, 2 * (FANOUT_SLICE + 10));
    assert.equal(comet.counters.broadcastsDropped, 0);
    assert.equal(comet.clock.pending, 1);
  });

  it("are dropped and counted when they would hold up the stop", async () => {
    const comet = await crowd(2);
    for (let index = 0; index < 3; index++) await comet.deliver(paced(1));
    const finished = comet.fanout.finish();
    comet.clock.advance(PACED_FINISH_MS);
    await finished;
    assert.equal(comet.counters.broadcastsDropped, 2);
  });

  it("to nobody are over at once", async () => {
    const comet = await TestComet.start();
    await comet.deliver(paced(1));
    await comet.advance(100);
    assert.equal(comet.clock.pending, 1);
  });
});
